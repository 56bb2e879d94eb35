package donor

import (
	"testing"

	"pgregory.net/rapid"
)

// An amount is digits with a point before cents, in a currency that exists; everything else gets one sentence.
func TestParseMoney(t *testing.T) {
	const form = ` is not an amount: write digits only, with a point before cents, for example 250000 or 250000.50`
	for _, c := range []struct {
		amount, currency string
		want             string // the decimal, or the error
	}{
		{"250000", "USD", "250000"},
		{"250000.5", "USD", "250000.50"},
		{"250000.50", "EUR", "250000.50"},
		{"0.01", "CHF", "0.01"},
		{"007", "USD", "7"},
		{"1000000000000000", "USD", "1000000000000000"},
		{"1000000000000001", "USD", `"1000000000000001" is too large: the limit is 1,000,000,000,000,000`},
		{"99999999999999999999999999", "USD", `"99999999999999999999999999" is too large: the limit is 1,000,000,000,000,000`},
		{"", "USD", `no amount: write digits, for example 250000 or 250000.50`},
		{"-250000", "USD", `"-250000" is negative: write an amount above 0`},
		{"0", "USD", `"0" is nothing: leave it out, or write an amount above 0`},
		{"0.00", "USD", `"0.00" is nothing: leave it out, or write an amount above 0`},
		{"NaN", "USD", `"NaN"` + form},
		{"Inf", "USD", `"Inf"` + form},
		{"1e400", "USD", `"1e400"` + form},
		{"1E5", "USD", `"1E5"` + form},
		{"0x10", "USD", `"0x10"` + form},
		{"1,5", "USD", `"1,5"` + form},
		{"1.000.000", "USD", `"1.000.000"` + form},
		{"1'000", "USD", `"1'000"` + form},
		{"1 000", "USD", `"1 000"` + form},
		{"USD 5", "USD", `"USD 5"` + form},
		{"+5", "USD", `"+5"` + form},
		{".5", "USD", `".5"` + form},
		{"5.", "USD", `"5."` + form},
		{"٣", "USD", `"٣"` + form},
		{"1.234", "USD", `"1.234" has 3 digits after the point: write no more than 2, for example 250000.50`},
		{"5", "", `no currency: write its code of ISO 4217, for example USD`},
		{"5", "usd", `"usd" is no currency: write USD`},
		{"5", "€", `"€" is no currency: write EUR`},
		{"5", "US$", `"US$" is no currency: write USD`},
		{"5", "$", `"$" is no currency: write its code of ISO 4217, for example USD`},
		{"5", "XYZ", `"XYZ" is no currency: write its code of ISO 4217, for example USD`},
		{"5", "D E", `"D E" is no currency: write its code of ISO 4217, for example USD`},
	} {
		m, err := ParseMoney(c.amount, c.currency)
		got := m.Decimal()
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q %q: got %s, want %s", c.amount, c.currency, got, c.want)
		}
	}
	if got := (Money{3_450_000_05, "USD"}).String(); got != "USD 3,450,000.05" {
		t.Error(got)
	}
}

// What Decimal writes ParseMoney reads.
func TestDecimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Money{rapid.Int64Range(1, maxUnits*100).Draw(t, "minor"), "USD"}
		again, err := ParseMoney(m.Decimal(), m.Currency)
		if err != nil || again != m {
			t.Fatalf("%v became %v, %v", m, again, err)
		}
	})
}

package donor

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var sampleRule = AskRule{Low: 5, High: 10, BaseYear: 2024, Base: "voluntary contributions", Floor: Money{100_000_00, "USD"}, RoundTo: 1000}

// The ask follows from the contribution by a rule that staff can check line by line.
func TestAsk(t *testing.T) {
	given := func(amount, currency string) *Contribution {
		m, err := ParseMoney(amount, currency)
		if err != nil {
			t.Fatal(err)
		}
		return &Contribution{Year: 2024, Amount: m, Label: "voluntary contributions"}
	}
	low := sampleRule
	low.Floor.Minor = 0
	single := sampleRule
	single.High = 5
	for _, c := range []struct {
		name  string
		rule  AskRule
		given *Contribution
		want  string // the figures and the lines
	}{
		{"usual", sampleRule, given("3450000", "USD"), `USD 173,000 to USD 345,000
contribution of 2024, voluntary contributions: USD 3,450,000
5 per cent of USD 3,450,000 = USD 172,500; rounded to the nearest USD 1,000: USD 173,000
10 per cent of USD 3,450,000 = USD 345,000`},
		{"half goes up, less goes down", sampleRule, given("1009999.60", "USD"), `USD 50,000 to USD 101,000
contribution of 2024, voluntary contributions: USD 1,009,999.60
5 per cent of USD 1,009,999.60 = USD 50,499.98; rounded to the nearest USD 1,000: USD 50,000
10 per cent of USD 1,009,999.60 = USD 100,999.96; rounded to the nearest USD 1,000: USD 101,000`},
		{"none recorded", sampleRule, nil, `no figure
no contribution of 2024, voluntary contributions, is recorded: wording without a figure`},
		{"at the floor", sampleRule, given("100000", "USD"), `USD 5,000 to USD 10,000
contribution of 2024, voluntary contributions: USD 100,000
5 per cent of USD 100,000 = USD 5,000
10 per cent of USD 100,000 = USD 10,000`},
		{"under the floor", sampleRule, given("99999.99", "USD"), `no figure
contribution of 2024, voluntary contributions: USD 99,999.99
under the floor of USD 100,000: wording without a figure`},
		{"another currency", sampleRule, given("3450000", "EUR"), `no figure
contribution of 2024, voluntary contributions: EUR 3,450,000
the campaign asks in USD and amounts are never converted: wording without a figure`},
		{"never nothing", low, given("5000", "USD"), `USD 300 to USD 500
contribution of 2024, voluntary contributions: USD 5,000
the nearest USD 1,000 is too coarse for it: USD 100 instead
5 per cent of USD 5,000 = USD 250; rounded to the nearest USD 100: USD 300
10 per cent of USD 5,000 = USD 500`},
		{"too little", low, given("3", "USD"), `no figure
contribution of 2024, voluntary contributions: USD 3
5 per cent of it is too little to ask for: wording without a figure`},
		{"one figure", single, given("200000", "USD"), `USD 10,000 to USD 10,000
contribution of 2024, voluntary contributions: USD 200,000
5 per cent of USD 200,000 = USD 10,000`},
		{"any base, no rounding", AskRule{Low: 5, High: 10, BaseYear: 2024, RoundTo: 1}, given("1234", "EUR"), `EUR 62 to EUR 123
contribution of 2024: EUR 1,234
5 per cent of EUR 1,234 = EUR 61.70; rounded to the nearest EUR 1: EUR 62
10 per cent of EUR 1,234 = EUR 123.40; rounded to the nearest EUR 1: EUR 123`},
		{"the largest there is", sampleRule, given("1000000000000000", "USD"), `USD 50,000,000,000,000 to USD 100,000,000,000,000
contribution of 2024, voluntary contributions: USD 1,000,000,000,000,000
5 per cent of USD 1,000,000,000,000,000 = USD 50,000,000,000,000
10 per cent of USD 1,000,000,000,000,000 = USD 100,000,000,000,000`},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := c.rule.Ask(c.given)
			got := "no figure"
			if a.Figure {
				got = fmt.Sprintf("%s to %s", a.Low, a.High)
			}
			if !a.Figure && (a.Low != Money{} || a.High != Money{} || a.Base != Money{}) {
				t.Errorf("no figure, and %+v", a)
			}
			if diff := cmp.Diff(c.want, got+"\n"+strings.Join(a.Lines, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever the contribution and the rule: a figure is a positive multiple of the step that its lines name, no further
// from the exact percentage than half a step and half a cent, the lower below the higher; a larger contribution is never asked for less.
func TestAskProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := AskRule{
			Low: rapid.IntRange(1, 100).Draw(t, "low"), BaseYear: 2024,
			RoundTo: rapid.SampledFrom([]int64{1, 5, 10, 250, 1000, 1_000_000}).Draw(t, "round"),
		}
		rule.High = rapid.IntRange(rule.Low, 100).Draw(t, "high")
		minor := rapid.Int64Range(1, maxUnits*100).Draw(t, "minor")
		if rapid.Bool().Draw(t, "small") {
			minor %= 1_000_000
			minor++
		}
		ask := func(minor int64) Ask {
			return rule.Ask(&Contribution{Year: 2024, Amount: Money{minor, "USD"}})
		}
		a := ask(minor)
		if !a.Figure {
			if a.Low.Minor != 0 || a.High.Minor != 0 {
				t.Fatalf("no figure, and %+v", a)
			}
			return
		}
		if a.Low.Minor <= 0 || a.High.Minor < a.Low.Minor || rule.Low != rule.High && a.High == a.Low {
			t.Fatalf("not a range: %s to %s", a.Low, a.High)
		}
		step := rule.RoundTo * 100
		coarse := len(a.Lines) > 1 && strings.Contains(a.Lines[1], "too coarse")
		for _, f := range []struct {
			figure  Money
			percent int
		}{{a.Low, rule.Low}, {a.High, rule.High}} {
			if f.figure.Minor%100 != 0 || !coarse && f.figure.Minor%step != 0 {
				t.Fatalf("%s is no multiple of the step", f.figure)
			}
			// |figure*100 - minor*percent| is half a step, and half a cent for the first rounding
			exact := new(big.Int).Mul(big.NewInt(minor), big.NewInt(int64(f.percent)))
			off := new(big.Int).Sub(new(big.Int).Mul(big.NewInt(f.figure.Minor), big.NewInt(100)), exact)
			if off.Abs(off).Cmp(big.NewInt(step*50+50)) > 0 {
				t.Fatalf("%s is too far from %d per cent of %d", f.figure, f.percent, minor)
			}
		}
		if more := ask(minor + step*100); !coarse && more.High.Minor < a.High.Minor {
			t.Fatalf("more given, less asked: %s, %s", a.High, more.High)
		}
	})
}

package templates

import (
	"maps"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"outreach.example/donor"
)

// shown replaces no-break spaces by marks that a table can show: "_" for U+00A0, "~" for U+202F.
func shown(s string) string { return strings.NewReplacer(nbsp, "_", nnbsp, "~").Replace(s) }

// TestAmounts holds the table of each language's rules for money: words from a million on, exact sums in figures, the
// currency in full where it is named first.
func TestAmounts(t *testing.T) {
	cases := []struct {
		minor      int64
		currency   string
		first      bool
		en, fr, es string
	}{
		{1_200_000_00, "USD", false, "USD_1.2_million", "1,2_million de_dollars", "1,2_millones de_dólares"},
		{1_200_000_00, "USD", true, "USD_1.2_million", "1,2_million de_dollars des États-Unis", "1,2_millones de_dólares de los Estados Unidos"},
		{100_000_000_00, "USD", false, "USD_100_million", "100_millions de_dollars", "100_millones de_dólares"},
		{1_000_000_00, "USD", false, "USD_1_million", "1_million de_dollars", "1_millón de_dólares"},
		{1_900_000_00, "USD", false, "USD_1.9_million", "1,9_million de_dollars", "1,9_millones de_dólares"},
		{1_990_000_00, "USD", false, "USD_1.99_million", "1,99_million de_dollars", "1,99_millones de_dólares"},
		{2_000_000_00, "USD", false, "USD_2_million", "2_millions de_dollars", "2_millones de_dólares"},
		{1_200_000_000_00, "USD", false, "USD_1.2_billion", "1,2_milliard de_dollars", "1.200_millones de_dólares"},
		{2_000_000_000_00, "USD", false, "USD_2_billion", "2_milliards de_dollars", "2.000_millones de_dólares"},
		{7_900_500_000_00, "USD", false, "USD_7,900.5_million", "7~900,5_millions de_dollars", "7.900,5_millones de_dólares"},
		{250_000_00, "USD", false, "USD_250,000", "250~000_dollars", "250.000_dólares"},
		{250_000_50, "USD", true, "USD_250,000.50", "250~000,50_dollars des États-Unis", "250.000,50_dólares de los Estados Unidos"},
		{1_275_000_00, "USD", false, "USD_1,275,000", "1~275~000_dollars", "1.275.000_dólares"},
		{999_00, "USD", false, "USD_999", "999_dollars", "999_dólares"},
		{1_00, "USD", false, "USD_1", "1_dollar", "1_dólar"},
		{5, "USD", false, "USD_0.05", "0,05_dollar", "0,05_dólares"},
		{1_200_000_00, "EUR", true, "EUR_1.2_million", "1,2_million d’euros_(EUR)", "1,2_millones de_euros_(EUR)"},
		{250_000_00, "EUR", false, "EUR_250,000", "250~000_euros", "250.000_euros"},
		{250_000_00, "CHF", true, "CHF_250,000", "250~000_francs suisses_(CHF)", "250.000_francos suizos_(CHF)"},
		{2_000_000_00, "GBP", true, "GBP_2_million", "2_millions de_livres sterling_(GBP)", "2_millones de_libras esterlinas_(GBP)"},
		{250_000_00, "JPY", true, "JPY_250,000", "250~000_JPY", "250.000_JPY"},
	}
	for _, c := range cases {
		for lang, want := range map[string]string{"en": c.en, "fr": c.fr, "es": c.es} {
			if got := shown(profiles[lang].amount(donor.Money{Minor: c.minor, Currency: c.currency}, c.first)); got != want {
				t.Errorf("%s: %d %s (first %t) = %q, want %q", lang, c.minor, c.currency, c.first, got, want)
			}
		}
	}
}

// TestRanges: an ask of one amount is not "between" it and itself, and a currency behind figures stands once.
func TestRanges(t *testing.T) {
	cases := []struct {
		low, high  int64
		en, fr, es string
	}{
		{60_000, 120_000, "between USD_60,000 and USD_120,000", "compris entre 60~000 et 120~000_dollars", "de entre 60.000 y 120.000_dólares"},
		{900_000, 1_800_000, "between USD_900,000 and USD_1.8_million", "compris entre 900~000_dollars et 1,8_million de_dollars", "de entre 900.000_dólares y 1,8_millones de_dólares"},
		{60_000, 60_000, "USD_60,000", "de 60~000_dollars", "de 60.000_dólares"},
	}
	for _, c := range cases {
		for lang, want := range map[string]string{"en": c.en, "fr": c.fr, "es": c.es} {
			if got := shown(profiles[lang].amountRange(usd(c.low), usd(c.high), false)); got != want {
				t.Errorf("%s: %d to %d = %q, want %q", lang, c.low, c.high, got, want)
			}
		}
	}
	for lang, want := range map[string][2]string{
		"en": {"5_to_10_per_cent", "5_per_cent"}, "fr": {"5_à_10_%", "5_%"}, "es": {"entre el_5_% y el_10_%", "el_5_%"},
	} {
		p := profiles[lang]
		if got := [2]string{shown(p.percentRange(5, 10)), shown(p.percentRange(5, 5))}; got != want {
			t.Errorf("%s: per cent = %q, want %q", lang, got, want)
		}
	}
}

func TestNumbersAndPerCent(t *testing.T) {
	cases := []struct {
		n          int64
		en, fr, es string
	}{
		{0, "0", "0", "0"},
		{186, "186", "186", "186"},
		{6_500, "6,500", "6~500", "6.500"},
		{999_999, "999,999", "999~999", "999.999"},
		{1_500_000, "1.5_million", "1,5_million", "1,5_millones"},
		{26_400_000, "26.4_million", "26,4_millions", "26,4_millones"},
		{26_412_345, "26,412,345", "26~412~345", "26.412.345"},
		{1_000_000_000, "1_billion", "1_milliard", "1.000_millones"},
	}
	for _, c := range cases {
		for lang, want := range map[string]string{"en": c.en, "fr": c.fr, "es": c.es} {
			got, _ := profiles[lang].number(c.n)
			if shown(got) != want {
				t.Errorf("%s: %d = %q, want %q", lang, c.n, shown(got), want)
			}
		}
	}
	for lang, want := range map[string]string{"en": "2.5_per_cent", "fr": "2,5_%", "es": "2,5_%"} {
		if got := shown(profiles[lang].percent(250)); got != want {
			t.Errorf("%s: 2.5 per cent = %q, want %q", lang, got, want)
		}
	}
}

func TestDates(t *testing.T) {
	cases := []struct{ day, en, fr, es string }{
		{"2025-06-25", "25_June_2025", "25_juin_2025", "25_de_junio_de_2025"},
		{"2025-07-01", "1_July_2025", "1er_juillet_2025", "1_de_julio_de_2025"},
		{"2027-02-11", "11_February_2027", "11_février_2027", "11_de_febrero_de_2027"},
		{"2026-12-31", "31_December_2026", "31_décembre_2026", "31_de_diciembre_de_2026"},
		{"2026-08-21", "21_August_2026", "21_août_2026", "21_de_agosto_de_2026"},
	}
	for _, c := range cases {
		d, err := donor.ParseDate(c.day)
		if err != nil {
			t.Fatal(err)
		}
		for lang, want := range map[string]string{"en": c.en, "fr": c.fr, "es": c.es} {
			if got := shown(profiles[lang].printDate(d)); got != want {
				t.Errorf("%s: %s = %q, want %q", lang, c.day, got, want)
			}
		}
	}
}

// TestPrintDateZone: the printed day is that of the campaign's zone, whatever the machine's.
func TestPrintDateZone(t *testing.T) {
	s := load(t)
	late := time.Date(2026, time.June, 30, 22, 30, 0, 0, time.UTC) // half past midnight in Geneva
	for lang, want := range map[string]string{"en": "1_July_2026", "fr": "1er_juillet_2026", "es": "1_de_julio_de_2026", "xx": "2026-07-01"} {
		if got := shown(s.PrintDate(lang, late)); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
}

// TestAmountsSayExactlyTheAmount reads every amount back: figures are never rounded, and no space inside may break.
func TestAmountsSayExactlyTheAmount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.OneOf(
			rapid.Int64Range(1, 1_000_000_000_000_000),
			rapid.Map(rapid.Int64Range(1, 10_000_000), func(n int64) int64 { return n * 1_000_000 }),
		).Draw(t, "minor")
		for lang, p := range profiles {
			s := p.amount(donor.Money{Minor: minor, Currency: "EUR"}, false)
			if got := readBack(p, s); got != minor {
				t.Fatalf("%s: %q says %d, want %d", lang, s, got, minor)
			}
			figure, _ := p.units(donor.Money{Minor: minor, Currency: "EUR"})
			if strings.Contains(figure, " ") {
				t.Fatalf("%s: %q may be broken inside the figure", lang, figure)
			}
		}
	})
}

// readBack is the amount in minor units that a reader of the language understands.
func readBack(p *profile, s string) int64 {
	factor := int64(100)
	for _, sc := range p.scales {
		if strings.Contains(s, nbsp+sc.one) || strings.Contains(s, nbsp+sc.other) {
			factor = sc.value * 100
			break
		}
	}
	var n, decimals int64
	after := false
	for _, c := range strings.ReplaceAll(s, p.group, "") {
		switch {
		case unicode.IsDigit(c):
			n = n*10 + int64(c-'0')
			if after {
				decimals++
			}
		case string(c) == p.decimal:
			after = true
		}
	}
	for ; decimals > 0; decimals-- {
		factor /= 10
	}
	return n * factor
}

// TestProfilesAreComplete: a language that lacks a rule would print a gap.
func TestProfilesAreComplete(t *testing.T) {
	for lang, p := range profiles {
		for name, v := range map[string]string{
			"code": p.code, "date": p.date, "decimal": p.decimal, "group": p.group, "perCent": p.perCent, "perCents": p.perCents,
			"oneOnly": p.oneOnly, "money": p.money, "millions": p.millions, "amounts": p.amounts, "amountOnly": p.amountOnly,
			"of0": p.of0, "to0": p.to0, "note": p.note, "sources": p.sources, "afterName": p.afterName,
		} {
			if v == "" {
				t.Errorf("%s: no %s", lang, name)
			}
		}
		if p.code != lang || p.singular == nil || len(p.scales) == 0 {
			t.Errorf("%s: code, singular or scales are wrong", lang)
		}
		for m, name := range p.months {
			if name == "" {
				t.Errorf("%s: month %d has no name", lang, m+1)
			}
		}
		for _, rank := range ranks {
			genders := []string{"m", "f"}
			if rank == office || rank == other {
				genders = append(genders, "")
			}
			for _, g := range genders {
				if _, ok := standard()[formKey{lang, rank, g}]; !ok {
					t.Errorf("%s: no form of address for rank %q and gender %q", lang, rank, g)
				}
			}
		}
	}
	if _, faults := readForms(standardForms, profiles); len(faults) > 0 {
		t.Errorf("forms.csv: %v", faults)
	}
	for k := range maps.Keys(standard()) {
		if profiles[k.language] == nil {
			t.Errorf("forms.csv: language %q has no profile", k.language)
		}
	}
}

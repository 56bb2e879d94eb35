package templates

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outreach.example/donor"
)

// A project changes one line of a language, and the letters follow; everything else stays as it is built in.
func TestOwnLanguages(t *testing.T) {
	all := files(t)
	all[languagesFile] = "es:\n  group: \"^\"\n  currencies:\n    SEK: {first: \"coronas suecas~(SEK)\", first_one: \"corona sueca~(SEK)\", later: coronas suecas, later_one: corona sueca}\n"
	s, faults := Load(sample(), all)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	r := record(t, "PER", "es", contact("ambassador", "f"), gave(2_345_600))
	c, err := s.Compose(r, "appeal")
	if err != nil || !strings.Contains(c.Text, "2"+nnbsp+"345"+nnbsp+"600"+nbsp+"dólares") {
		t.Errorf("%v\n%s", err, c.Text)
	}
	r.Pledge = donor.Money{Minor: 2_000_000_00, Currency: "SEK"}
	if c, err = s.Compose(r, "thanks"); err != nil || !strings.Contains(flat(c.Text), "por un importe de 2 millones de coronas suecas (SEK),") {
		t.Errorf("%v\n%s", err, c.Text)
	}
	if got := s.profiles["fr"].plain(12345); got != "12"+nnbsp+"345" {
		t.Errorf("French became %q", got)
	}
	if got := profiles["es"].plain(12345); got != "12.345" {
		t.Errorf("the built-in Spanish became %q", got)
	}
}

// A further language needs every key; each mistake is named with its line.
func TestLanguageFaults(t *testing.T) {
	for _, c := range []struct{ content, want string }{
		{"es:\n  gruop: \",\"\n", `languages.yaml:2:3: unknown field "gruop": write a language, and under it keys of the built-in file, for example es: {group: "^"}`},
		{"fr:\n  months: [janvier]\n", `languages.yaml:2: fr.months: there are 1: write all twelve, in order`},
		{"# ours\nfr:\n  decimal: \",\"\n  singular: two\n", `languages.yaml:4: fr.singular: "two" is no rule: write exactly one, or below two`},
		{"en:\n  money: \"USD {n}\"\n", `languages.yaml:2: en.money: "USD {n}" must hold {currency} once, where the value goes`},
		{"en:\n  scales: [{value: 1000000, one: m, other: m}, {value: 1000000000, one: b, other: b}]\n", `languages.yaml:2: en.scales: each needs value, one and other, the largest first`},
		{"es:\n  currencies:\n    sek: {first: a, first_one: b, later: c, later_one: d}\n", `languages.yaml:2: es.currencies: "sek" needs a code of three capital letters and first, first_one, later and later_one`},
		{"spanish:\n  group: \".\"\n", `languages.yaml:1: "spanish" is no language: write its two letters, for example es`},
		{"- a\n", `languages.yaml:1:1:`},
	} {
		all := files(t)
		all[languagesFile] = c.content
		_, faults := Load(sample(), all)
		if !strings.HasPrefix(faults.Error(), c.want) || !faults.Refuses() {
			t.Errorf("got  %s\nwant %s", faults.Error(), c.want)
		}
	}
	_, faults := readLanguages("pt:\n  group: \".\"\n")
	var keys []string
	for _, f := range faults {
		key, _, _ := strings.Cut(f.Text, ":")
		keys = append(keys, key)
	}
	want := "pt.months pt.date pt.decimal pt.scales pt.singular pt.per_cent pt.per_cent_range pt.per_cent_alone pt.money pt.money_of_millions pt.amounts pt.amount_alone pt.of pt.to pt.note pt.sources pt.after_salutation"
	if diff := cmp.Diff(want, strings.Join(keys, " ")); diff != "" {
		t.Error(diff)
	}
}

// The built-in file has no fault, or nothing would be written at all.
func TestBuiltInLanguages(t *testing.T) {
	if _, faults := readLanguages(""); len(faults) > 0 || len(profiles) != 3 {
		t.Errorf("%d languages: %v", len(profiles), faults)
	}
}

package templates

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outreach.example/campaign"
	"outreach.example/donor"
)

// A text says at once which words do not belong to its variant, and a file that nobody reads says why.
func TestVariantTextFaults(t *testing.T) {
	for _, c := range []struct {
		name, file, old, new string
		want                 []string
	}{
		{"an ask where nothing is asked", "appeal.given.en.txt", "This message is one of thanks", "IOM hopes for {{.Ask.Percent}}. This message is one of thanks", []string{
			"texts/appeal.given.en.txt:20:17: {{.Ask.Percent}} does not belong in a text whose readers are asked for nothing: remove it"}},
		{"a choice where no amount is asked", "appeal.small.fr.txt", "Toute contribution", "{{if .Ask.Figure}}Une{{else}}Toute{{end}} contribution", []string{
			"texts/appeal.small.fr.txt:17:110: {{if .Ask.Figure}} does not belong in a text whose readers are asked for no amount: write the one wording that they get"}},
		{"a pledge without a guard", "thanks.es.txt", "La promesa ha", "{{.Pledge}} La promesa ha", []string{
			"texts/thanks.es.txt:13:3: {{.Pledge}} has no value where no pledge is known: write it between {{if .Pledged}} and {{else}} or {{end}}"}},
		{"an ask in an answer", "acknowledgement.en.txt", "The reply is", "{{.Ask.Range}} The reply is", []string{
			"texts/acknowledgement.en.txt:13:3: {{.Ask.Range}} does not belong in a text whose readers are asked for nothing: remove it"}},
	} {
		all := filesFor(t, various())
		content := all["texts/"+c.file]
		if !strings.Contains(content, c.old) {
			t.Fatalf("%s: %q is not in %s", c.name, c.old, c.file)
		}
		all["texts/"+c.file] = strings.Replace(content, c.old, c.new, 1)
		_, faults := Load(various(), all)
		if diff := cmp.Diff(c.want, lines(faults)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	for file, want := range map[string]string{
		"appeal.larg.en.txt":       `campaign.yaml has no variant "larg": did you mean large?`,
		"reminder-1.given.en.txt":  `the variant "given" asks for nothing, so it has no reminder`,
		"thanks.large.en.txt":      "thanks is the same for every variant: name it thanks.LANG.txt",
		"appeal.large.en.old.txt":  "a text is named STEP.LANG.txt or STEP.VARIANT.LANG.txt, for example appeal.en.txt",
		"appeals.large.en.txt":     `campaign.yaml has no step "appeals": did you mean appeal?`,
		"acknowledgement.large.es": "a text is named STEP.LANG.txt or STEP.VARIANT.LANG.txt, for example appeal.en.txt",
	} {
		all := filesFor(t, various())
		all["texts/"+file] = "Subject: A\n\nB\n"
		_, faults := Load(various(), all)
		if diff := cmp.Diff([]string{"texts/" + file + ": warning: is not read: " + want}, lines(faults)); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}

// The general text stands in for a variant that asks, and never for one that asks for nothing: a State that has given would
// be asked again.
func TestFallback(t *testing.T) {
	all := filesFor(t, various())
	for _, name := range []string{"appeal.large.fr.txt", "appeal.given.fr.txt"} {
		delete(all, "texts/"+name)
	}
	s, faults := Load(various(), all)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	large := varied(t, record(t, "FRA", "", contact("ambassador", "f"), gave(12_000_000)))
	if c, err := s.Compose(large, "appeal"); err != nil || !strings.Contains(flat(c.Text), "compris entre 600 000 et 1,2 million de dollars") && !strings.Contains(flat(c.Text), "compris entre 600 000 dollars et 1,2 million de dollars") {
		t.Errorf("%v\n%s", err, c.Text)
	}
	given := varied(t, record(t, "MAR", "", contact("ambassador", "m"), gave(12_000_000)))
	given.Donor.Contacts[0].Line = 7
	want := `contacts.csv:7: language "fr": no text of the step "appeal" for the variant given of MAR, and the general one asks: write texts/appeal.given.fr.txt`
	if _, err := s.Compose(given, "appeal"); err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	missing := s.Missing([]donor.Donor{given.Donor, large.Donor})
	if diff := cmp.Diff([]string{want}, lines(missing)); diff != "" {
		t.Error(diff)
	}
}

// No reminder is written where nothing is asked, whatever the ledger holds.
func TestNoReminderIsComposedWhereNothingIsAsked(t *testing.T) {
	s := loadFor(t, various())
	r := varied(t, record(t, "MAR", "", contact("ambassador", "m"), nil))
	if _, err := s.Compose(r, "reminder-1"); err == nil || !strings.Contains(err.Error(), "MAR: the variant given asks for nothing, so no letter follows its first") {
		t.Error(err)
	}
	r.Variant = "gone"
	if _, err := s.Compose(r, "appeal"); err == nil || !strings.Contains(err.Error(), `MAR: the campaign has no variant "gone"`) {
		t.Error(err)
	}
}

// A campaign freezes those of the built-in texts that it can use, and no others.
func TestStandardFor(t *testing.T) {
	one := &campaign.Campaign{Steps: []campaign.Step{{Name: "appeal"}}}
	if n := len(StandardFor(one)); n != 3*(1+len(AnswerNames)) {
		t.Errorf("%d texts for one step: %v", n, StandardFor(one))
	}
	if n, all := len(StandardFor(various())), len(Standard()); n != all {
		t.Errorf("%d of %d texts for a campaign with everything", n, all)
	}
	named := &campaign.Campaign{Steps: []campaign.Step{{Name: "thanks"}}}
	if isAnswer(named, "thanks") || !isAnswer(named, "acknowledgement") {
		t.Error("a step of a campaign goes before the answer of the same name")
	}
}

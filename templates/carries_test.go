package templates

import (
	"slices"
	"strings"
	"testing"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/letter"
)

// TestReference: every standard letter says its number in the subject and in the text, and a text that puts it into the
// subject itself has it there once.
func TestReference(t *testing.T) {
	s := load(t)
	for key := range s.texts {
		r := record(t, "KEN", key.language, contact(office, ""), gave(2_000_000))
		c, err := s.Compose(r, key.step)
		if err != nil {
			t.Fatalf("%v: %v", key, err)
		}
		number := "RESILIENCE/KEN/" + strings.ToUpper(key.step)
		if !strings.HasSuffix(c.Subject, " ("+number+")") || !strings.Contains(c.Text, number) || !strings.Contains(c.HTML, number) {
			t.Errorf("%v: subject %q", key, c.Subject)
		}
	}
	own := files(t)
	own["texts/appeal.en.txt"] = strings.Replace(own["texts/appeal.en.txt"], "Subject: ", "Subject: {{.Reference}}, ", 1)
	s, faults := Load(sample(), own)
	if faults.Refuses() {
		t.Fatal(faults)
	}
	c, err := s.Compose(record(t, "KEN", "en", contact(office, ""), gave(2_000_000)), "appeal")
	if err != nil || strings.Count(c.Subject, "RESILIENCE/KEN/APPEAL") != 1 || !strings.HasPrefix(c.Subject, "RESILIENCE/KEN/APPEAL, ") {
		t.Errorf("%q, %v", c.Subject, err)
	}
}

// TestCarries: what the campaign file says of headers and files is in the letters of the steps that it says it of.
func TestCarries(t *testing.T) {
	c := sample()
	c.SentBy = donor.Mailbox{Name: "Resilience Office", Address: "office@iom.example"}
	c.OptOut = campaign.OptOut{Web: true, Address: "optout@iom.example"}
	c.Attached = campaign.Attachments{Folder: "attachments", MaxMB: 5, Steps: []string{"appeal"}}
	own, all := strings.Repeat("a", 64), strings.Repeat("b", 64)
	f := files(t)
	f[campaign.AttachedFile] = own + " 10 KEN.pdf\n" + all + " 10 all.fr.pdf\n"
	s, faults := Load(c, f)
	if faults.Refuses() {
		t.Fatal(faults)
	}
	for _, tc := range []struct {
		id, language, step string
		want               letter.Attachment
	}{
		{"KEN", "en", "appeal", letter.Attachment{Name: "resilience-KEN.en.pdf", Hash: own}},
		{"CIV", "fr", "appeal", letter.Attachment{Name: "resilience.fr.pdf", Hash: all}},
		{"KEN", "en", "reminder-1", letter.Attachment{}},
	} {
		got, err := s.Compose(record(t, tc.id, tc.language, contact(office, ""), gave(2_000_000)), tc.step)
		if err != nil {
			t.Fatal(err)
		}
		if got.Attachment != tc.want || got.Sender != c.SentBy || got.OptOut != (letter.OptOut{Web: true, Address: "optout@iom.example"}) {
			t.Errorf("%s %s: %+v, %+v, %+v", tc.id, tc.step, got.Attachment, got.Sender, got.OptOut)
		}
	}
	if _, err := s.Compose(record(t, "PER", "es", contact(office, ""), gave(2_000_000)), "appeal"); err == nil || err.Error() != "attachments: PER: no file goes with its letter" {
		t.Errorf("no file for PER: %v", err)
	}
	f[campaign.AttachedFile] = "torn"
	if _, faults := Load(c, f); !faults.Refuses() || !slices.ContainsFunc(faults, func(f donor.Fault) bool { return f.File == campaign.AttachedFile }) {
		t.Errorf("a torn list: %v", faults)
	}
}

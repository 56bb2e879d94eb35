package campaign

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"outreach.example/donor"
)

// One mistake in a right file gives one sentence that says where it is and what to do.
func TestFaultSentences(t *testing.T) {
	text := read(t, "testdata/campaign.yaml")
	for _, c := range []struct{ name, old, new, want string }{
		{"folder", "campaign: resilience", "campaign: resiliance", `1:11: campaign: "resiliance" is not the name of its folder, "resilience": write campaign: resilience`},
		{"unknown key", `goal:`, "title2: {}\ngoal:", `6:1: unknown key "title2": did you mean "title"?`},
		{"empty title", `  en: "From Reform to Resilience"`, `  en: ""`, `3:7: title.en: is empty: write for example "From Reform to Resilience"`},
		{"nothing for a title", `  en: "From Reform to Resilience"`, `  en:`, `3:3: title.en: is empty: write for example "From Reform to Resilience"`},
		{"line break in a title", `Reform to`, `Reform\nto`, `3:7: title.en: control character U+000A in field "title.en": remove it`},
		{"line separator in a title", `Reform to`, "Reform\u2028to", `3:7: title.en: control character U+2028 in field "title.en": remove it`},
		{"nul in a title", `Reform to`, `Reform\0to`, `3:7: title.en: control character U+0000 in field "title.en": remove it`},
		{"written line break", `Reform to`, `Reform%0d%0aBcc: to`, `3:7: title.en: "From Reform%0d%0aBcc: to Resilience" holds a line break written as %0d: remove it`},
		{"private use", `Reform to`, "Reform \ue000date\ue001", `3:7: title.en: invisible character U+E000 in field "title.en": type the text again without it`},
		{"long title", `From Reform to Resilience`, strings.Repeat("Resilience ", 15) + "x", `3:7: title.en: "Resilience Resilience Resilience Resilie..." has 166 characters: keep it to 150`},
		{"goal zero", "amount: 100000000", "amount: 0", `6:16: goal.amount: 0 is out of range: write a whole number from 1 to 1000000000000`},
		{"goal negative", "amount: 100000000", "amount: -5", `6:16: goal.amount: -5 is out of range: write a whole number from 1 to 1000000000000`},
		{"goal beyond all", "amount: 100000000", "amount: 1e400", `6:16: goal.amount: expected a whole number without separators, for example 100000000, found "1e400"`},
		{"goal not a number", "amount: 100000000", "amount: .nan", `6:16: goal.amount: expected a whole number without separators, for example 100000000, found the number .nan`},
		{"goal with underscores", "amount: 100000000", "amount: 100_000_000", `6:16: goal.amount: expected a whole number without separators, for example 100000000, found 100_000_000`},
		{"goal in hex", "amount: 100000000", "amount: 0xFF", `6:16: goal.amount: expected a whole number without separators, for example 100000000, found 0xFF`},
		{"goal with commas", "amount: 100000000", "amount: 100,000", `6:20: goal: a comma inside a number before "000": write the number without separators`},
		{"include alone", "status: [member]", "status: []", ``},
		{"audience of nobody", "status: [member]\n  groups: []\n  regions: []\n  include: [VAT]", "status: []", `7:1: audience: selects nobody: write for example status: [member], or name donors in include`},
		{"groups of no status", "status: [member]\n  groups: []", "status: []\n  groups: [WEOG]", `7:1: audience: groups and regions narrow a status, and there is none: write for example status: [member]`},
		{"exclusion without reason", `      reason: has given`, ``, `14:7: audience.exclude: key "reason" is missing: add reason: "why it is left out"`},
		{"excluded twice", "donor: NLD", "donor: MAR", `14:7: audience.exclude: "MAR" is excluded twice, first in line 13: keep one`},
		{"included and excluded", "donor: NLD", "donor: VAT", `14:7: audience.exclude: "VAT" is in include as well: remove one of the two`},
		{"sender without address", `, address: resilience@iom.example`, ``, `16:9: sender: key "address" is missing: add address: desk@iom.example`},
		{"ask upside down", "low: 5, high: 10", "low: 10, high: 5", `24:12: ask.low: 10 is more than ask.high, 5: the lower per cent goes first`},
		{"ask under 5", "low: 5", "low: 4", `24:12: ask.low: 4 is out of range: write a whole number from 5 to 10`},
		{"ask over 10", "high: 10", "high: 11", `24:21: ask.high: 11 is out of range: write a whole number from 5 to 10`},
		{"octal ask", "high: 10", "high: 010", `24:21: ask.high: 010 begins with 0, which some programs read as another number: write 10`},
		{"octal by name", "high: 10", "high: 0o10", `24:21: ask.high: expected a whole number without separators, for example 10, found 0o10`},
		{"ask in a fraction", "low: 5", `low: "5,5"`, `24:12: ask.low: expected a whole number without separators, for example 5, found "5,5"`},
		{"negative floor", "floor: 100000", "floor: -1", `24:82: ask.floor: -1 is out of range: write a whole number from 0 to 1000000000000`},
		{"base year to come", "base_year: 2024", "base_year: 2027", `24:36: ask.base_year: 2027 has not begun on schedule.start, 2026-11-23: give a year with contributions`},
		{"answer before the letter", "reply_by: 2027-01-29", "reply_by: 2026-11-23", `25:11: reply_by: 2026-11-23 is not after schedule.start, 2026-11-23: give a later day`},
		{"a day that is none", "reply_by: 2027-01-29", "reply_by: 2027-02-30", `25:11: reply_by: 2027-02-30 does not exist in the calendar: write a day that does, as YYYY-MM-DD`},
		{"a year mistyped", "reply_by: 2027-01-29", "reply_by: 0207-01-29", `25:11: reply_by: 0207-01-29 is not a year of this campaign: look at the first four digits`},
		{"a moment for a day", "start: 2026-11-23", "start: 2026-11-23T08:30", `27:10: schedule.start: "2026-11-23T08:30" is not a day: write it as YYYY-MM-DD, for example 2027-01-29`},
		{"a number for a day", "start: 2026-11-23", "start: 20261123", `27:10: schedule.start: expected a day as YYYY-MM-DD, for example 2027-01-29, found the number 20261123`},
		{"no zone", "  zone: Europe/Zurich\n", "", `26:1: schedule: key "zone" is missing: add zone: Europe/Zurich`},
		{"zone by offset", "zone: Europe/Zurich", `zone: "+01:00"`, `28:9: schedule.zone: "+01:00" names no place, so summer time is not known: write Region/City, for example Europe/Zurich`},
		{"zone of this machine", "zone: Europe/Zurich", "zone: Local", `28:9: schedule.zone: "Local" names no place, so summer time is not known: write Region/City, for example Europe/Zurich`},
		{"zone without place", "zone: Europe/Zurich", "zone: CET", `28:9: schedule.zone: "CET" is not a time zone: did you mean "Europe/Zurich"?`},
		{"zone misspelt", "zone: Europe/Zurich", "zone: Europe/Zürich", `28:9: schedule.zone: "Europe/Zürich" is not a time zone: did you mean "Europe/Zurich"?`},
		{"zone outside the database", "zone: Europe/Zurich", "zone: ../etc/passwd", `28:9: schedule.zone: "../etc/passwd" is not a time zone: write Region/City, for example Europe/Zurich`},
		{"no day", "days: [mon, tue, wed, thu, fri]", "days: []", `29:9: schedule.days: no day on which letters may leave: write for example [mon, tue, wed, thu, fri]`},
		{"hours without leading zero", "08:30-17:00", "8:30-17:00", `30:10: schedule.hours: "8:30-17:00" is not a time of day: write opening and closing as HH:MM-HH:MM, for example "08:30-17:00"`},
		{"hours past the day", "08:30-17:00", "08:30-24:30", `30:10: schedule.hours: 24:30 is not a time of day: hours go from 00:00 to 24:00`},
		{"window that never opens", `"08:30-17:00"`, `"08:30-08:30"`, `30:10: schedule.hours: "08:30-08:30" closes before it opens: write the earlier time first`},
		{"start on a holiday", "start: 2026-11-23", "start: 2026-11-22", `27:10: warning: schedule.start: 2026-11-22 is no working day: the first letters leave on 2026-11-23 08:30 Europe/Zurich (2026-11-23 07:30 UTC)`},
		{"no step at all", "steps:\n", "steps: []\nold_steps:\n", `32:8: steps: no step: a campaign has at least one letter, for example [{name: appeal}]` + "\n" + `33:1: unknown key "old_steps": there are: campaign, title, goal, audience, sender, reply_to, sent_by, return_path, registry, opt_out, attachments, signatory, facts, mentions, numbers, ask, variants, reply_by, schedule, steps, call_after, quiet_days, canary, block_size`},
		{"number of days alone", "after: 10 working days", "after: 10", `35:12: steps.after: 10 of what? write for example 10 working days`},
		{"calendar days", "after: 10 working days", "after: 10 days", `35:12: steps.after: "10 days" is not a number of working days: write for example 10 working days`},
		{"approval over before it is used", "until 2027-03-31", "until 2026-12-04", `36:15: steps.approval: standing until 2026-12-04 ends before "reminder-1" can leave, 2026-12-07 at the earliest: give a later day`},
		{"reminder after the answer is due", "after: 15 working days", "after: 60 working days", `38:12: warning: steps.after: "reminder-2" leaves on 2027-03-03 at the earliest, after the answer is due on reply_by, 2027-01-29`},
		{"a third standing reminder", "    approval: each\n", "    approval: standing until 2027-04-30\n  - name: reminder-3\n    after: 5 working days\n    approval: standing until 2027-05-31\n", `42:15: steps.approval: "reminder-3" would be reminder 3 that leaves by itself, and after 2 a person telephones: write approval: each, or leave the step out`},
		{"telephone in days", "call_after: 12 working days", "call_after: 12 days", `52:13: call_after: "12 days" is not a number of working days: write for example 10 working days, or never`},
		{"telephone too late", "call_after: 12 working days", "call_after: 300 working days", `52:13: call_after: "300 working days" is out of range: write 1 to 250 working days, or never`},
		{"quiet for ever", "quiet_days: 7", "quiet_days: 61", `53:13: quiet_days: 61 is out of range: write a whole number from 0 to 60`},
		{"block too large", "block_size: 50", "block_size: 1001", `40:13: block_size: 1001 is out of range: write a whole number from 1 to 1000`},
		{"canary of all", "canary: 3", "canary: 21", `54:9: canary: 21 is out of range: write a whole number from 1 to 20`},
		{"block of none", "block_size: 50", "block_size: 0", `40:13: block_size: 0 is out of range: write a whole number from 1 to 1000`},
	} {
		t.Run(c.name, func(t *testing.T) {
			broken := strings.Replace(text, c.old, c.new, 1)
			if broken == text {
				t.Fatalf("the test file has no %q", c.old)
			}
			_, faults := Parse("resilience", "campaign.yaml", []byte(broken))
			want := ""
			if c.want != "" {
				want = "campaign.yaml:" + strings.ReplaceAll(c.want, "\n", "\ncampaign.yaml:")
			}
			if diff := cmp.Diff(want, faults.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A file that is no YAML at all still gets one place and one sentence.
func TestUnreadableFiles(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"empty", "", `1:1: the file says nothing: start from the sample that init writes`},
		{"comments only", "# later\n", `1:1: the file says nothing: start from the sample that init writes`},
		{"tab", "a: 1\n\tb: 2\n", `2:1: not YAML (found character 'tab' that cannot start any token): indent with spaces, not with tabs`},
		{"colon in a text", "title:\n  en: From: Reform\n", `2:7: not YAML (mapping value is not allowed in this context): a text that holds a colon must stand between quotes, and a line under it must not be indented further`},
		{"open quote", "title: \"From\nx: 1\n", `1:8: not YAML (could not find end character of double-quoted text): a quotation mark that was opened is not closed`},
		{"open brace", "goal: {amount: 1\nx: 1\n", `2:1: not YAML (',' or '}' must be specified): a bracket that was opened is not closed, or a comma is missing before this`},
		{"uneven list", "a:\n  - b\n - c\n", `3:2: not YAML (value is not allowed in this context): indent the lines of one list or group alike`},
		{"at sign", "registry: @iom\n", `1:11: not YAML ('@' is a reserved character): put the text between quotes`},
		{"backslash", `registry: "C:\q"`, `1:15: not YAML (found unknown escape character 'q'): between double quotes a backslash must be written twice`},
		{"two documents", "a: 1\n---\nb: 2\n", `3:1: a second document begins here: keep one campaign a file, without a line ---`},
		{"anchor and alias", "a: &x 1\nb: *x\n", "1:4: an anchor (&) is not used here: write the value out, or put it between quotes\ncampaign.yaml:2:4: an alias (*) is not used here: write the value out, or put it between quotes"},
		{"tag", "a: !!binary 1\n", `1:4: a tag (!) is not used here: write the value plainly, or put it between quotes`},
		{"brackets without end", strings.Repeat("[", 100_000), `1:9: lists or groups within one another more than 8 deep: a bracket or a dash is too many`},
		{"dashes without end", strings.Repeat("- ", 100_000), `1:17: lists or groups within one another more than 8 deep: a bracket or a dash is too many`},
		{"keys without end", strings.Repeat("a: b\n", 200_000), `50001:2: more than 50000 keys: a campaign file is a few pages, so this is another file`},
		{"Windows-1252", "# r\xe9silience\n", `1:4: byte 0xE9 is not UTF-8: save the file as UTF-8`},
		{"nul", "a: 1\nb: \x00\n", `2:4: a byte of value 0: save the file as plain UTF-8 text`},
		{"another file", strings.Repeat("a", 1<<20+1), `1:1: the file is larger than 1 MB: a campaign file is a few pages, so this is another file`},
		{"a list", "- a\n", `1:1: expected a group of keys (campaign, title, goal, audience, sender, reply_to, sent_by, return_path, registry, opt_out, attachments, signatory, facts, mentions, numbers, ask, variants, reply_by, schedule, steps, call_after, quiet_days, canary, block_size), found a list`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, faults := Parse("resilience", "campaign.yaml", []byte(c.content))
			if diff := cmp.Diff("campaign.yaml:"+c.want, faults.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Editors of Windows write byte order marks, UTF-16 and CRLF; the file says the same.
func TestEncodings(t *testing.T) {
	text := read(t, "testdata/campaign.yaml")
	utf16As := func(order binary.AppendByteOrder) []byte {
		var b []byte
		for _, u := range utf16.Encode([]rune("\ufeff" + text)) {
			b = order.AppendUint16(b, u)
		}
		return b
	}
	for name, content := range map[string][]byte{
		"UTF-8 with mark": []byte("\ufeff" + text),
		"CRLF":            []byte(strings.ReplaceAll(text, "\n", "\r\n")),
		"UTF-16 little":   utf16As(binary.LittleEndian),
		"UTF-16 big":      utf16As(binary.BigEndian),
	} {
		c, faults := Parse("resilience", "campaign.yaml", content)
		if len(faults) > 0 {
			t.Errorf("%s: %v", name, faults)
			continue
		}
		if got, want := c.Title["fr"], good(t).Title["fr"]; got != want {
			t.Errorf("%s: the title is %q, want %q", name, got, want)
		}
	}
}

// The folder's own name is checked too: it becomes part of every letter's id.
func TestFolderName(t *testing.T) {
	_, faults := Parse("Resilience 2", "campaign.yaml", []byte(read(t, "testdata/campaign.yaml")))
	want := `campaign.yaml:1:1: the folder "Resilience 2" has no campaign's name: use 1 to 32 lower-case letters, digits and hyphens`
	if faults.Error() != want {
		t.Errorf("got %s\nwant %s", faults, want)
	}
}

// Dates that have passed refuse a new edition, and only a new one.
func TestCheck(t *testing.T) {
	c := good(t)
	for _, day := range []struct{ name, today, want string }{
		{"before the start", "2026-11-20", ""},
		{"on the start", "2026-11-23", ""},
		{"after the start", "2026-11-28", ""},
		{"long after the start", "2027-01-02", `campaign.yaml:27:10: warning: schedule.start: 2026-11-23 has passed: letters that are due leave from 2027-01-04 08:30 Europe/Zurich (2027-01-04 07:30 UTC)`},
		{"years later", "2031-06-01", strings.Join([]string{
			`campaign.yaml:25:11: reply_by: 2027-01-29 is past or today (2031-06-01): give a later day`,
			`campaign.yaml:27:10: warning: schedule.start: 2026-11-23 has passed: letters that are due leave from 2031-06-02 08:30 Europe/Zurich (2031-06-02 06:30 UTC)`,
			`campaign.yaml:36:15: steps.approval: standing until 2027-03-31 has passed (today is 2031-06-01): give a later day, or write each`,
		}, "\n")},
	} {
		today, err := donor.ParseDate(day.today)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(day.want, c.Check(today).Error()); diff != "" {
			t.Errorf("%s: %s", day.name, diff)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(read(f, "testdata/campaign.yaml"))
	f.Add(read(f, "testdata/broken.yaml"))
	f.Add("a: {b: [c, {d: e}]}\n? x\n: y\n")
	f.Add("steps: [[], {}, , null]\ntitle: {en: {}}")
	f.Fuzz(func(t *testing.T, content string) {
		c, faults := Parse("resilience", "campaign.yaml", []byte(content))
		if c == nil && !faults.Refuses() {
			t.Fatal("neither a campaign nor a fault")
		}
		for _, fault := range faults {
			if fault.Line < 1 || fault.Column < 1 || fault.Text == "" || strings.ContainsAny(fault.Text, "\r\n\x00") {
				t.Fatalf("a fault without a place or of several lines: %q", fault.Error())
			}
		}
		if faults.Refuses() {
			return
		}
		again, others := Parse("resilience", "campaign.yaml", []byte(content))
		if diff := cmp.Diff(faults, others); diff != "" || again.Name != c.Name {
			t.Fatalf("read twice, two answers: %s", diff)
		}
		if n := len(c.Calendar(c.Schedule.Start.In(c.Schedule.Zone))); n != len(c.Steps) || n == 0 {
			t.Fatalf("a campaign without a fault has a calendar of %d steps", n)
		}
	})
}

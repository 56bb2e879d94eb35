package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// readEML has Python's own parser read every letter strictly and counts what staff would: languages, parts, headers.
const readEML = `
import email, email.policy, glob, json, sys
out = {"letters": 0, "languages": {}, "to": {}, "ids": {}, "faults": []}
for name in sorted(glob.glob(sys.argv[1] + "/**/*.eml", recursive=True)):
    with open(name, "rb") as f:
        raw = f.read()
    m = email.message_from_bytes(raw, policy=email.policy.strict)
    fault = lambda s: out["faults"].append(name + ": " + s)
    for part in m.walk():
        if part.defects:
            fault(repr(part.defects))
    for h in ("To", "From", "Subject", "Date", "Message-ID", "Reply-To", "Content-Language", "Auto-Submitted", "X-Auto-Response-Suppress"):
        if len(m.get_all(h) or []) != 1:
            fault("%s stands %d times" % (h, len(m.get_all(h) or [])))
    if "(RESILIENCE/" not in m["Subject"] or (m["In-Reply-To"] or "").strip() != (m["References"] or "").split(" ")[-1].strip():
        fault("subject, In-Reply-To or References")
    text, html = m.get_body(("plain",)), m.get_body(("html",))
    if text is None or html is None:
        fault("text or HTML is missing")
        continue
    for part in (text, html):
        content = part.get_content()
        for mark in ("{{", "\ue000", "TODO", "<no value>"):
            if mark in content:
                fault("holds " + mark)
    if max(len(l) for l in raw.split(b"\r\n")) > 998:
        fault("a line is over 998 octets")
    out["letters"] += 1
    for key, value in (("languages", m["Content-Language"]), ("to", m["To"].addresses[0].addr_spec), ("ids", m["Message-ID"])):
        out[key][value] = out[key].get(value, 0) + 1
print(json.dumps(out))
`

type mailboxCount struct {
	Letters   int            `json:"letters"`
	Languages map[string]int `json:"languages"`
	To        map[string]int `json:"to"`
	IDs       map[string]int `json:"ids"`
	Faults    []string       `json:"faults"`
}

func countEML(t *testing.T, dir string) mailboxCount {
	t.Helper()
	b, err := exec.Command("python3", "-c", readEML, dir).CombinedOutput()
	if err != nil {
		t.Fatalf("python3: %v\n%s", err, b)
	}
	var c mailboxCount
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// twice lists what is there more than once.
func twice(m map[string]int) (out []string) {
	for k, n := range m {
		if n > 1 {
			out = append(out, k)
		}
	}
	return out
}

// The main job: 175 letters in 175 mailboxes, each once, in its language, readable by somebody else's parser.
func TestTry(t *testing.T) {
	keep := filepath.Join(t.TempDir(), "kept")
	out := must(t, nil, "try", "--once", "--json", "--keep", keep)
	var s status
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if s.Total != 175 || s.Sent != 175 || !s.Running || s.Campaign != "resilience" || s.Edition == "" {
		t.Errorf("status %+v, want 175 sent of 175", s)
	}
	c := countEML(t, keep)
	for _, f := range c.Faults {
		t.Error(f)
	}
	if c.Letters != 175 || len(c.To) != 175 || len(c.IDs) != 175 {
		t.Errorf("%d letters to %d addresses with %d ids, want 175 of each", c.Letters, len(c.To), len(c.IDs))
	}
	if c.Languages["en"] != 130 || c.Languages["fr"] != 26 || c.Languages["es"] != 19 {
		t.Errorf("languages %v, want en 130, fr 26, es 19", c.Languages)
	}
}

// In bad weather every letter still ends sent or refused, none is in the mailbox twice, and the states add up.
func TestTryWeather(t *testing.T) {
	keep := filepath.Join(t.TempDir(), "kept")
	out, errs, code := outreach(t, nil, "try", "--once", "--json", "--weather", "--keep", keep)
	if code != exitPartly {
		t.Errorf("exit %d, want %d: some letters are refused\n%s", code, exitPartly, errs)
	}
	var s status
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("%v in %s%s", err, out, errs)
	}
	if s.Total != 175 || s.Sent+s.Refused != 175 || s.Refused == 0 {
		t.Errorf("status %+v, want every letter sent or refused, and some refused", s)
	}
	c := countEML(t, keep)
	if c.Letters != s.Sent {
		t.Errorf("%d letters in the mailbox, %d sent", c.Letters, s.Sent)
	}
	if two := twice(c.IDs); len(two) > 0 {
		t.Errorf("handed over twice: %s", strings.Join(two, " "))
	}
}

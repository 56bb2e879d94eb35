package templates

import (
	"regexp"
	"strings"
	"time"

	"outreach.example/campaign"
	"outreach.example/donor"
)

// A text is one step in one language, ready to be written to any donor.
type text struct {
	file       string
	source     string // as it was written, line ends put right
	p          *profile
	subject    []op
	letterhead string
	body       []op
	notes      []string // sources, each with its year; a citation holds its index
	paper      paper
	recurring  recurring
	cites      []cite
	keys       []string  // of the facts it cites, sorted
	ends       time.Time // from then on one of them is cited no longer; zero for never
	broken     bool      // it has faults, so nothing is written from it
}

// compiler begins to read a text. Its faults and notes are its own until readText takes them.
func (t *text) compiler(s *Set) *compiler {
	return &compiler{
		set: s, p: t.p, file: t.file, source: t.source, used: map[string]bool{}, faults: new(donor.Faults),
		cited: map[string]*citation{}, notes: &[]string{}, cites: new([]cite),
	}
}

var lineEnds = regexp.MustCompile(`[ \t]+\n`)

// readText compiles a file: a header part of lines "Name: value", an empty line, and the body. asks is what its readers are
// asked for, "" where that differs between them.
func (s *Set) readText(file, content string, p *profile, asks campaign.Asks) (*text, donor.Faults) {
	var faults donor.Faults
	t := &text{file: file, p: p, letterhead: s.campaign.Sender.Name}
	source, what := readable(content, maxText)
	if what != "" {
		faults.Addf(file, 0, 0, "%s", what)
		t.broken = true
		return t, faults
	}
	source = lineEnds.ReplaceAllString(source, "\n") // a line of spaces is an empty line
	t.source = source
	k := t.compiler(s)
	k.asks, k.faults, k.notes = asks, &faults, &t.notes
	k.cites = &t.cites
	end := strings.Index(source, "\n\n")
	if end < 0 {
		end = len(source)
	}
	t.header(k, source[:end])
	k.used = map[string]bool{}
	k.base, k.subject = end, false
	t.body = merge(k.compile(source[end:]))
	if strings.TrimSpace(source[end:]) == "" {
		faults.Addf(file, 0, 0, "no letter stands below the header: write Subject: ..., an empty line, and the letter")
	} else if !faults.Refuses() {
		for _, n := range needed {
			if !k.used[n.name] {
				faults.Addf(file, 0, 0, "{{%s}} is missing: %s", n.name, n.why)
			}
		}
	}
	t.paper = newPaper(p.code, t.letterhead)
	k.language(source)
	t.broken = faults.Refuses()
	t.close(s)
	return t, faults
}

// headers are the lines that the header part may hold.
var headers = []string{"Subject", "Letterhead"}

// header reads the lines above the first empty one.
func (t *text) header(k *compiler, part string) {
	k.subject = true
	seen := map[string]bool{}
	for at := 0; at < len(part); {
		line, _, _ := strings.Cut(part[at:], "\n")
		k.base = at
		at += len(line) + 1
		name, value, found := strings.Cut(line, ":")
		known := name == headers[0] || name == headers[1]
		switch {
		case !found || strings.ContainsAny(name, " {"):
			k.fault(0, "%s is no line of the header, which ends at the first empty line: write Subject: ..., an empty line, and the letter", donor.Quote(line))
			continue
		case !known:
			k.fault(0, "%s is no name of the header: %s", donor.Quote(name), didYouMean(name, headers))
			continue
		case seen[name]:
			k.fault(0, "%s: is here twice: keep one", name)
			continue
		}
		seen[name] = true
		k.base += len(name) + 1 + len(value) - len(strings.TrimLeft(value, " \t"))
		value = strings.TrimSpace(value)
		if value == "" {
			k.fault(0, "%s: is empty: write it behind the colon", name)
			continue
		}
		ops := merge(k.compile(value))
		if name == "Subject" {
			t.subject = ops
			if len(ops) == 1 && ops[0].field == nil && ops[0].choice == nil {
				if what := wrongSubject(ops[0].literal); what != "" {
					k.fault(0, "%s", what)
				}
			}
			continue
		}
		if len(ops) != 1 || ops[0].field != nil || ops[0].choice != nil {
			k.fault(0, "Letterhead: is the same in every letter: write the name of the organisation, without fields of the addressee")
			continue
		}
		t.letterhead = ops[0].literal
	}
	if !seen["Subject"] {
		k.base = 0
		k.fault(0, "no subject: begin the file with a line Subject: ..., then an empty line, then the letter")
	}
	if t.letterhead == "" {
		k.base = 0
		k.fault(0, "no letterhead: add a line Letterhead: with the name of the organisation, or sender.name to campaign.yaml")
	}
}

// merge joins literals that stand side by side.
func merge(ops []op) []op {
	var out []op
	for _, o := range ops {
		if o.choice != nil {
			o.yes, o.no = merge(o.yes), merge(o.no)
		}
		if n := len(out); n > 0 && o.isLiteral() && out[n-1].isLiteral() {
			out[n-1].literal += o.literal
			continue
		}
		out = append(out, o)
	}
	return out
}

func (o op) isLiteral() bool { return o.field == nil && o.fact == nil && o.choice == nil }

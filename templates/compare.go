package templates

import (
	"bytes"
	"slices"
	"strings"
	"text/template/parse"

	"outreach.example/campaign"
	"outreach.example/letter"
)

// A Piece is a stretch of a text and what became of it in a letter. Letter is "" for what the letter left out: the words of
// {{if}}, and of the choice that was not taken.
type Piece struct{ Text, Letter string }

// Same says that the letter has the words of the text.
func (p Piece) Same() bool { return p.Text == p.Letter }

// A Difference is a paragraph of a letter that is not word for word what stands in its text.
type Difference struct {
	Line   int // of the text's file, where the paragraph begins
	Pieces []Piece
}

// Text is the paragraph as it was written, with its fields.
func (d Difference) Text() string { return d.join(func(p Piece) string { return p.Text }) }

// Letter is the paragraph as the letter has it.
func (d Difference) Letter() string { return d.join(func(p Piece) string { return p.Letter }) }

// Dated puts a date as it is printed in the place of the letter's mark for it.
func Dated(all []Difference, printed string) {
	for _, d := range all {
		for i := range d.Pieces {
			d.Pieces[i].Letter = strings.ReplaceAll(d.Pieces[i].Letter, letter.DateMark, printed)
		}
	}
}

func (d Difference) join(of func(Piece) string) string {
	var b strings.Builder
	for _, p := range d.Pieces {
		b.WriteString(of(p))
	}
	return b.String()
}

// Compare finds the paragraphs in which the letter of a record differs from the text that it is written from, and names the
// text's file. A line break inside a paragraph of the letter is "\n"; letter.DateMark stands where the date goes. Its errors
// are those of Compose.
func (s *Set) Compare(r *campaign.Record, step string) (file string, all []Difference, err error) {
	if _, err := s.Compose(r, step); err != nil {
		return "", nil, err
	}
	t, _ := s.textFor(r, step)          // Compose has written from it
	to, _ := s.addressee(t.p, &r.Donor) // Compose has seen that there is one
	w := &render{set: s, t: t, p: t.p, record: r, to: to, reference: reference(s.campaign.Name, r.Donor.ID, step)}
	header, body := t.source, ""
	if end := strings.Index(t.source, "\n\n"); end >= 0 {
		header, body = t.source[:end], t.source[end:]
	}
	for _, part := range []struct {
		text    string
		subject bool
		ends    string // what stands between two paragraphs
	}{{header, true, "\n"}, {body, false, "\n\n"}} {
		m := comparison{k: t.compiler(s), w: w}
		m.k.base, m.k.subject = strings.Index(t.source, part.text), part.subject
		w.reset()
		tree := parse.New("text")
		tree.Mode = parse.SkipFuncCheck
		if tree, err = tree.Parse(part.text, "", "", map[string]*parse.Tree{}); err != nil {
			return "", nil, err // it was parsed before
		}
		if tree.Root != nil {
			m.list(tree.Root)
		}
		all = append(all, m.differences(part.ends)...)
	}
	return t.file, all, nil
}

// A comparison walks a text beside the letter that is written from it.
type comparison struct {
	k      *compiler
	w      *render
	pieces []placed
}

// placed is a piece and the line it begins in.
type placed struct {
	Piece
	line int
}

func (m *comparison) add(at parse.Pos, text, letter string) {
	line, _ := placeOf(m.k.source, m.k.base+int(at))
	m.pieces = append(m.pieces, placed{Piece{text, letter}, line})
}

func (m *comparison) list(l *parse.ListNode) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			text := typeset(m.k.p, string(n.Text))
			m.add(n.Pos, text, text)
		case *parse.ActionNode:
			m.add(n.Pos, n.String(), m.value(n.Pipe))
		case *parse.IfNode:
			m.choice(n)
		}
	}
}

// value is what a field or a figure became, without the number of its source.
func (m *comparison) value(pipe *parse.PipeNode) string {
	o, ok := m.k.action(pipe, guards{asked: true, pledged: true})
	if !ok {
		return ""
	}
	from := len(m.w.buf)
	m.w.cited = -1 // a number that goes to a later figure would move what was written before
	m.w.write([]op{o})
	value := m.w.buf[from:]
	if i := bytes.Index(value, []byte(markOpen)); i >= 0 {
		value = value[:i]
	}
	return strings.ReplaceAll(string(value), lineBreak, "\n")
}

// choice shows the words of the choice and what was not taken as left out.
func (m *comparison) choice(n *parse.IfNode) {
	o, ok := m.k.choice(n, guards{asked: true, pledged: true})
	if !ok {
		return
	}
	taken, other := n.List, n.ElseList
	// A choice that begins with "not" was compiled with its two sides exchanged.
	if o.choice(m.w) == strings.HasPrefix(n.Pipe.String(), "not ") {
		taken, other = n.ElseList, n.List
	}
	open := "{{if " + n.Pipe.String() + "}}"
	switch {
	case n.ElseList == nil && taken == nil:
		m.add(n.Pos, open+other.String()+"{{end}}", "")
	case n.ElseList == nil:
		m.add(n.Pos, open, "")
		m.list(taken)
		m.add(n.Pos, "{{end}}", "")
	case taken == n.List:
		m.add(n.Pos, open, "")
		m.list(taken)
		m.add(n.Pos, "{{else}}"+other.String()+"{{end}}", "")
	default:
		m.add(n.Pos, open+other.String()+"{{else}}", "")
		m.list(taken)
		m.add(n.Pos, "{{end}}", "")
	}
}

// differences divides the pieces into paragraphs, where both the text and the letter end one, and keeps those that differ.
func (m *comparison) differences(ends string) (all []Difference) {
	var d Difference
	flush := func() {
		if slices.ContainsFunc(d.Pieces, func(p Piece) bool { return !p.Same() }) {
			all = append(all, d)
		}
		d = Difference{}
	}
	add := func(line int, p Piece) {
		if len(d.Pieces) == 0 {
			line += strings.Count(p.Text, "\n") - strings.Count(strings.TrimLeft(p.Text, "\n"), "\n")
			if p.Same() {
				p.Text = strings.TrimLeft(p.Text, "\n")
				p.Letter = p.Text
			}
			d.Line = line
		}
		if p.Text != "" || p.Letter != "" {
			d.Pieces = append(d.Pieces, p)
		}
	}
	for _, p := range m.pieces {
		text, line := p.Text, p.line
		for p.Same() {
			before, after, found := strings.Cut(text, ends)
			if !found {
				break
			}
			add(line, Piece{before, before})
			flush()
			text, line = after, line+strings.Count(before, "\n")+strings.Count(ends, "\n")
		}
		if p.Same() {
			p.Text, p.Letter = text, text
		}
		add(line, p.Piece)
	}
	flush()
	return all
}

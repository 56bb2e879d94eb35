package templates

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
	"unicode/utf8"

	"outreach.example/campaign"
	"outreach.example/donor"
)

// An op is one step of writing a letter: a literal, a field, a figure of the register, or a choice.
type op struct {
	literal string
	field   *field
	name    string // of the field, or the id of the fact
	fact    *citation
	choice  func(r *render) bool
	yes, no []op

	alone bool // a field or a fact, before literals of the campaign were put in its place
}

// A compiler turns the tree that text/template parses into ops. What it does not know does not compile: there is
// nothing to loop, call or include, so the work for a letter grows with the length of its text and nothing else.
type compiler struct {
	set     *Set
	p       *profile
	file    string // for faults
	source  string // the whole file
	base    int    // where the parsed part begins in it
	subject bool
	asks    campaign.Asks // what all readers of the text are asked for; "" where that differs
	used    map[string]bool
	faults  *donor.Faults
	cited   map[string]*citation
	notes   *[]string
	cites   *[]cite
}

// parserError is how the parser words an error: it knows only the line.
var parserError = regexp.MustCompile(`^template: text:(\d+)(?::\d+)?: (.*?)(?: started at text:(\d+))?$`)

func (k *compiler) compile(part string) []op {
	trees := map[string]*parse.Tree{}
	t := parse.New("text")
	t.Mode = parse.SkipFuncCheck // functions are checked here, with a column and a suggestion
	tree, err := t.Parse(part, "", "", trees)
	if err != nil {
		k.syntax(part, err)
		return nil
	}
	for name, tr := range trees {
		if name != "text" {
			k.fault(strings.LastIndex(part[:int(tr.Root.Pos)], "{{"), "define and block are not used in texts: write the text where it belongs")
		}
	}
	if tree.Root == nil {
		return nil
	}
	return k.list(tree.Root, guards{asked: k.asks == campaign.AnAmount})
}

// syntax turns the parser's error into a sentence with its place.
func (k *compiler) syntax(part string, err error) {
	text, at := err.Error(), 0
	if m := parserError.FindStringSubmatch(text); m != nil {
		text = m[2]
		line, _ := strconv.Atoi(cmp.Or(m[3], m[1])) // digits, by the form
		for ; line > 1; line-- {
			at += strings.IndexByte(part[at:], '\n') + 1
		}
		if i := strings.Index(part[at:], "{{"); i >= 0 && !strings.Contains(part[at:at+i], "\n") {
			at += i
		}
	}
	hint := "write a field as {{.State.Short}}, a figure as {{fact \"people_assisted\"}}, and end each {{if ...}} with {{end}}"
	for says, better := range map[string]string{
		"unexpected EOF":    "an {{if ...}} has no {{end}}: write {{end}} where the choice ends",
		"unclosed action":   "a field is not closed: write }} behind it, on the same line",
		"unexpected {{end}": "an {{end}} has no {{if ...}}: remove it",
		"unexpected {{else": "an {{else}} has no {{if ...}}: remove it",
		"outside {{range}}": "only fields, figures and {{if ...}} are used in texts",
	} {
		if strings.Contains(text, says) {
			hint = better
		}
	}
	k.fault(at, "%s (%s)", hint, strings.ReplaceAll(text, "\n", " "))
}

// fault notes what is wrong at an offset of the parsed part.
func (k *compiler) fault(at int, format string, args ...any) {
	if len(*k.faults) >= maxFaults {
		return
	}
	line, column := placeOf(k.source, k.base+max(at, 0))
	k.faults.Addf(k.file, line, column, format, args...)
}

// strict notes what staff must mend before a text is approved, and what does not break a text that was.
func (k *compiler) strict(at int, format string, args ...any) {
	if len(k.set.strict) < maxFaults {
		line, column := placeOf(k.source, k.base+max(at, 0))
		k.set.strict.Addf(k.file, line, column, format, args...)
	}
}

// placeOf is a byte offset as line and column, both from 1, the column in characters.
func placeOf(text string, offset int) (line, column int) {
	text = text[:min(offset, len(text))]
	start := strings.LastIndexByte(text, '\n') + 1
	return strings.Count(text, "\n") + 1, utf8.RuneCountInString(text[start:]) + 1
}

// guards are the conditions that hold where a node stands.
type guards struct{ asked, pledged bool }

func (k *compiler) list(l *parse.ListNode, inside guards) []op {
	if l == nil {
		return nil
	}
	var ops []op
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			k.lint(n)
			ops = append(ops, op{literal: typeset(k.p, string(n.Text))})
		case *parse.ActionNode:
			if o, ok := k.action(n.Pipe, inside); ok {
				ops = append(ops, o)
			}
		case *parse.IfNode:
			if o, ok := k.choice(n, inside); ok {
				ops = append(ops, o)
			}
		case *parse.CommentNode:
		default:
			word, _, _ := strings.Cut(strings.TrimLeft(n.String(), "{- "), " ")
			k.fault(int(n.Position()), "%s is not used in texts: there are only fields, figures and {{if ...}}", donor.Quote(strings.TrimRight(word, "}")))
		}
	}
	// A line break between two fields stays: the lines of a reference and a date, of a name and a title.
	for i := 1; i+1 < len(ops); i++ {
		if ops[i-1].alone && ops[i+1].alone && strings.Trim(ops[i].literal, " \t") == "\n" {
			ops[i].literal = lineBreak
		}
	}
	return slices.Clip(ops)
}

// maxFaults is how many faults of one literal, and of one text, are shown: nobody reads more at once.
const maxFaults = 100

// lint notes everything in a literal that no letter may hold.
func (k *compiler) lint(n *parse.TextNode) {
	text := string(n.Text)
	for at, what := range k.set.proofread(text, k.p) {
		k.strict(int(n.Pos)+at, "%s", what)
	}
	for at, what := range strangers(text, k.set.campaign.Mentions) {
		k.fault(int(n.Pos)+at, "%s", what)
	}
	for from, found := 0, 0; found < maxFaults; found++ {
		at, what := lint(text[from:], "\n\t")
		if what == "" {
			return
		}
		from += at
		k.fault(int(n.Pos)+from, "%s", what)
		_, size := utf8.DecodeRuneInString(text[from:])
		if word := strings.IndexFunc(text[from:], func(c rune) bool { return !isWordRune(c) }); word > size {
			size = word
		} else if word < 0 {
			return // the word ends the literal
		}
		from += size
	}
}

// action compiles a field or a figure.
func (k *compiler) action(pipe *parse.PipeNode, inside guards) (op, bool) {
	args, at, ok := k.arguments(pipe)
	if !ok {
		return op{}, false
	}
	switch first := args[0].(type) {
	case *parse.FieldNode:
		if len(args) == 1 {
			return k.field(first, inside)
		}
		k.fault(at, "%s stands before another word: write one field between two braces", donor.Quote(first.String()))
	case *parse.IdentifierNode:
		return k.function(first.Ident, args[1:], at)
	default:
		k.fault(at, "%s is neither a field nor a figure: write it without braces, or a field such as {{.State.Short}}", donor.Quote(pipe.String()))
	}
	return op{}, false
}

// arguments are the words of an action, and its place.
func (k *compiler) arguments(pipe *parse.PipeNode) ([]parse.Node, int, bool) {
	at := int(pipe.Pos)
	if len(pipe.Decl) > 0 || len(pipe.Cmds) != 1 || len(pipe.Cmds[0].Args) == 0 {
		k.fault(at, "%s is more than one field: variables and pipes are not used in texts", donor.Quote(pipe.String()))
		return nil, 0, false
	}
	args := pipe.Cmds[0].Args
	return args, start(args[0]), true
}

// start is where a node begins: the parser gives a field of several names the place of its second name.
func start(n parse.Node) int {
	if f, ok := n.(*parse.FieldNode); ok && len(f.Ident) > 1 {
		return int(f.Pos) - len(f.Ident[0]) - 1
	}
	return int(n.Position())
}

func (k *compiler) field(n *parse.FieldNode, inside guards) (op, bool) {
	at, name := start(n), n.String()
	f, ok := fields[name]
	_, isCondition := conditions[name]
	switch {
	case isCondition:
		k.fault(at, "%s has no text of its own: write {{if %s}} ... {{else}} ... {{end}}", name, name)
		return op{}, false
	case !ok:
		hint := didYouMean("{{"+name+"}}", fieldNames())
		if parent := name[:strings.LastIndexByte(name, '.')]; fields[parent].isField() {
			hint = "did you mean {{" + parent + "}}?"
		}
		k.fault(at, "{{%s}} is not a field: %s", name, hint)
		return op{}, false
	case k.askless(name):
		k.fault(at, "{{%s}} does not belong in a text whose readers are asked for %s: remove it", name, k.asks)
		return op{}, false
	case name == ".Pledge" && !inside.pledged:
		k.fault(at, "{{.Pledge}} has no value where no pledge is known: write it between {{if .Pledged}} and {{else}} or {{end}}")
		return op{}, false
	case f.figure && !inside.asked:
		k.fault(at, "{{%s}} has no value where no amount is asked: write it between {{if %s}} and {{else}} or {{end}}", name, figure)
		return op{}, false
	case f.block && k.subject:
		k.fault(at, "{{%s}} does not belong in a subject: write it below the first empty line", name)
		return op{}, false
	}
	k.used[name] = true
	o := op{field: &f, name: name, alone: true}
	if f.fixed == nil {
		return o, true
	}
	value, lack := f.fixed(k.set.campaign, k.p)
	if value == "" {
		k.fault(at, "{{%s}} has no value: add %s to campaign.yaml", name, lack)
		return op{}, false
	}
	if _, what := lint(value, ""); what != "" {
		k.fault(at, "{{%s}}: %s", name, what)
		return op{}, false
	}
	return op{literal: value, alone: true}, true
}

// askless says whether a name is of the ask, in a text that asks for no amount.
func (k *compiler) askless(name string) bool {
	return strings.HasPrefix(name, ".Ask.") && (k.asks == campaign.NoAmount || k.asks == campaign.Nothing)
}

func (k *compiler) function(name string, args []parse.Node, at int) (op, bool) {
	var id string
	if len(args) == 1 {
		if s, ok := args[0].(*parse.StringNode); ok {
			id = s.Text
		}
	}
	switch {
	case name != "fact" && name != "year":
		k.fault(at, "%s is not known: write {{fact \"ID\"}} for a figure of the register, {{year \"ID\"}} for its year, or a field such as {{.State.Short}}", donor.Quote(name))
	case id == "":
		k.fault(at, "%s needs the id of one figure between quotation marks, for example {{%s \"people_assisted\"}}", name, name)
	case k.subject:
		k.fault(at, "a figure does not belong in a subject, where it has no source: write it below the first empty line")
	default:
		c := k.citation(id, at)
		if c == nil {
			return op{}, false
		}
		if name == "year" {
			return op{literal: c.year, alone: true}, true
		}
		return op{fact: c, name: id, alone: true}, true
	}
	return op{}, false
}

// citation finds a figure of the register that the campaign may cite.
func (k *compiler) citation(id string, at int) *citation {
	if c := k.cited[id]; c != nil {
		return c
	}
	f := k.set.facts[id]
	switch {
	case !slices.Contains(k.set.campaign.Facts, id) && f != nil:
		k.fault(at, "%s is not among the facts of campaign.yaml: add it to facts there, or cite another", donor.Quote(id))
		return nil
	case f == nil:
		k.fault(at, "no figure of the register has the id %s: %s", donor.Quote(id), didYouMean(id, k.set.campaign.Facts))
		return nil
	}
	c, note, lack := f.cite(k.p)
	if lack != "" {
		k.fault(at, "%s has no %s in %s, line %d: add it there", donor.Quote(id), lack, factsFile, f.line)
		return nil
	}
	if c.note = slices.Index(*k.notes, note); c.note < 0 {
		c.note = len(*k.notes)
		*k.notes = append(*k.notes, note)
	}
	k.cited[id] = &c
	k.cite(f, at)
	return &c
}

// choice compiles {{if}}, with {{else if}} and {{else}}.
func (k *compiler) choice(n *parse.IfNode, inside guards) (op, bool) {
	args, at, ok := k.arguments(n.Pipe)
	if !ok {
		return op{}, false
	}
	not := false
	if word, isWord := args[0].(*parse.IdentifierNode); isWord && word.Ident == "not" && len(args) == 2 {
		not, args, at = true, args[1:], start(args[1])
	}
	f, isField := args[0].(*parse.FieldNode)
	if !isField || len(args) != 1 || conditions[f.String()] == nil {
		k.fault(at, "%s is no condition: write {{if %s}} or {{if not %s}}", donor.Quote(n.Pipe.String()), conditionNames(), figure)
		return op{}, false
	}
	name := f.String()
	if k.askless(name) {
		k.fault(at, "{{if %s}} does not belong in a text whose readers are asked for %s: write the one wording that they get", name, k.asks)
		return op{}, false
	}
	holds := func(yes bool) guards {
		return guards{asked: inside.asked || name == figure && yes, pledged: inside.pledged || name == ".Pledged" && yes}
	}
	yes, no := k.list(n.List, holds(!not)), k.list(n.ElseList, holds(not))
	if not {
		yes, no = no, yes
	}
	return op{choice: conditions[name], name: name, yes: yes, no: no}, true
}

package campaign

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"outreach.example/donor"
)

const (
	maxFile    = 1 << 20 // bytes of a campaign file
	maxNesting = 8       // brackets within brackets: the parser's time grows with the square of it,
	maxKeys    = 50_000  // and with the square of the keys
)

// A place is where a value stands in the file, both from 1.
type place struct{ line, column int }

// A value is one node of the file with its name for sentences ("steps.after") and its path for later checks
// ("steps[1].after").
type value struct {
	node       ast.Node
	name, path string
	at         place
}

// A reader walks a file and gathers every fault, where a decoder would stop at the first.
type reader struct {
	file   string
	faults donor.Faults
	places map[string]place
}

// fault notes what is wrong with a value.
func (r *reader) fault(v value, format string, args ...any) {
	r.faults.Addf(r.file, v.at.line, v.at.column, "%s", v.sentence(format, args...))
}

// warn notes what is worth a look.
func (r *reader) warn(v value, format string, args ...any) {
	r.faults.Warnf(r.file, v.at.line, v.at.column, "%s", v.sentence(format, args...))
}

func (v value) sentence(format string, args ...any) string {
	s := fmt.Sprintf(format, args...)
	if v.name == "" {
		return s
	}
	return v.name + ": " + s
}

// root parses the content to its one top mapping; ok is false when nothing more can be said of the file.
func (r *reader) root(content []byte) (v value, ok bool) {
	top := value{at: place{1, 1}}
	text, ok := r.decode(content)
	if !ok {
		return top, false
	}
	tokens := lexer.Tokenize(text)
	if !r.plain(tokens) {
		return top, false
	}
	tree, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err)
		return top, false
	}
	var bodies []ast.Node
	for _, doc := range tree.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	switch len(bodies) {
	case 0:
		r.fault(top, "the file says nothing: start from the sample that init writes")
		return top, false
	case 1:
		top.node = bodies[0]
		return top, true
	}
	top.at = beginning(bodies[1], top.at)
	r.fault(top, "a second document begins here: keep one campaign a file, without a line ---")
	return top, false
}

// decode gives the text of the file: UTF-8, or UTF-16 where a byte order mark says so.
func (r *reader) decode(content []byte) (string, bool) {
	top := value{at: place{1, 1}}
	if len(content) > maxFile {
		r.fault(top, "the file is larger than 1 MB: a campaign file is a few pages, so this is another file")
		return "", false
	}
	text := strings.TrimPrefix(string(content), "\ufeff")
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(content, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(content, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	}
	if order != nil {
		units := make([]uint16, 0, len(content)/2)
		for b := content[2:]; len(b) >= 2; b = b[2:] {
			units = append(units, order.Uint16(b))
		}
		text = string(utf16.Decode(units))
	}
	at := place{1, 1}
	for i, c := range text {
		switch {
		case c == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd"):
			r.fault(value{at: at}, "byte 0x%02X is not UTF-8: save the file as UTF-8", text[i])
			return "", false
		case c == 0:
			r.fault(value{at: at}, "a byte of value 0: save the file as plain UTF-8 text")
			return "", false
		case c == '\n':
			at = place{at.line + 1, 1}
		default:
			at.column++
		}
	}
	return text, true
}

// plain refuses what a campaign file has no use for and what would let a small file become a large tree.
func (r *reader) plain(tokens token.Tokens) bool {
	refused := map[token.Type]string{
		token.AnchorType:     `an anchor (&) is not used here: write the value out, or put it between quotes`,
		token.AliasType:      `an alias (*) is not used here: write the value out, or put it between quotes`,
		token.MergeKeyType:   `a merge (<<) is not used here: write the keys out`,
		token.TagType:        `a tag (!) is not used here: write the value plainly, or put it between quotes`,
		token.MappingKeyType: `a question mark cannot begin a line here: put the text between quotes`,
		token.DirectiveType:  `a directive (%) is not used here: remove the line`,
	}
	ok, depth, dashes, keys := true, 0, 0, 0
	for _, t := range tokens {
		at := value{at: place{t.Position.Line, t.Position.Column}}
		if sentence, found := refused[t.Type]; found {
			r.fault(at, "%s", sentence)
			ok = false
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.MappingValueType:
			keys++
		}
		if t.Type == token.SequenceEntryType {
			dashes++
		} else {
			dashes = 0
		}
		if keys > maxKeys {
			r.fault(at, "more than %d keys: a campaign file is a few pages, so this is another file", maxKeys)
			return false
		}
		if depth > maxNesting || dashes > maxNesting {
			r.fault(at, "lists or groups within one another more than %d deep: a bracket or a dash is too many", maxNesting)
			return false
		}
	}
	return ok
}

// syntax turns the parser's error into a sentence with a hint at what staff most often meant.
func (r *reader) syntax(err error) {
	at, text := place{1, 1}, err.Error()
	var y yaml.Error
	if errors.As(err, &y) {
		text = y.GetMessage()
		if t := y.GetToken(); t != nil && t.Position != nil {
			at = place{max(t.Position.Line, 1), max(t.Position.Column, 1)}
		}
	}
	hint := "look at the spaces before it, and put texts with special characters between quotes"
	for _, h := range []struct{ says, hint string }{
		{"mapping value is not allowed", "a text that holds a colon must stand between quotes, and a line under it must not be indented further"},
		{"cannot start any token", "indent with spaces, not with tabs"},
		{"end character of", "a quotation mark that was opened is not closed"},
		{"must be specified", "a bracket that was opened is not closed, or a comma is missing before this"},
		{"end token", "a bracket that was opened is not closed"},
		{"reserved character", "put the text between quotes"},
		{"escape character", `between double quotes a backslash must be written twice`},
		{"value is not allowed", "indent the lines of one list or group alike"},
	} {
		if strings.Contains(text, h.says) {
			hint = h.hint
			break
		}
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\t", "tab"), "\n", " ")
	r.fault(value{at: at}, "not YAML (%s): %s", text, hint)
}

// A key is one key of a group: its name, a line that staff can copy where it must be there, and how it is read.
type key[T any] struct {
	name    string
	example string // "" where the key may be left out
	read    func(r *reader, v value, into *T)
}

// readGroup reads a group of keys strictly: no unknown key, none twice, none missing.
func readGroup[T any](r *reader, v value, keys []key[T], into *T) {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	seen := map[string]place{}
	entries, ok := r.group(v, strings.Join(names, ", "))
	if !ok {
		return
	}
	for _, e := range entries {
		i := slices.Index(names, e.key)
		first, twice := seen[e.key]
		_, alone := e.node.(*ast.NullNode)
		switch {
		case i < 0 && alone && strings.Trim(e.key, "0123456789") == "":
			r.fault(value{name: v.name, at: e.keyAt}, "a comma inside a number before %s: write the number without separators", donor.Quote(e.key))
		case i < 0:
			r.fault(value{name: v.name, at: e.keyAt}, "unknown key %s: %s", donor.Quote(e.key), didYouMean(e.key, names))
		case twice:
			r.fault(value{name: v.name, at: e.keyAt}, "key %q is here twice, first in line %d: keep one", e.key, first.line)
		default:
			seen[e.key] = e.keyAt
			r.places[e.path] = e.at
			keys[i].read(r, e.value, into)
		}
	}
	for _, k := range keys {
		if _, there := seen[k.name]; !there && k.example != "" {
			r.fault(v, "key %q is missing: add %s", k.name, k.example)
		}
	}
}

// An entry is one key of a group with its value.
type entry struct {
	value
	key   string
	keyAt place
}

// group lists the entries of a group in the order of the file; expected says which keys belong in it.
func (r *reader) group(v value, expected string) ([]entry, bool) {
	var nodes []*ast.MappingValueNode
	switch n := v.node.(type) {
	case *ast.MappingNode:
		nodes = n.Values
	case *ast.MappingValueNode:
		nodes = []*ast.MappingValueNode{n}
	default:
		r.fault(v, "expected a group of keys (%s), found %s", expected, kind(v.node))
		return nil, false
	}
	entries := make([]entry, 0, len(nodes))
	for _, n := range nodes {
		e := entry{key: n.Key.GetToken().Value, keyAt: placeOf(n.Key, v.at)}
		e.value = value{node: n.Value, name: join(v.name, e.key), path: join(v.path, e.key), at: placeOf(n.Value, e.keyAt)}
		if _, nothing := n.Value.(*ast.NullNode); nothing || opensLater(n.Value) {
			e.at = e.keyAt
		}
		entries = append(entries, e)
	}
	return entries, true
}

// list gives the items of a list; nothing at all is the empty list, anything else is a fault and not ok.
func (r *reader) list(v value, example string) (items []value, ok bool) {
	switch n := v.node.(type) {
	case nil, *ast.NullNode:
		return nil, true
	case *ast.SequenceNode:
		for i, item := range n.Values {
			it := value{node: item, name: v.name, path: fmt.Sprintf("%s[%d]", v.path, i), at: beginning(item, v.at)}
			r.places[it.path] = it.at
			items = append(items, it)
		}
		return items, true
	}
	r.fault(v, "expected a list, for example %s, found %s", example, kind(v.node))
	return nil, false
}

func isGroup(n ast.Node) bool {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return true
	}
	return false
}

// opensLater says whether a node's own position is that of a colon inside it: a group without brackets.
func opensLater(n ast.Node) bool {
	m, ok := n.(*ast.MappingNode)
	return isGroup(n) && !(ok && m.IsFlowStyle)
}

// placeOf is where a node begins, or the place given where the parser does not know.
func placeOf(n ast.Node, otherwise place) place {
	if n == nil {
		return otherwise
	}
	t := n.GetToken()
	if t == nil || t.Position == nil || t.Position.Line < 1 {
		return otherwise
	}
	return place{t.Position.Line, max(t.Position.Column, 1)}
}

// beginning is where staff see a node begin: a group at its first key.
func beginning(n ast.Node, otherwise place) place {
	if m, ok := n.(*ast.MappingNode); ok && opensLater(m) && len(m.Values) > 0 {
		return placeOf(m.Values[0].Key, otherwise)
	}
	return placeOf(n, otherwise)
}

// kind says in words what stands there.
func kind(n ast.Node) string {
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return "nothing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a group of keys"
	case *ast.SequenceNode:
		return "a list"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "the number " + plainly(n.GetToken().Value)
	case *ast.StringNode:
		return donor.Quote(n.Value)
	case *ast.LiteralNode:
		return "a text of several lines"
	}
	return donor.Quote(n.GetToken().Value)
}

func join(group, key string) string {
	if group == "" {
		return key
	}
	return group + "." + key
}

package templates

import "bytes"

// A sheet takes the parts of a letter in their order. The text part and the HTML part are two sheets given the same
// parts, so they say the same.
type sheet interface {
	paragraph(lines []byte) // lines divided by lineBreak
	item(lines []byte, first, last bool)
	sources(heading string, notes []string)
}

// lay divides a letter as it was written into paragraphs and lists and gives them to the sheets.
func lay(body []byte, sheets ...sheet) {
	for len(body) > 0 {
		var part []byte
		part, body = cutGap(body)
		layPart(bytes.TrimSpace(part), sheets...)
	}
}

// layPart gives the sheets what stands between two empty lines: a paragraph, a list, or one after the other.
func layPart(part []byte, sheets ...sheet) {
	text, items := part, []byte(nil)
	if bytes.HasPrefix(part, []byte("- ")) {
		text, items = nil, part
	} else if i := bytes.Index(part, []byte("\n- ")); i >= 0 {
		text, items = part[:i], part[i+1:]
	}
	if len(text) > 0 {
		for _, s := range sheets {
			s.paragraph(text)
		}
	}
	items = bytes.TrimPrefix(items, []byte("- "))
	for first := true; len(items) > 0; first = false {
		item, rest, more := bytes.Cut(items, []byte("\n- "))
		for _, s := range sheets {
			s.item(bytes.TrimSpace(item), first, !more)
		}
		items = rest
	}
}

// cutGap divides a letter at its first empty line, which may hold spaces around a choice that wrote nothing.
func cutGap(body []byte) (part, rest []byte) {
	for i := 0; i < len(body); i++ {
		if body[i] != '\n' {
			continue
		}
		end := i + 1
		for end < len(body) && (body[end] == ' ' || body[end] == '\t') {
			end++
		}
		if end < len(body) && body[end] == '\n' {
			return body[:i], body[end:]
		}
	}
	return body, nil
}

// endsWord tells the bytes that may end a word: white space, and 0xE2, the first of a line break.
var endsWord = [256]bool{' ': true, '\n': true, '\t': true, 0xE2: true}

// words calls each with the words of a line and whether a line ends before the word. No-break spaces are parts of
// words.
func words(lines []byte, each func(word []byte, newLine bool)) {
	newLine, from := true, 0
	for i := 0; i <= len(lines); {
		for i < len(lines) && !endsWord[lines[i]] {
			i++
		}
		size := 1
		if i < len(lines) && lines[i] == lineBreak[0] {
			if !bytes.HasPrefix(lines[i:], []byte(lineBreak)) {
				i++
				continue
			}
			size = len(lineBreak)
		}
		if i > from {
			each(lines[from:i], newLine)
			newLine = false
		}
		newLine = newLine || size > 1
		i += size
		from = i
	}
}

// hasMark says whether a source is marked anywhere in a paragraph: most have none, and their words are not searched.
func hasMark(lines []byte) bool { return bytes.Contains(lines, []byte(markOpen)) }

// cutMark divides a word at its first mark of a source.
func cutMark(word []byte) (before, number, rest []byte, found bool) {
	i := bytes.Index(word, []byte(markOpen))
	if i < 0 {
		return word, nil, nil, false
	}
	number, rest, _ = bytes.Cut(word[i+len(markOpen):], []byte(markClose))
	return word[:i], number, rest, true
}

package trial

import (
	"bytes"
	"slices"
	"strings"

	"outreach.example/letter"
)

// messageID finds the Message-ID, with its angle brackets, without reading the rest: each letter is asked for it on its
// way in.
func messageID(raw []byte) string {
	const field = "message-id:"
	for rest := raw; len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		if len(bytes.TrimSuffix(line, []byte("\r"))) == 0 {
			return "" // the header is over
		}
		if len(line) < len(field) || !strings.EqualFold(string(line[:len(field)]), field) {
			continue
		}
		value := slices.Clone(line[len(field):])
		for len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') { // RFC 5322 2.2.3: folded
			line, rest, _ = bytes.Cut(rest, []byte("\n"))
			value = append(value, line...)
		}
		return shorten(clean(string(value)), 998)
	}
	return ""
}

// letterOf is the letter that a Message-ID was made for, zero when it was made by someone else. The hash in it tells.
func letterOf(messageID string) letter.ID {
	local, domain, _ := strings.Cut(strings.Trim(messageID, "<>"), "@")
	p := strings.Split(local, ".")
	if len(p) != 4 {
		return letter.ID{}
	}
	id := letter.ID{Campaign: p[0], Donor: p[1], Step: p[2]}
	if letter.MessageID(id, domain) != messageID {
		return letter.ID{}
	}
	return id
}

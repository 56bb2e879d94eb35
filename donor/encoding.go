package donor

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// decoded is the content of a text file as UTF-8, or what is wrong with it.
type decoded struct {
	text    []byte
	line    int // of the fault or the warning; 0 for the whole file
	fault   string
	warning string
}

// decode reads UTF-8 (with or without a byte order mark), UTF-16 by its mark, and otherwise Windows-1252, which older
// spreadsheets write: only if every byte has a meaning there, and with a warning that shows the first cell so read.
func decode(content []byte) decoded {
	if text, ok := bytes.CutPrefix(content, []byte("\xef\xbb\xbf")); ok {
		content = text
	} else if order := mark(content); order != nil {
		if len(content)%2 != 0 {
			return decoded{fault: "the file ends in the middle of a UTF-16 character: save it again, as CSV UTF-8"}
		}
		content = fromUTF16(content[2:], order)
	}
	if at := bytes.IndexByte(content, 0); at >= 0 {
		return decoded{line: lineAt(content, at), fault: fmt.Sprintf("byte 0x00 at offset %d: this is not plain text, save it as CSV UTF-8", at)}
	}
	if utf8.Valid(content) {
		return decoded{text: content}
	}
	return fromWindows(content)
}

// mark is the byte order that a UTF-16 file declares, nil for none.
func mark(content []byte) binary.ByteOrder {
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xfe")):
		return binary.LittleEndian
	case bytes.HasPrefix(content, []byte("\xfe\xff")):
		return binary.BigEndian
	}
	return nil
}

func fromUTF16(content []byte, order binary.ByteOrder) []byte {
	text := make([]byte, 0, len(content))
	for i := 0; i < len(content); i += 2 {
		r := rune(order.Uint16(content[i:]))
		if utf16.IsSurrogate(r) && i+3 < len(content) {
			if pair := utf16.DecodeRune(r, rune(order.Uint16(content[i+2:]))); pair != utf8.RuneError {
				r, i = pair, i+2
			}
		}
		text = utf8.AppendRune(text, r) // half a pair becomes U+FFFD, which no cell may hold
	}
	return text
}

func fromWindows(content []byte) decoded {
	whole, broken, first := 0, 0, -1
	for i := 0; i < len(content); {
		if content[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(content[i:])
		if r == utf8.RuneError && size == 1 {
			if broken++; first < 0 {
				first = i
			}
		} else {
			whole++
		}
		i += size
	}
	if whole >= broken {
		return decoded{line: lineAt(content, first), fault: fmt.Sprintf(
			"byte 0x%02X at offset %d is not UTF-8 as the rest of the file: save it again, as CSV UTF-8", content[first], first)}
	}
	if at := slices.IndexFunc(content, undefined); at >= 0 {
		return decoded{line: lineAt(content, at), fault: fmt.Sprintf(
			"byte 0x%02X at offset %d is neither UTF-8 nor Windows-1252: save the file as CSV UTF-8", content[at], at)}
	}
	start, end := first, first
	for start > 0 && !bounds(content[start-1]) {
		start--
	}
	for end < len(content) && !bounds(content[end]) {
		end++
	}
	text, cell := windows(content), windows(content[start:end])
	return decoded{text: text, line: lineAt(content, first), warning: fmt.Sprintf(
		"not UTF-8, read as Windows-1252, which makes this cell %s: if that is wrong, save the file as CSV UTF-8", Quote(string(cell)))}
}

// undefined says whether a byte has no meaning in Windows-1252.
func undefined(b byte) bool {
	return b == 0x81 || b == 0x8d || b == 0x8f || b == 0x90 || b == 0x9d
}

// windows decodes bytes that all have a meaning in Windows-1252.
func windows(content []byte) []byte {
	text := make([]byte, 0, len(content)+len(content)/8)
	for _, b := range content {
		text = utf8.AppendRune(text, charmap.Windows1252.DecodeByte(b))
	}
	return text
}

// bounds says whether a byte may stand between two cells.
func bounds(b byte) bool { return bytes.IndexByte([]byte(",;\t\"\r\n"), b) >= 0 }

func lineAt(content []byte, at int) int { return 1 + bytes.Count(content[:at], []byte("\n")) }

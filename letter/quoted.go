package letter

// width is the most that a line of quoted-printable holds before the sign of a soft line break (RFC 2045 6.7).
const width = 75

// asItIs tells the bytes that quoted-printable leaves as they are: printing ASCII but the equals sign, and white space,
// which a line may not end with (RFC 2045 6.7, rules 2 and 3).
var asItIs = func() (as [256]bool) {
	for b := ' '; b <= '~'; b++ {
		as[b] = b != '='
	}
	as['\t'] = true
	return as
}()

// A quoted is text in quoted-printable, byte for byte as mime/quotedprintable writes it. That one looks at every byte by
// itself, and was the costliest part of a letter.
type quoted struct {
	out    []byte
	column int
	after  byte // the last byte of the text
}

// write adds text. Its line ends become CRLF, whichever they are.
func (q *quoted) write(s string) {
	for s != "" {
		if b := s[0]; b == '\n' || b == '\r' {
			if b != '\n' || q.after != '\r' {
				q.end()
				q.out, q.column = append(q.out, "\r\n"...), 0
			}
			q.after, s = b, s[1:]
			continue
		}
		n, room := 0, min(len(s), width-q.column)
		for n < room && asItIs[s[n]] {
			n++
		}
		if n > 0 {
			q.out, q.column = append(q.out, s[:n]...), q.column+n
			q.after, s = s[n-1], s[n:]
			continue
		}
		if b := s[0]; asItIs[b] {
			q.soft()
		} else {
			q.encode(b)
			q.after, s = b, s[1:]
		}
	}
}

func (q *quoted) encode(b byte) {
	const digits = "0123456789ABCDEF"
	if width-q.column < 3 {
		q.soft()
	}
	q.out, q.column = append(q.out, '=', digits[b>>4], digits[b&15]), q.column+3
}

func (q *quoted) soft() { q.out, q.column = append(q.out, "=\r\n"...), 0 }

// end encodes white space before the end of a line, or of the text.
func (q *quoted) end() {
	if last := len(q.out) - 1; q.column > 0 && (q.out[last] == ' ' || q.out[last] == '\t') {
		b := q.out[last]
		q.out, q.column = q.out[:last], q.column-1
		q.encode(b)
	}
}

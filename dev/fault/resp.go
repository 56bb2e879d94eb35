package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
)

// frame reads one value of Redis's protocol, RESP 2 or 3, and returns its bytes as they came. args takes the words of a
// command, which is an array of strings; nil for answers, where nobody asks.
func frame(r *bufio.Reader, into []byte, args *[]string) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return into, err
	}
	if len(line) < 3 {
		return into, fmt.Errorf("a line of %d bytes", len(line))
	}
	into = append(into, line...)
	kind, n := line[0], 0
	switch kind {
	case '$', '=', '!', '*', '~', '>', '%', '|':
		if n, err = strconv.Atoi(string(line[1 : len(line)-2])); err != nil {
			return into, fmt.Errorf("length %q", line)
		}
	case '+', '-', ':', ',', '#', '_', '(':
		return into, nil
	default:
		return into, fmt.Errorf("unknown kind %q", kind)
	}
	switch kind {
	case '$', '=', '!':
		if n < 0 {
			return into, nil
		}
		from := len(into)
		into = append(into, make([]byte, n+2)...)
		if _, err := io.ReadFull(r, into[from:]); err != nil {
			return into, err
		}
		if args != nil {
			*args = append(*args, string(into[from:from+n]))
		}
		return into, nil
	case '%':
		n *= 2
	case '|':
		n = 2*n + 1 // an attribute stands before the value it speaks of
	}
	for range max(n, 0) {
		if into, err = frame(r, into, args); err != nil {
			return into, err
		}
	}
	return into, nil
}

package letter

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
)

// A line of an encoded file holds lineBytes of it in 76 characters (RFC 2045 6.8).
const lineBytes = 57

// ChunkBytes is a piece of a file that is encoded by itself: whole lines, so that pieces follow one another.
const ChunkBytes = lineBytes * 4096

// Encoded is a file as a message carries it. It takes the file piece by piece, so that of a file of some megabytes only
// this form is ever held, and it may be attached to any number of letters.
type Encoded struct{ text []byte }

// NewEncoded makes room for a file of so many bytes.
func NewEncoded(size int) *Encoded { return &Encoded{text: make([]byte, 0, EncodedLen(size))} }

// EncodedLen is how many bytes a file of a size takes in a message.
func EncodedLen(size int) int {
	n := base64.StdEncoding.EncodedLen(size)
	return n + 2*((n+75)/76)
}

// Add encodes the next piece: ChunkBytes of the file, or its last and shorter one.
func (e *Encoded) Add(piece []byte) {
	for len(piece) > 0 {
		n := min(len(piece), lineBytes)
		e.text = append(base64.StdEncoding.AppendEncode(e.text, piece[:n]), '\r', '\n')
		piece = piece[n:]
	}
}

// Bytes is the file in lines that end in CRLF.
func (e *Encoded) Bytes() []byte { return e.text }

var fileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)

// check compares what the content says of a file with the file at hand, and refuses a name that some mail program would
// show otherwise than it was approved.
func (a Attachment) check(file []byte) error {
	switch {
	case (a == Attachment{}) != (file == nil):
		return errors.New("the file that goes with the letter is missing, or there is one too many")
	case a != Attachment{} && !fileName.MatchString(a.Name):
		return fmt.Errorf("%s cannot be the name of an attachment", shown(a.Name))
	}
	return nil
}

// insert puts an encoded file where go-mail has written an empty one: it would encode the file for each letter anew, into
// a buffer that grows with it.
func insert(b *bytes.Buffer, file []byte) error {
	at := bytes.LastIndex(b.Bytes(), []byte("\r\n--")) // the boundary that ends the message
	if at < 0 || !bytes.HasSuffix(b.Bytes()[:at], []byte("\r\n\r\n")) {
		return errors.New("the message has no place for its attachment")
	}
	end := bytes.Clone(b.Bytes()[at:])
	b.Truncate(at)
	b.Write(file)
	b.Write(end[2:]) // the file has its line end
	return nil
}

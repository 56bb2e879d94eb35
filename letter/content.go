package letter

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"sync"

	"outreach.example/donor"
)

// DateMark stands in Content for the letter's date until the ledger has fixed it: content is rendered, hashed and
// approved with the mark, and Seal puts the printed date in its place. Private-use runes, which no text may hold.
const DateMark = markFirst + "date" + markLast

const markFirst, markLast = "\uE000", "\uE001"

// Content is a letter before it has a date: everything a reader will see and everyone it goes to.
type Content struct {
	ID         ID
	Language   string
	From       donor.Mailbox
	Sender     donor.Mailbox // the mailbox that sends for From; zero when From sends itself
	ReplyTo    donor.Mailbox
	To         donor.Mailbox
	Cc         []donor.Mailbox
	Registry   string // registry copy: in the envelope only; "" for none
	ReturnPath string // MAIL FROM
	Subject    string
	Text       string
	HTML       string
	References []string // Message-IDs of the earlier steps to this donor, oldest first, with their angle brackets
	OptOut     OptOut
	Attachment Attachment
}

// OptOut is how a reader may ask not to be written to by one click of the mail program (RFC 2369 3.2, RFC 8058). Letters
// to governments usually offer none.
type OptOut struct {
	Web     bool   // by a link to the house's page
	Address string // by a mail to this address; "" for none
}

// An Attachment is a file that goes with a letter; the zero value is none. Its bytes travel beside the content.
type Attachment struct {
	Name string // as the reader sees it, in ASCII
	Hash string // hex of SHA-256 over the file
}

// Envelope is who a sealed letter is handed over for.
type Envelope struct {
	From     string
	To       string
	Cc       []string
	Registry string
}

// Sealed is a letter as bytes, complete before any connection is opened.
type Sealed struct {
	ID          ID
	Envelope    Envelope
	MessageID   string
	ContentHash string // hex of SHA-256, of what was approved
	ByteHash    string // hex of SHA-256 over Bytes
	Bytes       []byte // RFC 5322, lines end in CRLF, not dot-stuffed
}

// contentForm opens what Hash hashes. A field that is added later stands at the end of the form and only where it says
// something, so that a letter which was approved before keeps its hash.
const contentForm = "outreach content 1"

var forms = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

// Hash is the hex SHA-256 over everything in the content, with its date as the mark: what is approved, and what is
// compared again when the letter leaves. Each field is preceded by its length and each list by its number of fields,
// so that no two contents have one form.
func (c *Content) Hash() string {
	pooled := forms.Get().(*[]byte)
	defer forms.Put(pooled)
	*pooled = c.AppendForm((*pooled)[:0])
	sum := sha256.Sum256(*pooled)
	return hex.EncodeToString(sum[:])
}

// AppendForm appends what Hash hashes: whoever keeps it can prove the hash with any SHA-256.
func (c *Content) AppendForm(b []byte) []byte {
	b = field(b, contentForm)
	for _, s := range [...]string{c.ID.Campaign, c.ID.Donor, c.ID.Step, c.Language} {
		b = field(b, s)
	}
	for _, m := range [...]donor.Mailbox{c.From, c.Sender, c.ReplyTo, c.To} {
		b = field(field(b, m.Name), m.Address)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(len(c.Cc)))
	for _, m := range c.Cc {
		b = field(field(b, m.Name), m.Address)
	}
	for _, s := range [...]string{c.Registry, c.ReturnPath, c.Subject, c.Text, c.HTML} {
		b = field(b, s)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(len(c.References)))
	for _, s := range c.References {
		b = field(b, s)
	}
	if c.OptOut != (OptOut{}) {
		web := "mail"
		if c.OptOut.Web {
			web = "web"
		}
		b = field(field(field(b, "opt-out"), web), c.OptOut.Address)
	}
	if c.Attachment != (Attachment{}) {
		b = field(field(field(b, "attachment"), c.Attachment.Name), c.Attachment.Hash)
	}
	return b
}

// field appends the length of s and s.
func field(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint64(b, uint64(len(s))), s...)
}

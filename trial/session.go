package trial

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// How long a connection may say nothing, and how long a reply may take to be written (RFC 5321, 4.5.3.2.7).
const (
	idleTime  = 5 * time.Minute
	replyTime = time.Minute
)

// The replies of the mailbox that go-smtp has no words for. All but the last two come before the final dot.
var (
	replyForeign = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "This mailbox is for trials and takes only addresses under .example; nothing was sent to this one"}
	replyFull    = &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "The built-in mailbox is full; end this trial and start another"}
	replyEmpty   = &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "A letter without a single byte was not kept"}
	replyUnkept  = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "The letter could not be kept; nothing of it remains here"}
)

// newSMTP is the server; it offers PIPELINING, 8BITMIME, SIZE, ENHANCEDSTATUSCODES and CHUNKING, no TLS and no login.
func newSMTP(m *Mailbox, log *slog.Logger) *smtp.Server {
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{mailbox: m, wire: c.Conn().(*wire), log: log}, nil
	}))
	s.Domain = "mailbox.example"
	s.MaxMessageBytes = maxLetter
	s.MaxRecipients = 100
	s.ReadTimeout = idleTime
	s.WriteTimeout = replyTime
	s.ErrorLog = serverLog{log}
	return s
}

// serverLog takes what go-smtp has to say: connections that broke, and panics.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Printf(format string, v ...any) {
	event, level := strings.TrimSpace(fmt.Sprintf(format, v...)), slog.LevelDebug
	if strings.HasPrefix(event, "panic") {
		level = slog.LevelError
	}
	l.log.Log(context.Background(), level, "built-in mailbox", "event", event)
}

func (l serverLog) Println(v ...any) { l.Printf("%s", fmt.Sprintln(v...)) }

// A session is one connection after EHLO, with the letter it is about to hand over.
type session struct {
	mailbox *Mailbox
	wire    *wire
	log     *slog.Logger

	from   string
	rcpts  []string
	struck bool // the weather took this letter: its other recipients wait too
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.mailbox.shelf.full() {
		return replyFull
	}
	s.wire.busy(true)
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if !fictional(to) {
		return replyForeign
	}
	if s.struck {
		return replyOthers
	}
	if w := s.mailbox.weather; w != nil && len(s.rcpts) == 0 {
		if err := w.strike(s.wire, to); err != nil {
			s.struck = true
			return err
		}
	}
	s.rcpts = append(s.rcpts, to)
	return nil
}

// fictional says whether an address lies under the reserved domain .example (RFC 2606).
func fictional(address string) bool {
	domain := strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
	return strings.HasSuffix(domain, ".example") || domain == "example"
}

// buffers hold letters on their way in, so that each is copied once, to its own size.
var buffers = sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, 32<<10)) }}

// Data takes the content and answers for it: whoever reads 250 may rely on the letter being kept.
func (s *session) Data(r io.Reader) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= 1<<20 {
			buf.Reset()
			buffers.Put(buf)
		}
	}()
	if _, err := buf.ReadFrom(r); err != nil {
		return err // cut off in the middle, or longer than SIZE: nothing is kept
	}
	if s.wire.cutOff {
		return replyUnkept // nobody can read the answer, so nothing may be kept
	}
	if buf.Len() == 0 {
		return replyEmpty
	}
	if err := s.mailbox.shelf.add(s.from, s.rcpts, bytes.Clone(buf.Bytes())); err != nil {
		s.log.Error("letter not kept", "error", err)
		return replyUnkept
	}
	return nil
}

// Reset comes after the answer to the dot was written, and whenever a letter is given up.
func (s *session) Reset() {
	s.from, s.rcpts, s.struck = "", nil, false
	s.wire.before354 = nil
	s.wire.busy(false)
}

func (s *session) Logout() error { return nil }

package trial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"outreach.example/letter"
)

// What the mailbox takes when Options leave it open.
const (
	defaultLetters = 100_000
	defaultBytes   = 4 << 30
	defaultMemory  = 64 << 20
	defaultHang    = 30 * time.Second
)

// maxLetter is the size of one letter, in bytes, that the mailbox announces and takes (RFC 1870).
const maxLetter = 25 << 20

// Options are how a mailbox behaves. Now is required, the rest may be zero.
type Options struct {
	Now     func() time.Time // when a letter came in
	Weather bool             // put off, refuse, hang on and cut off some letters before their final dot
	Seed    uint64           // which letters the weather strikes
	Hang    time.Duration    // how long a held answer is held before the connection is cut; 30 s unless said otherwise
	KeepDir string           // a folder without letters, made when missing: each letter is also written there as .eml
	SMTP    string           // loopback address for letters; any free port unless said otherwise
	Pages   string           // loopback address for the pages; any free port unless said otherwise
	Log     *slog.Logger     // what went wrong inside; nil for nowhere

	// Name is a donor's short name by its id, for the pages; without it, or when it returns "", the id stands there.
	Name func(donor string) string

	MaxLetters int   // letters kept, 100,000 unless said otherwise; past it MAIL is answered with 452
	MaxBytes   int64 // bytes kept, 4 GiB unless said otherwise; past it MAIL is answered with 452
	MaxMemory  int64 // bytes of letters kept in memory, 64 MiB unless said otherwise; later ones lie in a temporary file
}

// A Mailbox takes every letter to an address under .example, keeps it, and shows it on pages of its own.
type Mailbox struct {
	shelf   *shelf
	weather *weather
	door    *door
	smtp    *smtp.Server
	pages   *http.Server

	smtpAddr, pagesURL string
	served             chan struct{} // closed when both servers have returned
	stop               context.CancelFunc

	closing  sync.Once
	closeErr error
}

// StartMailbox starts a mailbox: an SMTP server without TLS or login, and the pages, each on a loopback port.
func StartMailbox(o Options) (*Mailbox, error) {
	if o.Now == nil {
		return nil, errors.New("built-in mailbox: no clock given")
	}
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	shelf, err := newShelf(o)
	if err != nil {
		return nil, err
	}
	letters, err := listen("built-in mailbox", o.SMTP)
	if err != nil {
		return nil, errors.Join(err, shelf.close())
	}
	pages, err := listen("pages of the built-in mailbox", o.Pages)
	if err != nil {
		return nil, errors.Join(err, letters.Close(), shelf.close())
	}

	ctx, stop := context.WithCancel(context.Background())
	m := &Mailbox{
		shelf:    shelf,
		door:     &door{Listener: letters, wires: map[*wire]bool{}},
		smtpAddr: letters.Addr().String(),
		pagesURL: "http://" + pages.Addr().String() + "/",
		served:   make(chan struct{}),
		stop:     stop,
	}
	if o.Weather {
		m.weather = &weather{seed: o.Seed, hang: cmp.Or(o.Hang, defaultHang), over: ctx.Done(), attempts: map[string]int{}}
	}
	m.smtp = newSMTP(m, o.Log)
	m.pages = newPages(shelf, o.Log)
	go func() {
		defer close(m.served)
		taken := make(chan struct{})
		go func() {
			defer close(taken)
			if err := m.smtp.Serve(m.door); err != nil {
				o.Log.Error("built-in mailbox stopped", "error", err)
			}
		}()
		if err := m.pages.Serve(pages); !errors.Is(err, http.ErrServerClosed) {
			o.Log.Error("pages of the built-in mailbox stopped", "error", err)
		}
		<-taken
	}()
	return m, nil
}

// SMTPAddr is host:port for letters.
func (m *Mailbox) SMTPAddr() string { return m.smtpAddr }

// PagesURL is where the letters can be read, ending in a slash.
func (m *Mailbox) PagesURL() string { return m.pagesURL }

// Accepted is how many letters were taken, doubles included.
func (m *Mailbox) Accepted() int { return m.shelf.count().accepted }

// Doubles is how many letters were taken although one with the same Message-ID lay here already.
func (m *Mailbox) Doubles() int { return m.shelf.count().doubles }

// Weather is what the weather has done so far; all zero without it.
func (m *Mailbox) Weather() WeatherCount {
	if m.weather == nil {
		return WeatherCount{}
	}
	return m.weather.count()
}

// A Message is one letter as it was taken.
type Message struct {
	Number     int // from 1, in the order in which letters began to come in
	Received   time.Time
	From       string    // MAIL FROM
	Recipients []string  // RCPT TO, in order
	MessageID  string    // with its angle brackets; "" when the letter has none
	Letter     letter.ID // that the Message-ID was made for; zero when it was made elsewhere
	Raw        []byte    // exactly the bytes between DATA and the final dot, dot-stuffing undone
}

// Messages are all letters taken so far, oldest first.
func (m *Mailbox) Messages() ([]Message, error) {
	entries := m.shelf.all()
	messages := make([]Message, 0, len(entries))
	for _, e := range entries {
		raw, err := e.raw()
		if err != nil {
			return nil, fmt.Errorf("letter %d of the built-in mailbox: %w", e.number, err)
		}
		messages = append(messages, Message{e.number, e.received, e.from, e.rcpts, e.id, e.letter, raw})
	}
	return messages, nil
}

// Close stops taking letters, lets those that are coming in finish until ctx ends, then closes what is left open.
// Closing again says what it came to the first time.
func (m *Mailbox) Close(ctx context.Context) error {
	m.closing.Do(func() { m.closeErr = m.close(ctx) })
	return m.closeErr
}

func (m *Mailbox) close(ctx context.Context) error {
	m.stop()
	drained := make(chan error, 1)
	go func() { drained <- m.smtp.Shutdown(context.Background()) }()
	err := m.door.drain()
	if late := m.pages.Shutdown(ctx); late != nil {
		err = errors.Join(err, late, m.pages.Close())
	}
	select {
	case <-ctx.Done():
		m.door.shut()
		err = errors.Join(err, ctx.Err(), <-drained)
	case closed := <-drained:
		err = errors.Join(err, closed)
	}
	<-m.served
	return errors.Join(err, m.shelf.close())
}

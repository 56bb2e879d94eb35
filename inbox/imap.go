package inbox

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
)

// Security is how a connection to a mail server is kept secret.
type Security string

// The ways. None is for this machine only.
const (
	Implicit Security = "implicit" // TLS from the first byte (RFC 8314 3.2)
	StartTLS Security = "starttls"
	NoTLS    Security = "none"
)

// IMAP is one mailbox on a server. It is opened for reading only (EXAMINE), so that no mail in it is changed, moved, deleted
// or shown as read.
type IMAP struct {
	Title    string // as settings and pages name it
	Server   string // host:port
	Security Security
	User     string
	Mailbox  string
	OAuth    bool                                      // the secret is an access token, for XOAUTH2
	Secret   func(ctx context.Context) (string, error) // read anew for every login, so that it can be changed
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	CAFile   string // authority of a server whose certificate the machine does not know; "" for the machine's own

	client   *imapclient.Client
	news     chan struct{}
	at       place
	listed   uint32          // the highest UID that was listed
	pending  map[uint32]bool // listed and not read
	restart  bool
	validity uint32
	mails    uint32 // when the mailbox was opened
}

// Name is how settings name the mailbox.
func (i *IMAP) Name() string { return i.Title }

// Close ends the connection.
func (i *IMAP) Close() {
	if i.client != nil {
		_ = i.client.Close()
		i.client = nil
	}
}

// slow is how long a server may take for one answer.
const slow = 2 * time.Minute

// during closes the connection when ctx ends or the server takes too long: the library waits for ever.
func (i *IMAP) during(ctx context.Context, most time.Duration, do func() error) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	client := i.client
	stop := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer stop()
	err := do()
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%s does not answer within %v", i.Server, most)
	}
	return err
}

// open connects, logs in and opens the mailbox, where that is not done.
func (i *IMAP) open(ctx context.Context) error {
	if i.client != nil {
		select {
		case <-i.client.Closed():
			i.Close()
		default:
			return nil
		}
	}
	if err := i.login(ctx); err != nil {
		i.Close()
		return err
	}
	var box *imap.SelectData
	err := i.during(ctx, slow, func() (err error) {
		box, err = i.client.Select(i.Mailbox, &imap.SelectOptions{ReadOnly: true}).Wait()
		return err
	})
	if err != nil {
		i.Close()
		return fmt.Errorf("mailbox %s on %s cannot be opened: %w", i.Mailbox, i.Server, err)
	}
	if box.UIDValidity != i.at.validity || i.pending == nil {
		// RFC 3501 2.3.1.1: under another UIDVALIDITY old numbers mean nothing. All is read again; what a mail did, it does once.
		if box.UIDValidity != i.at.validity {
			i.at = place{validity: box.UIDValidity}
		}
		i.listed, i.pending = i.at.uid, map[uint32]bool{}
	}
	// Not of i.client.Mailbox: the library answers a command first and notes its mailbox afterwards.
	i.validity, i.mails = box.UIDValidity, box.NumMessages
	return nil
}

// login connects and logs in. No secret stands in an error.
func (i *IMAP) login(ctx context.Context) error {
	secret, err := i.Secret(ctx)
	if err != nil {
		return err
	}
	dial := i.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 30 * time.Second}).DialContext
	}
	conn, err := dial(ctx, "tcp", i.Server)
	if err != nil {
		return fmt.Errorf("%s cannot be reached: %w", i.Server, err)
	}
	if i.client, err = i.secure(ctx, conn); err != nil {
		_ = conn.Close()
		return err
	}
	return i.during(ctx, slow, func() error { return i.authenticate(secret) })
}

// secure makes the connection as secret as it is to be.
func (i *IMAP) secure(ctx context.Context, conn net.Conn) (*imapclient.Client, error) {
	host, _, err := net.SplitHostPort(i.Server)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if i.CAFile != "" {
		b, err := os.ReadFile(i.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(b) {
			return nil, fmt.Errorf("ca_file: %s holds no certificate in PEM", i.CAFile)
		}
	}
	news := make(chan struct{}, 1)
	i.news = news
	o := &imapclient.Options{TLSConfig: config, UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(data *imapclient.UnilateralDataMailbox) {
			if data.NumMessages != nil {
				select {
				case news <- struct{}{}:
				default:
				}
			}
		},
	}}
	_ = conn.SetDeadline(time.Now().Add(slow))
	defer func() { _ = conn.SetDeadline(time.Time{}) }()
	var client *imapclient.Client
	switch i.Security {
	case Implicit:
		t := tls.Client(conn, config)
		if err := t.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("%s: TLS: %w", i.Server, err)
		}
		client = imapclient.New(t, o)
	case StartTLS:
		if client, err = imapclient.NewStartTLS(conn, o); err != nil {
			return nil, fmt.Errorf("%s: STARTTLS: %w", i.Server, err)
		}
	default:
		client = imapclient.New(conn, o)
	}
	if err := client.WaitGreeting(); err != nil {
		_ = client.Close()
		return nil, fmt.Errorf("%s does not greet as an IMAP server: %w", i.Server, err)
	}
	return client, nil
}

func (i *IMAP) authenticate(secret string) error {
	caps := i.client.Caps()
	var err error
	switch {
	case i.OAuth && !caps.Has(imap.AuthCap("XOAUTH2")):
		return fmt.Errorf("%s offers no XOAUTH2; give a password_file instead of a token", i.Server)
	case i.OAuth:
		err = i.client.Authenticate(&xoauth2{user: i.User, token: secret})
	case caps.Has(imap.AuthCap(sasl.Plain)):
		err = i.client.Authenticate(sasl.NewPlainClient("", i.User, secret))
	case caps.Has(imap.CapLoginDisabled):
		return fmt.Errorf("%s takes no password on this connection; use tls=starttls or imaps", i.Server)
	default:
		err = i.client.Login(i.User, secret).Wait()
	}
	if err != nil {
		what := "password"
		if i.OAuth {
			what = "access token"
		}
		return fmt.Errorf("%s refuses the %s of %s: %w", i.Server, what, i.User, err)
	}
	return nil
}

// xoauth2 logs in with an access token, as Microsoft 365 and Gmail want it. A refusal comes as a challenge, which is answered
// with nothing.
type xoauth2 struct{ user, token string }

func (x *xoauth2) Start() (mech string, ir []byte, err error) {
	return "XOAUTH2", []byte("user=" + x.user + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

func (x *xoauth2) Next([]byte) ([]byte, error) { return []byte{}, nil }

// Try opens the mailbox and says how many mails it holds. Nothing changes.
func (i *IMAP) Try(ctx context.Context) (mails uint32, err error) {
	defer i.Close()
	if err := i.open(ctx); err != nil {
		return 0, err
	}
	return i.mails, nil
}

func (i *IMAP) forget(_ context.Context, from place) {
	i.Close()
	i.at, i.listed, i.pending = from, from.uid, nil
}

func (i *IMAP) again() { i.restart = true }

// key names a mail by its mailbox, UIDVALIDITY and UID, which name it for ever (RFC 3501 2.3.1.1).
func (i *IMAP) key(uid uint32) uint64 {
	h := sha256.New()
	fmt.Fprintf(h, "imap\n%s\n%s\n%s\n%d\n%d", i.Server, i.User, i.Mailbox, i.validity, uid)
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// list asks for the numbers and sizes of what came since the last list, and for no mail.
func (i *IMAP) list(ctx context.Context, _ func(uint64) bool, _ time.Time) ([]item, error) {
	if err := i.open(ctx); err != nil {
		return nil, err
	}
	if i.restart {
		i.restart, i.listed, i.pending = false, i.at.uid, map[uint32]bool{}
	}
	var out []item
	err := i.during(ctx, 10*time.Minute, func() error {
		set := imap.UIDSet{}
		set.AddRange(imap.UID(i.listed+1), 0)
		cmd := i.client.Fetch(set, &imap.FetchOptions{UID: true, RFC822Size: true})
		for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
			b, err := msg.Collect()
			if err != nil {
				_ = cmd.Close()
				return err
			}
			uid := uint32(b.UID)
			// "n:*" gives the last mail though its number is lower (RFC 3501 6.4.8).
			if uid <= i.at.uid || i.pending[uid] {
				continue
			}
			// What is known is listed as well: only what the ledger has as read moves the place.
			i.pending[uid] = true
			out = append(out, item{key: i.key(uid), size: b.RFC822Size, uid: uid})
		}
		return cmd.Close()
	})
	if err != nil {
		i.Close()
		i.restart = true
		return nil, fmt.Errorf("mailbox %s on %s: %w", i.Mailbox, i.Server, err)
	}
	for uid := range i.pending {
		i.listed = max(i.listed, uid)
	}
	return out, nil
}

// fetch reads one mail without marking it as read (BODY.PEEK).
func (i *IMAP) fetch(ctx context.Context, it item, part int64) (b []byte, cut bool, err error) {
	if err := i.open(ctx); err != nil {
		return nil, false, err
	}
	if i.key(it.uid) != it.key {
		return nil, false, errors.New("the mailbox was made anew while it was read")
	}
	section := &imap.FetchItemBodySection{Peek: true}
	most := int64(maxMail)
	if cut = it.size > maxMail; cut {
		most = part
		section.Partial = &imap.SectionPartial{Offset: 0, Size: part}
	}
	found := false
	err = i.during(ctx, 10*time.Minute, func() error {
		cmd := i.client.Fetch(imap.UIDSetNum(imap.UID(it.uid)), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}})
		for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
			for data := msg.Next(); data != nil; data = msg.Next() {
				body, ok := data.(imapclient.FetchItemDataBodySection)
				if !ok || body.Literal == nil {
					continue
				}
				var err error
				if b, err = io.ReadAll(io.LimitReader(body.Literal, most+1)); err != nil {
					return err
				}
				if found = true; int64(len(b)) > most {
					// Larger than the server said.
					b, cut = b[:min(part, most)], true
				}
			}
		}
		return cmd.Close()
	})
	switch {
	case err != nil:
		i.Close()
		return nil, false, fmt.Errorf("mail %d in %s on %s: %w", it.uid, i.Mailbox, i.Server, err)
	case !found:
		return nil, false, errGone
	}
	return b, cut, nil
}

// place is how far everything was read: below the first mail that is still to be read.
func (i *IMAP) place(done []uint64) place {
	if i.pending == nil {
		return i.at
	}
	read := make(map[uint64]bool, len(done))
	for _, k := range done {
		read[k] = true
	}
	lowest := i.listed + 1
	for uid := range i.pending {
		if read[i.key(uid)] {
			delete(i.pending, uid)
			continue
		}
		lowest = min(lowest, uid)
	}
	i.at = place{validity: i.validity, uid: max(i.at.uid, lowest-1)}
	return i.at
}

// wait idles (RFC 2177) until the server tells of news, or, where it cannot, for a while.
func (i *IMAP) wait(ctx context.Context, atMost time.Duration) error {
	if err := i.open(ctx); err != nil {
		return err
	}
	t := time.NewTimer(atMost)
	defer t.Stop()
	if !i.client.Caps().Has(imap.CapIdle) {
		t.Reset(min(atMost, poll))
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		return nil
	}
	var idle *imapclient.IdleCommand
	err := i.during(ctx, slow, func() (err error) {
		idle, err = i.client.Idle()
		return err
	})
	if err != nil {
		return fmt.Errorf("mailbox %s on %s: IDLE: %w", i.Mailbox, i.Server, err)
	}
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-i.news:
	case <-i.client.Closed():
	}
	return i.during(context.WithoutCancel(ctx), 20*time.Second, func() error {
		if err := idle.Close(); err != nil {
			return fmt.Errorf("mailbox %s on %s: IDLE: %w", i.Mailbox, i.Server, err)
		}
		return idle.Wait()
	})
}

// poll is how often a server is asked that cannot tell by itself.
const poll = 20 * time.Second

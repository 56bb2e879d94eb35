package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"outreach.example/donor"
	"outreach.example/inbox"
	"outreach.example/ledger"
)

// box is one mailbox of the setting inbox. In the environment and on the command line it is a URL, whose query holds what
// outreach.yaml writes as fields: imaps://desk@imap.iom.example/INBOX?kind=reply&password_file=/run/secrets/desk
type box struct {
	replies bool
	folder  string
	url     *url.URL // of IMAP
	tls     inbox.Security
	field   map[string]string
}

// mailboxFields are the fields of a mailbox, in the order of docs/inbox.md.
var mailboxFields = []string{"kind", "url", "folder", "name", "password_file", "token_file", "token_command", "ca_file"}

// mailboxList is the list in outreach.yaml as the one text that the environment would hold.
func mailboxList(list *ast.SequenceNode, faults *donor.Faults) string {
	var all []string
	for _, n := range list.Values {
		at := n.GetToken().Position
		field := map[string]string{}
		entries := []*ast.MappingValueNode{}
		switch n := n.(type) {
		case *ast.MappingNode:
			entries = n.Values
		case *ast.MappingValueNode:
			entries = append(entries, n)
		default:
			if text, one := value(n); one {
				all = append(all, text)
				continue
			}
			faults.Addf(settingsFile, at.Line, at.Column, "inbox: expected a mailbox, with kind: reply or registry, and url: or folder:")
			continue
		}
		if len(entries) > 0 {
			at = entries[0].Key.GetToken().Position
		}
		for _, e := range entries {
			key, pos := e.Key.GetToken().Value, e.Key.GetToken().Position
			text, one := value(e.Value)
			switch {
			case !slices.Contains(mailboxFields, key):
				faults.Addf(settingsFile, pos.Line, pos.Column, "inbox: unknown field %q (there are: %s)", key, strings.Join(mailboxFields, ", "))
			case field[key] != "":
				faults.Addf(settingsFile, pos.Line, pos.Column, "inbox: %s is set twice", key)
			case !one || text == "":
				faults.Addf(settingsFile, pos.Line, pos.Column, "inbox: %s: expected one value", key)
			default:
				field[key] = text
			}
		}
		text, err := oneMailbox(field)
		if err == nil {
			_, err = parseMailbox(text)
		}
		if err != nil {
			faults.Addf(settingsFile, at.Line, at.Column, "inbox: %s", err)
			continue
		}
		all = append(all, text)
	}
	return strings.Join(all, "\n")
}

// oneMailbox writes the fields of a mailbox as a URL.
func oneMailbox(field map[string]string) (string, error) {
	u := &url.URL{Scheme: "folder"}
	switch {
	case field["url"] != "" && field["folder"] != "":
		return "", errors.New("a mailbox has a url or a folder, not both")
	case field["url"] == "" && field["folder"] == "":
		return "", errors.New("a mailbox needs url (imaps://USER@HOST/MAILBOX) or folder")
	case field["url"] != "":
		var err error
		if u, err = url.Parse(field["url"]); err != nil {
			return "", fmt.Errorf("url: %q is none; write imaps://USER@HOST/MAILBOX", field["url"])
		}
	}
	q := u.Query()
	for k, v := range field {
		if k != "url" {
			q.Set(k, v)
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// parseMailboxes reads the setting.
func parseMailboxes(text string) (all []box, err error) {
	var faults []string
	for _, line := range strings.Fields(text) {
		m, err := parseMailbox(line)
		if err != nil {
			faults = append(faults, err.Error())
			continue
		}
		if slices.ContainsFunc(all, func(x box) bool { return x.name() == m.name() }) {
			faults = append(faults, m.name()+" is named twice")
		}
		all = append(all, m)
	}
	if faults != nil {
		return nil, errors.New(strings.Join(faults, "; "))
	}
	return all, nil
}

func checkMailboxes(text string) error {
	_, err := parseMailboxes(text)
	return err
}

func parseMailbox(text string) (m box, err error) {
	u, err := url.Parse(text)
	if err != nil {
		return m, errors.New("a mailbox cannot be read as a URL; write imaps://USER@HOST/MAILBOX?kind=reply&password_file=FILE")
	}
	m.field = map[string]string{}
	for k, v := range u.Query() {
		if k != "tls" && !slices.Contains(mailboxFields, k) {
			return m, fmt.Errorf("unknown field %q of a mailbox (there are: %s)", k, strings.Join(mailboxFields, ", "))
		}
		m.field[k] = v[0]
	}
	switch m.field["kind"] {
	case "reply", "registry":
		m.replies = m.field["kind"] == "reply"
	default:
		return m, fmt.Errorf("kind: %q is neither reply nor registry", m.field["kind"])
	}
	if u.Scheme == "folder" {
		if m.folder = cmp.Or(m.field["folder"], u.Path); m.folder == "" {
			return m, errors.New("folder: names no folder; write folder:///var/mail/desk?kind=reply")
		}
		return m, nil
	}
	m.url = u
	return m, m.checkServer()
}

// checkServer checks what a mailbox on a server needs.
func (m *box) checkServer() error {
	u := m.url
	if _, has := u.User.Password(); has {
		return errors.New("url: no password stands in a url; name a file of it in password_file")
	}
	if u.Hostname() == "" || u.User.Username() == "" {
		return fmt.Errorf("url: %q names no user or no server; write imaps://USER@HOST/MAILBOX, with %%40 for an @ in the user", u.Redacted())
	}
	switch how := m.field["tls"]; {
	case u.Scheme == "imaps" && how == "":
		m.tls = inbox.Implicit
	case u.Scheme == "imap" && (how == "" || how == "starttls"):
		m.tls = inbox.StartTLS
	case u.Scheme == "imap" && how == "none":
		if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return fmt.Errorf("url: tls=none would show the password of %s to the whole network; it is for this machine only", u.User.Username())
		}
		m.tls = inbox.NoTLS
	case u.Scheme != "imap" && u.Scheme != "imaps":
		return fmt.Errorf("url: %s:// is no mailbox (there are: imaps:// and imap://)", u.Scheme)
	default:
		return fmt.Errorf("url: tls=%s is not for %s:// (there are: imaps:// alone, imap:// with tls=starttls, and tls=none on this machine)", how, u.Scheme)
	}
	secrets := 0
	for _, k := range []string{"password_file", "token_file", "token_command"} {
		if m.field[k] != "" {
			secrets++
		}
	}
	if secrets != 1 {
		return fmt.Errorf("%s needs one of password_file, token_file and token_command", m.name())
	}
	return nil
}

// name is the mailbox as pages show it: no secret stands in it.
func (m box) name() string {
	switch {
	case m.field["name"] != "":
		return m.field["name"]
	case m.folder != "":
		return m.folder
	}
	return m.url.User.Username() + "@" + m.url.Hostname() + "/" + m.folderName()
}

func (m box) folderName() string { return cmp.Or(strings.Trim(m.url.Path, "/"), "INBOX") }

func (m box) kind() string {
	if m.replies {
		return "reply"
	}
	return "registry"
}

func showMailboxes(v string) string {
	all, err := parseMailboxes(v)
	if err != nil {
		return "set"
	}
	var shown []string
	for _, m := range all {
		shown = append(shown, m.kind()+" "+m.name())
	}
	return strings.Join(shown, ", ")
}

// source opens the mailbox for reading, once it is needed.
func (m box) source(a *app) inbox.Source {
	if m.folder != "" {
		return &inbox.Folder{Path: m.folder, Title: m.name()}
	}
	port := m.url.Port()
	if port == "" {
		port = map[inbox.Security]string{inbox.Implicit: "993"}[m.tls]
	}
	return &inbox.IMAP{
		Title: m.name(), Server: net.JoinHostPort(m.url.Hostname(), cmp.Or(port, "143")), Security: m.tls, User: m.url.User.Username(),
		Mailbox: m.folderName(), OAuth: m.field["password_file"] == "", Secret: m.secret, Dial: a.guard, CAFile: m.field["ca_file"],
	}
}

// secret reads the password or the token. What it is stands in no error and no log.
func (m box) secret(ctx context.Context) (string, error) {
	if command := m.field["token_command"]; command != "" {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		out, err := exec.CommandContext(ctx, "/bin/sh", "-c", command).Output()
		if err != nil {
			return "", fmt.Errorf("token_command of %s: %w", m.name(), err)
		}
		return nonempty(string(out), "token_command of "+m.name())
	}
	key := "password_file"
	if m.field[key] == "" {
		key = "token_file"
	}
	b, err := os.ReadFile(m.field[key])
	if err != nil {
		return "", fmt.Errorf("%s of %s: %s cannot be read: %s", key, m.name(), m.field[key], plain(err))
	}
	return nonempty(string(b), key+" of "+m.name())
}

func nonempty(s, what string) (string, error) {
	if s = strings.TrimSpace(s); s == "" {
		return "", fmt.Errorf("%s is empty", what)
	}
	return s, nil
}

// mailboxes are all that are read: those of the setting inbox, and the folder of registry_copies.
func mailboxes(c config) ([]box, error) {
	all, err := parseMailboxes(c.value["inbox"])
	if err != nil {
		return nil, ledger.Refusal("inbox: " + err.Error())
	}
	if folder := c.value["registry_copies"]; folder != "" && !slices.ContainsFunc(all, func(m box) bool { return m.folder == folder }) {
		all = append(all, box{folder: folder, field: map[string]string{}})
	}
	return all, nil
}

// examineMailboxes logs in to every mailbox and changes nothing in it.
func (a *app) examineMailboxes(ctx context.Context, c config) (out []finding) {
	all, err := parseMailboxes(c.value["inbox"])
	if err != nil {
		return []finding{{What: "inbox", Says: err.Error(), Mend: "see docs/inbox.md"}}
	}
	if !slices.ContainsFunc(all, func(m box) bool { return m.replies }) {
		out = append(out, finding{What: "replies", Well: true, Says: "no mailbox of kind reply is read: a person records every answer (outreach record reply DONOR)"})
	}
	for _, m := range all {
		f := finding{What: m.kind() + " mailbox " + m.name(), Mend: "correct its lines under inbox: in " + settingsFile + " (docs/inbox.md)"}
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		switch s := m.source(a).(type) {
		case *inbox.IMAP:
			n, err := s.Try(ctx)
			if f.Well = err == nil; f.Well {
				f.Says = fmt.Sprintf("logged in; it holds %d mails, and nothing was changed", n)
			} else {
				f.Says = err.Error()
			}
		case *inbox.Folder:
			if err := inbox.Check(m.folder); err != nil {
				f.Says = err.Error()
			} else {
				f.Well, f.Says = true, "can be read"
			}
		}
		cancel()
		out = append(out, f)
	}
	return out
}

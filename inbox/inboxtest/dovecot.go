// Package inboxtest starts real mail servers for tests: Dovecot with its own users, and Postfix with its own queue, each in a
// folder and on loopback ports of its own. They are ended by their process id.
package inboxtest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// Password is every user's.
const Password = "correct horse battery"

// Users that Dovecot knows: mail to any other is refused as unknown.
var Users = []string{"desk", "registry", "f-01", "away"}

// Full are users whose mailbox is full.
var Full = []string{"full", "f-03"}

// tokenKey signs access tokens that Dovecot takes.
var tokenKey = []byte("0123456789abcdef0123456789abcdef")

// Dovecot is one running server.
type Dovecot struct {
	Dir              string
	Plain, TLS, LMTP int // ports: IMAP with STARTTLS, IMAP over TLS, LMTP
	CAFile           string
	submission       int
	t                *testing.T
	cmd              *exec.Cmd
	log              *bytes.Buffer
	uid, gid         int
	withoutIdle      bool
}

// Port finds a free port on loopback.
func Port(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// folder makes a folder that servers may enter which give up root's rights.
func folder(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", name) // short: sockets in it have names of at most 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // servers that give up root's rights enter it
		t.Fatal(err)
	}
	return dir
}

// Options of a server.
type Options struct {
	WithoutIdle bool
	Submission  int // port of the SMTP server that Sieve's answers go to
}

// StartDovecot starts a server, and ends it with the test.
func StartDovecot(t *testing.T, o Options) *Dovecot {
	t.Helper()
	d := &Dovecot{Dir: folder(t, "dovecot"), t: t, Plain: Port(t), TLS: Port(t), LMTP: Port(t), submission: o.Submission, withoutIdle: o.WithoutIdle}
	d.uid, d.gid = os.Getuid(), os.Getgid()
	if d.uid == 0 {
		u, err := user.Lookup("mail")
		if err != nil {
			t.Fatal(err)
		}
		d.uid, _ = strconv.Atoi(u.Uid)
		d.gid, _ = strconv.Atoi(u.Gid)
	}
	d.certificate()
	for _, sub := range []string{"run", "state", "mail", "keys/default/HS256"} {
		d.ok(os.MkdirAll(filepath.Join(d.Dir, sub), 0o755))
	}
	d.write("keys/default/HS256/default", base64.StdEncoding.EncodeToString(tokenKey))
	d.write("oauth2.conf", "introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix="+d.Dir+"/keys/\nusername_attribute = sub\nuse_grant_password = no\n")
	var users strings.Builder
	for _, u := range slices.Concat(Users, Full) {
		home := filepath.Join(d.Dir, "mail", u)
		d.ok(os.MkdirAll(home, 0o755))
		d.ok(os.Chown(home, d.uid, d.gid))
		quota := ""
		if slices.Contains(Full, u) {
			quota = "userdb_quota_rule=*:storage=1B"
		}
		fmt.Fprintf(&users, "%s:{PLAIN}%s:%d:%d::%s::%s\n", u, Password, d.uid, d.gid, home, quota)
	}
	d.write("users", users.String())
	d.ok(os.Chown(filepath.Join(d.Dir, "mail"), d.uid, d.gid))
	d.write("dovecot.conf", d.config())
	d.Start()
	t.Cleanup(d.Stop)
	return d
}

func (d *Dovecot) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *Dovecot) write(name, text string) {
	d.t.Helper()
	d.ok(os.WriteFile(filepath.Join(d.Dir, name), []byte(text), 0o644)) //nolint:gosec // read by servers that gave up root's rights
}

func (d *Dovecot) config() string {
	idle := ""
	if d.withoutIdle {
		idle = "imap_capability = IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE LITERAL+ UIDPLUS\n"
	}
	login := ""
	if os.Getuid() != 0 {
		u, err := user.Current()
		d.ok(err)
		login = "default_internal_user = " + u.Username + "\ndefault_login_user = " + u.Username + "\n"
	}
	return strings.NewReplacer("DIR", d.Dir, "PLAINPORT", strconv.Itoa(d.Plain), "TLSPORT", strconv.Itoa(d.TLS), "LMTPPORT", strconv.Itoa(d.LMTP),
		"SUBMISSION", strconv.Itoa(d.submission)).Replace(login + idle + `base_dir = DIR/run
state_dir = DIR/state
log_path = DIR/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <DIR/cert.pem
ssl_key = <DIR/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
auth_username_format = %Ln
recipient_delimiter = +
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:~/Maildir
maildir_very_dirty_syncs = no
submission_host = 127.0.0.1:SUBMISSION
postmaster_address = postmaster@mission.example
hostname = mx.mission.example
lmtp_rcpt_check_quota = no
passdb {
  driver = passwd-file
  mechanisms = plain login
  args = username_format=%n DIR/users
}
passdb {
  driver = oauth2
  mechanisms = xoauth2
  args = DIR/oauth2.conf
}
userdb {
  driver = passwd-file
  args = username_format=%n DIR/users
}
service imap-login {
  inet_listener imap {
    port = PLAINPORT
  }
  inet_listener imaps {
    port = TLSPORT
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = LMTPPORT
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
protocol lmtp {
  mail_plugins = quota sieve
}
plugin {
  sieve = file:~/.dovecot.sieve
  quota = maildir:User quota
  sieve_extensions = +vacation-seconds
}
`)
}

// Start starts the server again after Stop.
func (d *Dovecot) Start() {
	d.t.Helper()
	d.log = &bytes.Buffer{}
	d.cmd = exec.Command("dovecot", "-F", "-c", filepath.Join(d.Dir, "dovecot.conf")) //nolint:gosec // a folder of our own
	d.cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin")
	d.cmd.Stdout, d.cmd.Stderr = d.log, d.log
	if path, err := exec.LookPath("/usr/sbin/dovecot"); err == nil {
		d.cmd.Path = path
	}
	grouped(d.cmd)
	d.ok(d.cmd.Start())
	for _, port := range []int{d.Plain, d.TLS, d.LMTP} {
		await(d.t, port, func() string {
			b, _ := os.ReadFile(filepath.Join(d.Dir, "log"))
			return d.log.String() + string(b)
		})
	}
}

// Stop ends the server.
func (d *Dovecot) Stop() {
	if d.cmd == nil {
		return
	}
	end(d.cmd)
	d.cmd = nil
}

// grouped makes a server the first of a process group of its own, so that it can be ended with all that it has started.
func grouped(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second // its children have its output open
}

// end asks a server to end, and makes it and all that it has started.
func end(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	<-done
}

// await waits until somebody listens on a port.
func await(t *testing.T, port int, log func() string) {
	t.Helper()
	until := time.Now().Add(30 * time.Second)
	for {
		conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(until) {
			t.Fatalf("nobody listens on port %d: %v\n%s", port, err, log())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Deliver puts a mail into a user's INBOX.
func (d *Dovecot) Deliver(to string, mail []byte) {
	d.t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", d.LMTP))
	d.ok(err)
	c := smtp.NewClientLMTP(conn)
	defer func() { _ = c.Close() }()
	d.ok(c.Mail("somebody@elsewhere.example", nil))
	d.ok(c.Rcpt(to+"@mission.example", nil))
	w, err := c.Data()
	d.ok(err)
	_, err = w.Write(mail)
	d.ok(err)
	d.ok(w.Close())
	d.ok(c.Quit())
}

// Maildir is a user's folder.
func (d *Dovecot) Maildir(user string) string { return filepath.Join(d.Dir, "mail", user, "Maildir") }

// Renumber makes a user's INBOX anew: every mail gets another number, under another UIDVALIDITY.
func (d *Dovecot) Renumber(user string) {
	d.t.Helper()
	d.Stop()
	for _, pattern := range []string{"dovecot-uidlist*", "dovecot-uidvalidity*", "dovecot.index*", "dovecot.list*"} {
		files, _ := filepath.Glob(filepath.Join(d.Maildir(user), pattern))
		for _, f := range files {
			d.ok(os.Remove(f))
		}
	}
	time.Sleep(1100 * time.Millisecond) // a UIDVALIDITY is a time in seconds
	d.Start()
}

// Sieve gives a user a script.
func (d *Dovecot) Sieve(user, script string) {
	d.t.Helper()
	file := filepath.Join(d.Dir, "mail", user, ".dovecot.sieve")
	d.ok(os.WriteFile(file, []byte(script), 0o644)) //nolint:gosec // read by the server under another user
	d.ok(os.Chown(file, d.uid, d.gid))
}

// Token is an access token for a user.
func (d *Dovecot) Token(user string) string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	now := time.Now().Unix()
	said := part(`{"alg":"HS256","typ":"JWT"}`) + "." + part(fmt.Sprintf(`{"sub":%q,"iat":%d,"exp":%d}`, user, now-10, now+3600))
	h := hmac.New(sha256.New, tokenKey)
	h.Write([]byte(said))
	return said + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// Log is what the server said.
func (d *Dovecot) Log() string {
	b, _ := os.ReadFile(filepath.Join(d.Dir, "log"))
	return string(b)
}

// certificate makes a certificate for 127.0.0.1 and localhost, which is its own authority.
func (d *Dovecot) certificate() {
	d.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	d.ok(err)
	of := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
	d.ok(err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	d.ok(err)
	d.write("cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	d.write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	d.CAFile = filepath.Join(d.Dir, "cert.pem")
}

// Secret is a password or a token as a source asks for it.
func Secret(s string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return s, nil }
}

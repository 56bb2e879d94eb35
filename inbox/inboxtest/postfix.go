package inboxtest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

// Postfix is one running server: it takes mail for iom.example, mission.example and giver.example and hands it to Dovecot.
type Postfix struct {
	Port int
	dir  string
	t    *testing.T
	cmd  *exec.Cmd
	log  bytes.Buffer
}

// StartPostfix starts a server that delivers to the LMTP port of a Dovecot, and ends it with the test. It must run as root,
// as Postfix does.
func StartPostfix(t *testing.T, port, lmtp int) *Postfix {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("Postfix starts as root only: run this test as root")
	}
	p := &Postfix{Port: port, dir: folder(t, "postfix"), t: t}
	p.ok(os.MkdirAll(filepath.Join(p.dir, "spool"), 0o755)) //nolint:gosec // Postfix wants it so
	p.ok(os.MkdirAll(filepath.Join(p.dir, "data"), 0o700))
	if out, err := exec.Command("chown", "postfix", filepath.Join(p.dir, "data")).CombinedOutput(); err != nil { //nolint:gosec // a folder of our own
		t.Fatalf("chown: %s", out)
	}
	p.write("main.cf", strings.NewReplacer("DIR", p.dir, "LMTP", strconv.Itoa(lmtp)).Replace(`compatibility_level = 3.6
queue_directory = DIR/spool
data_directory = DIR/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
meta_directory = /etc/postfix
maillog_file = DIR/log
maillog_file_prefixes = DIR
myhostname = mx.mission.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
recipient_delimiter = +
relay_domains = iom.example mission.example giver.example
relay_transport = lmtp:inet:127.0.0.1:LMTP
transport_maps = texthash:DIR/transport
notify_classes =
delay_warning_time = 1s
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
smtpd_relay_restrictions = permit_mynetworks, reject
disable_dns_lookups = yes
smtputf8_enable = no
`))
	p.write("transport", "")
	p.write("master.cf", strings.ReplaceAll(`127.0.0.1:PORT inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`, "PORT", strconv.Itoa(port)))
	p.cmd = exec.Command("/usr/sbin/postfix", "-c", p.dir, "start-fg") //nolint:gosec // a folder of our own
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	grouped(p.cmd)
	p.ok(p.cmd.Start())
	t.Cleanup(p.stop)
	await(t, port, p.Log)
	return p
}

// stop ends the server. Its master is another process than the one that was started, where that waits for it.
func (p *Postfix) stop() {
	_ = exec.Command("/usr/sbin/postfix", "-c", p.dir, "stop").Run() //nolint:gosec // a folder of our own
	end(p.cmd)
}

func (p *Postfix) ok(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *Postfix) write(name, text string) {
	p.t.Helper()
	p.ok(os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o644)) //nolint:gosec // Postfix wants it so
}

// Transport gives one address another way than into Dovecot, in the words of transport(5); "" none.
func (p *Postfix) Transport(line string) {
	p.t.Helper()
	p.write("transport", line+"\n")
	if out, err := exec.Command("/usr/sbin/postfix", "-c", p.dir, "reload").CombinedOutput(); err != nil { //nolint:gosec // a folder of our own
		p.t.Fatalf("postfix reload: %v\n%s", err, out)
	}
}

// Log is what the server said.
func (p *Postfix) Log() string {
	b, _ := os.ReadFile(filepath.Join(p.dir, "log"))
	return p.log.String() + string(b)
}

// Send hands a mail to the server. notify asks for a report of success as well (RFC 3461 4.1).
func (p *Postfix) Send(from string, mail []byte, notify bool, to ...string) {
	p.t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", p.Port))
	p.ok(err)
	c := smtp.NewClient(conn)
	defer func() { _ = c.Close() }()
	p.ok(c.Mail(from, nil))
	for _, a := range to {
		o := &smtp.RcptOptions{}
		if notify {
			o.Notify = []smtp.DSNNotify{smtp.DSNNotifySuccess, smtp.DSNNotifyFailure, smtp.DSNNotifyDelayed}
		}
		p.ok(c.Rcpt(a, o))
	}
	w, err := c.Data()
	p.ok(err)
	_, err = w.Write(mail)
	p.ok(err)
	p.ok(w.Close())
	p.ok(c.Quit())
}

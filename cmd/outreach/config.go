package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/spf13/cobra"

	"outreach.example/console"
	"outreach.example/donor"
	"outreach.example/letter"
)

const settingsFile = "outreach.yaml"

// setting is one line of outreach.yaml; the same value may come from the environment or a flag.
type setting struct {
	key     string
	env     string
	def     string
	explain string
	secret  bool // shown as "set", and also read from the file that env_FILE names
	check   func(string) error
}

// settings lists every setting there is, in the order of `outreach config`.
var settings = []setting{
	{"redis", "OUTREACH_REDIS", "redis://127.0.0.1:6379/0", "where the ledger is: redis://, rediss:// or redis+sentinel://h1,h2/NAME", true, checkRedis},
	{"queue_redis", "OUTREACH_QUEUE_REDIS", "", "where the queue is, if elsewhere; also redis+cluster://h1,h2", true, checkQueueRedis},
	{"relay", "OUTREACH_RELAY", "", "smtp://user:password@host:port?tls=starttls|implicit|none; several in order, the first that can be used is", true, checkRelay},
	{"pace", "OUTREACH_PACE", "5s", "time between two letters to a relay that has no pace= of its own; 0 for none; none on loopback", false, checkDuration},
	{"connections", "OUTREACH_CONNECTIONS", "20", "connections that a worker opens at most to a relay that has no connections= of its own", false, checkCount},
	{"in_hand", "OUTREACH_IN_HAND", "64", "letters that a worker holds at once at most", false, checkCount},
	{"give_up", "OUTREACH_GIVE_UP", "4", "days after which a letter that is still put off is refused as expired", false, checkDays},
	{"replicas", "OUTREACH_REPLICAS", "", "replicas of the ledger that a letter's begin must reach before the letter leaves: a number, or sentinel for as many as could become the primary; sentinel unless set with redis+sentinel://, else 0", false, checkReplicas},
	{"helo", "OUTREACH_HELO", "", "name a worker says to the relay; the host's name unless set", false, nil},
	{"quiet", "OUTREACH_QUIET", "30m", "how long after a doubt nobody may resolve it: its answer may still come", false, checkQuiet},
	{"undo", "OUTREACH_UNDO", "10m", "for how long a start in the console can be taken back before any letter leaves; 0s for none", false, checkQuiet},
	{"registry_copies", "OUTREACH_REGISTRY_COPIES", "", "where outreach inbox reads registry copies: a folder of .eml files or a Maildir", false, nil},
	{"inbox", "OUTREACH_INBOX", "", "mailboxes that outreach inbox reads: a list, each with kind: reply or registry, and url: or folder:; see docs/inbox.md", true, checkMailboxes},
	{"intents", "OUTREACH_INTENTS", "", "folder of the intent files, on a disk that is kept; ~/.local/state/outreach/intents unless set", false, checkFolder},
	{"intents_keep", "OUTREACH_INTENTS_KEEP", "90", "days for which intent files are kept after they were settled", false, checkCount},
	{"token_key_file", "OUTREACH_TOKEN_KEY_FILE", "", "file of the keys that sign return paths and ways to opt out, a key a line, the newest first; the key itself may stand in OUTREACH_TOKEN_KEY; unsigned, plain return paths unless set", false, checkKeyFile},
	{"optout_url", "OUTREACH_OPTOUT_URL", "", "https address that serves the links to opt out of campaigns with opt_out.web; the letter's token follows it", false, letter.CheckOptOutURL},
	{"dkim_key_file", "OUTREACH_DKIM_KEY_FILE", "", "file of the RSA key that signs letters (DKIM), in PEM; the relay signs, or nobody, unless set", false, checkKeyFile},
	{"dkim_domain", "OUTREACH_DKIM_DOMAIN", "", "domain that letters are signed for: the sender's, or one that it belongs to", false, nil},
	{"dkim_selector", "OUTREACH_DKIM_SELECTOR", "", "name under which the key is published: NAME._domainkey.DOMAIN", false, nil},
	{"metrics", "OUTREACH_METRICS", "", "address of a page /metrics for Prometheus, of a scheduler, a worker or up; a port alone is this machine's only; off unless set", false, checkListen},
	{"console", "OUTREACH_CONSOLE", "127.0.0.1:8080", "address at which outreach console and up serve the pages; a port alone is this machine's only", false, checkConsole},
	{"console_url", "OUTREACH_CONSOLE_URL", "", "what people type to reach the console, where that is not its own address: https://outreach.iom.example", false, checkConsoleURL},
	{"console_tls_cert", "OUTREACH_CONSOLE_TLS_CERT", "", "file of the console's certificate with those above it, in PEM; without one it serves this machine only", false, nil},
	{"console_tls_key", "OUTREACH_CONSOLE_TLS_KEY", "", "file of the key of that certificate, in PEM", false, checkKeyFile},
	{"verified_days", "OUTREACH_VERIFIED_DAYS", "30", "days after which a contact that nobody has verified since is warned of", false, checkCount},
	{"log", "OUTREACH_LOG", "text", "form of the program log: text or json", false, checkLog},
}

func checkDuration(s string) error {
	d, err := time.ParseDuration(s)
	if s == "0" {
		return nil
	}
	if err != nil || d < 0 || d > time.Hour {
		return fmt.Errorf("%q is not a time from 0 to 1h (for example 5s or 500ms)", s)
	}
	return nil
}

func checkQuiet(s string) error {
	if d, err := time.ParseDuration(s); err != nil || d < 0 || d > 24*time.Hour {
		return fmt.Errorf("%q is not a time from 0s to 24h (for example 30m)", s)
	}
	return nil
}

func checkCount(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 1 || n > 1000 {
		return fmt.Errorf("%q is not a number from 1 to 1000", s)
	}
	return nil
}

func checkDays(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 1 || n > 30 {
		return fmt.Errorf("%q is not a number of days from 1 to 30", s)
	}
	return nil
}

func checkLog(s string) error {
	if s != "text" && s != "json" {
		return fmt.Errorf("%q is neither text nor json", s)
	}
	return nil
}

// config is what the settings came to, and where each came from.
type config struct {
	value, from map[string]string
}

func (c config) duration(key string) time.Duration {
	d, _ := time.ParseDuration(c.value[key])
	return d
}

func (c config) count(key string) int {
	n, _ := strconv.Atoi(c.value[key])
	return n
}

// config reads the settings: default, then outreach.yaml, then the environment, then flags. All faults come at once.
func (a *app) config() (config, error) {
	if a.lent != nil {
		return a.lent.config, nil
	}
	c := config{value: map[string]string{}, from: map[string]string{}}
	file, faults := a.settingsFile()
	for _, s := range settings {
		put := func(v, from string) {
			if s.check != nil && v != "" {
				if err := s.check(v); err != nil {
					faults.Addf(from, 0, 0, "%s: %s", s.key, err)
				}
			}
			c.value[s.key], c.from[s.key] = v, from
		}
		c.value[s.key], c.from[s.key] = s.def, "default"
		if s.key == "intents" {
			c.value[s.key] = a.stateFolder()
		}
		if v, ok := file[s.key]; ok {
			if s.check != nil {
				if err := s.check(v.text); err != nil {
					faults.Addf(settingsFile, v.line, v.column, "%s: %s", s.key, err)
				}
			}
			c.value[s.key], c.from[s.key] = v.text, settingsFile
		}
		if v := a.getenv(s.env); v != "" {
			put(v, s.env)
		}
		if name := a.getenv(s.env + "_FILE"); s.secret && name != "" {
			b, err := os.ReadFile(name)
			if err != nil {
				faults.Addf(s.env+"_FILE", 0, 0, "%s cannot be read: %s", name, plain(err))
			} else {
				put(strings.TrimSpace(string(b)), s.env+"_FILE")
			}
		}
		if v := a.set[s.key]; v != nil && *v != "" {
			put(*v, "--"+flagName(s.key))
		}
	}
	if faults.Refuses() {
		faults.Sort()
		return c, faults
	}
	return c, nil
}

// plain is a file error without the operation and path that the sentence around it names.
func plain(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

func flagName(key string) string { return strings.ReplaceAll(key, "_", "-") }

type placed struct {
	text         string
	line, column int
}

// settingsFile reads outreach.yaml: one flat list of known keys. A folder without one is no fault: defaults hold.
func (a *app) settingsFile() (map[string]placed, donor.Faults) {
	var faults donor.Faults
	b, err := os.ReadFile(filepath.Join(a.dir, settingsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		faults.Addf(settingsFile, 0, 0, "cannot be read: %s", plain(err))
		return nil, faults
	}
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		faults.Addf(settingsFile, 1, 0, "is not YAML: %s", strings.SplitN(err.Error(), "\n", 2)[0])
		return nil, faults
	}
	out := map[string]placed{}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		m, ok := doc.Body.(*ast.MappingNode)
		if !ok {
			if one, is := doc.Body.(*ast.MappingValueNode); is {
				m = &ast.MappingNode{Values: []*ast.MappingValueNode{one}}
			} else if _, comment := doc.Body.(*ast.CommentGroupNode); comment {
				continue
			} else {
				faults.Addf(settingsFile, 1, 0, "expected a list of settings, each \"key: value\"")
				continue
			}
		}
		for _, v := range m.Values {
			pos := v.Key.GetToken().Position
			key := v.Key.GetToken().Value
			i := slices.IndexFunc(settings, func(s setting) bool { return s.key == key })
			if i < 0 {
				faults.Addf(settingsFile, pos.Line, pos.Column, "unknown setting %q (there are: %s)", key, strings.Join(settingKeys(), ", "))
				continue
			}
			if _, twice := out[key]; twice {
				faults.Addf(settingsFile, pos.Line, pos.Column, "%s is set twice", key)
			}
			at := v.Value.GetToken().Position
			text, one := value(v.Value)
			if list, is := v.Value.(*ast.SequenceNode); is && key == "relay" {
				text, one = relayList(list)
			} else if is && key == "inbox" {
				text, one = mailboxList(list, &faults), true
			}
			if !one {
				faults.Addf(settingsFile, at.Line, at.Column, "%s: expected one value", key)
				continue
			}
			out[key] = placed{text, at.Line, at.Column}
		}
	}
	return out, faults
}

// value is the text of a setting; false for what is a list or a table.
func value(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		return "", false
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value), true
	}
	return n.GetToken().Value, true
}

func settingKeys() []string {
	var keys []string
	for _, s := range settings {
		keys = append(keys, s.key)
	}
	return keys
}

// configCommand prints every setting with its explanation and where it came from.
func (a *app) configCommand() *cobra.Command {
	return &cobra.Command{
		Use: "config", Short: "Show every setting, what it means and where it came from", Args: a.none,
		Example: "  outreach config\n  OUTREACH_RELAY=smtp://relay.example:587 outreach config --json",
		RunE: func(*cobra.Command, []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			if a.json {
				return a.print(c.list())
			}
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "SETTING\tVALUE\tFROM\tENVIRONMENT\tMEANING")
			for _, s := range c.list() {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Key, s.Value, s.From, s.Environment, s.Meaning)
			}
			return w.Flush()
		},
	}
}

// list is every setting as a person may see it.
func (c config) list() (all []console.Setting) {
	for _, s := range settings {
		all = append(all, console.Setting{Key: s.key, Value: c.show(s), From: c.from[s.key], Environment: s.env, Meaning: s.explain})
	}
	return all
}

// shown is the value of the setting with a key as a person may see it.
func (c config) shown(key string) string {
	return c.show(settings[slices.IndexFunc(settings, func(s setting) bool { return s.key == key })])
}

// show is a setting's value as a person may see it: of an address with a password everything but the password.
func (c config) show(s setting) string {
	v := c.value[s.key]
	if v == "" {
		return "-"
	}
	if !s.secret {
		return v
	}
	switch s.key {
	case "relay":
		return showRelays(v)
	case "inbox":
		return showMailboxes(v)
	}
	u, err := url.Parse(v)
	if err != nil || u.Scheme == "" {
		return "set"
	}
	if u.User != nil {
		u.User = url.User("set")
	}
	q := u.Query()
	for k := range q {
		if k != "tls" && k != "auth" {
			q.Set(k, "set")
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"outreach.example/campaign"
	"outreach.example/ledger"
)

// finding is one line of doctor: what was looked at, whether it is well, and what mends it.
type finding struct {
	What string `json:"what"`
	Well bool   `json:"well"`
	Says string `json:"says"`
	Mend string `json:"mend,omitempty"`
}

func (a *app) doctorCommand() *cobra.Command {
	var f ledgerFlags
	cmd := &cobra.Command{
		Use: "doctor", Short: "Name what weakens a promise, and what mends it; sends no letter", Args: a.none,
		Example: "  outreach doctor\n  outreach -C our-project doctor --json\n  outreach doctor --ledger",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f != (ledgerFlags{}) {
				return a.checkLedger(cmd, f)
			}
			found := a.examine(cmd.Context())
			ill := 0
			for _, f := range found {
				if !f.Well {
					ill++
				}
			}
			if a.json {
				if err := a.print(map[string]any{"findings": found, "ill": ill}); err != nil {
					return err
				}
			} else {
				for _, f := range found {
					word := "ok  "
					if !f.Well {
						word = "MEND"
					}
					fmt.Fprintf(a.out, "%s  %s: %s\n", word, f.What, f.Says)
					if !f.Well && f.Mend != "" {
						fmt.Fprintf(a.out, "      %s\n", f.Mend)
					}
				}
			}
			if ill > 0 {
				return fmt.Errorf("%d of %d findings want mending", ill, len(found))
			}
			return nil
		},
	}
	f.add(cmd)
	return cmd
}

func (a *app) examine(ctx context.Context) []finding {
	c, err := a.config()
	if err != nil {
		return []finding{{What: "settings", Says: err.Error(), Mend: "outreach config shows every setting"}}
	}
	out := []finding{{What: "settings", Well: true, Says: "read"}}
	store, read := a.examineRedis(ctx, c)
	out = append(out, store...)
	out = append(out, a.examineRelays(ctx, c)...)
	out = append(out, a.examineTokens(c), examineSigner(c))
	out = append(out, examineIntents(c.value["intents"]), examineCopies(c.value["registry_copies"], read, a.now()), examineQuiet(c))
	out = append(out, a.examineMailboxes(ctx, c)...)
	return append(out, a.examineFiles(ctx)...)
}

// examineRedis looks at the ledger and its Redis, and tells when registry copies were last read.
func (a *app) examineRedis(ctx context.Context, c config) (found []finding, read time.Time) {
	rdb, err := a.dialRedis(ctx, c.value["redis"], c.shown("redis"), true)
	if err != nil {
		return []finding{{What: "redis", Says: err.Error(), Mend: "docker compose up -d redis, or set OUTREACH_REDIS"}}, read
	}
	defer func() { _ = rdb.Close() }()
	says := frozen(ctx, rdb)
	if r, err := ledger.New(rdb).Reading(ctx); err == nil {
		read = r.At
	}
	info := map[string]string{}
	for _, section := range []string{"server", "persistence", "memory", "replication"} {
		text, err := rdb.Info(ctx, section).Result()
		if err != nil {
			return []finding{says, {What: "redis", Says: "INFO is refused: " + err.Error(), Mend: "allow INFO to the doctor's user"}}, read
		}
		for _, line := range strings.Split(text, "\r\n") {
			if k, v, ok := strings.Cut(line, ":"); ok {
				info[k] = v
			}
		}
	}
	out := []finding{says, version(info["redis_version"])}
	out = append(out, persistence(ctx, rdb, info), eviction(info["maxmemory_policy"]), room(info), a.clock(ctx, rdb))
	return append(out, a.replicas(ctx, c, rdb, info)...), read
}

// frozen says whether letters may leave of this ledger at all.
func frozen(ctx context.Context, rdb redis.UniversalClient) finding {
	f := finding{What: "ledger", Mend: "stop every worker, then: outreach reconcile"}
	l := ledger.New(rdb)
	at, err := l.Where(ctx)
	if errors.Is(err, ledger.ErrEmpty) || err == nil && !at.Known() {
		f.Well, f.Says = true, "empty; nothing has happened yet"
		return f
	}
	why, unread := l.Frozen(ctx)
	switch err = cmp.Or(err, unread); {
	case err != nil:
		f.Says, f.Mend = err.Error(), ""
	case why != "":
		f.Says = "frozen, nothing leaves: " + why
	default:
		f.Well, f.Says = true, fmt.Sprintf("%s, entry %d; not frozen", at.Name(), at.Seq)
	}
	return f
}

func version(v string) finding {
	major, _ := strconv.Atoi(strings.SplitN(v, ".", 2)[0])
	return finding{"redis version", major >= 7, v, "use Redis 7.0 or later: older ones lack what the ledger's scripts use"}
}

func persistence(ctx context.Context, rdb redis.UniversalClient, info map[string]string) finding {
	f := finding{What: "redis persistence", Mend: "redis.conf: appendonly yes, appendfsync always; now: redis-cli config set appendonly yes appendfsync always"}
	if info["aof_enabled"] != "1" {
		f.Says = "appendonly is off: a crash of Redis loses what letters were sent"
		return f
	}
	got, err := rdb.ConfigGet(ctx, "appendfsync").Result()
	switch {
	case err != nil:
		f.Says, f.Mend = "appendfsync cannot be read: "+err.Error(), "allow CONFIG GET to the doctor's user"
	case got["appendfsync"] != "always":
		f.Says = "appendfsync is " + got["appendfsync"] + ": a crash loses up to a second of what was sent"
	default:
		f.Well, f.Says = true, "appendonly yes, appendfsync always"
	}
	return f
}

func eviction(policy string) finding {
	return finding{"redis eviction", policy == "noeviction", policy, "redis.conf: maxmemory-policy noeviction; anything else deletes letters when memory is short"}
}

// room says how full Redis is: above 80 % workers take nothing up.
func room(info map[string]string) finding {
	used, _ := strconv.ParseInt(info["used_memory"], 10, 64)
	most, _ := strconv.ParseInt(info["maxmemory"], 10, 64)
	f := finding{What: "redis memory", Well: true, Says: fmt.Sprintf("%d MB used, no limit", used>>20), Mend: "redis.conf: raise maxmemory; now: redis-cli config set maxmemory 2gb"}
	if most > 0 {
		f.Says = fmt.Sprintf("%d of %d MB used", used>>20, most>>20)
	}
	if full := ledger.Full(used, most); full != "" {
		f.Well, f.Says = false, full
	}
	return f
}

// clock compares this machine's clock with Redis's: due times come from Redis, send windows from here.
func (a *app) clock(ctx context.Context, rdb redis.UniversalClient) finding {
	f := finding{What: "clocks", Mend: "let both machines follow a time server"}
	before := a.now()
	t, err := rdb.Time(ctx).Result()
	if err != nil {
		f.Says = err.Error()
		return f
	}
	skew := t.Sub(before.Add(a.now().Sub(before) / 2)).Round(time.Millisecond)
	f.Well = skew.Abs() <= 5*time.Second
	f.Says = fmt.Sprintf("Redis and this machine differ by %v", skew.Abs())
	return f
}

// examineFiles checks every campaign of the folder.
func (a *app) examineFiles(ctx context.Context) []finding {
	found, _ := filepath.Glob(filepath.Join(a.dir, "campaigns", "*", "campaign.yaml"))
	if len(found) == 0 {
		return []finding{{What: "files", Says: "no campaigns/NAME/campaign.yaml in " + a.dir, Mend: "outreach init FOLDER, then outreach -C FOLDER doctor"}}
	}
	var out []finding
	if _, err := os.Stat(filepath.Join(a.dir, settingsFile)); err == nil {
		out = append(out, worldReadable(filepath.Join(a.dir, settingsFile)))
	}
	for _, file := range found {
		name := filepath.Base(filepath.Dir(file))
		f := finding{What: "campaign " + name, Mend: "outreach check " + name}
		p, err := a.open(name)
		if err == nil {
			if err = p.load(); err == nil {
				_, _, err = p.freeze(ctx, nil, nil, nil)
			}
		}
		if err != nil {
			lines := strings.Split(err.Error(), "\n")
			f.Says = fmt.Sprintf("%d faults, the first: %s", len(lines), lines[0])
		} else {
			f.Well, f.Says = true, fmt.Sprintf("%d donors, no fault", len(p.donors))
			if n := len(p.warnings); n > 0 {
				f.Says += fmt.Sprintf("; warnings: %d", n)
			}
		}
		out = append(out, f)
		if err == nil && p.campaign.ByPlace() {
			out = append(out, p.examineHolidays())
		}
	}
	return out
}

// examineHolidays says whether next year's holidays are known of every place where letters are read: letters would leave on
// them, and nobody notices before the year has come.
func (p *project) examineHolidays() finding {
	next := p.app.now().Year() + 1
	f := finding{What: "holidays of " + p.name, Mend: fmt.Sprintf("write those of %d into holidays/PLACE.yaml; outreach calendar %s --places lists the places", next, p.name)}
	lacks := p.campaign.Lacks(p.donors, next)
	if f.Well = len(lacks) == 0; f.Well {
		f.Says = fmt.Sprintf("those of %d are known of every place", next)
		return f
	}
	f.Says = fmt.Sprintf("those of %d are not known for %s", next, campaign.SomeOf(lacks))
	return f
}

// worldReadable warns of a settings file that everybody on the machine can read while it holds a password.
func worldReadable(file string) finding {
	f := finding{What: settingsFile, Well: true, Says: "readable by its owner, or without a password", Mend: "chmod 600 " + settingsFile + ", or keep the password in a file named by OUTREACH_RELAY_FILE"}
	info, err := os.Stat(file)
	if err != nil {
		f.Well, f.Says = false, plain(err)
		return f
	}
	b, err := os.ReadFile(file)
	if err == nil && info.Mode().Perm()&0o004 != 0 && secretInFile(string(b)) {
		f.Well, f.Says = false, "holds a password and everybody on this machine can read it"
	}
	return f
}

func secretInFile(content string) bool {
	for _, line := range strings.Split(content, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		if _, rest, ok := strings.Cut(line, "://"); ok && strings.Contains(rest, "@") {
			return true
		}
	}
	return false
}

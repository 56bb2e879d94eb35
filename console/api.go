package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"outreach.example/ledger"
)

// The API is the command line for programs of other machines: each address stands for one command, which is run with its
// arguments, in the name of the person whose token asks, and answers with what the command prints as JSON. So a page, a
// command and a program decide by the same rules and read the same words.

// apiPath is where every address of the API begins.
const apiPath = "/api/v1"

// APIDesk runs commands for the API.
type APIDesk interface {
	// Command runs a command in a person's name, for the program that a token names, and gives what it printed: data, and
	// lines for people.
	Command(ctx context.Context, person, program string, args []string) (code int, out, errs []byte)
}

// call is one address: what it is for, which command it stands for, and the fields that its body may have, each a flag of
// the command.
type call struct {
	pattern string
	act     Act
	command func(r *http.Request) []string // the command's words, then its arguments behind "--"
	fields  []string
}

// command is a command of a few words whose arguments are parts of the address.
func command(words string, parts ...string) func(*http.Request) []string {
	return func(r *http.Request) []string {
		out := append(strings.Fields(words), "--")
		for _, p := range parts {
			out = append(out, r.PathValue(p))
		}
		return out
	}
}

// calls is the whole API but for the reads that no command has.
func calls() []call {
	const campaign, donor = "/campaigns/{campaign}", "/campaigns/{campaign}/donors/{donor}"
	letter := func(r *http.Request) string {
		return r.PathValue("campaign") + "/" + r.PathValue("donor") + "/" + r.PathValue("step")
	}
	return []call{
		{"GET " + campaign, See, command("status", "campaign"), nil},
		{"GET " + campaign + "/calendar", See, command("calendar", "campaign"), []string{"day", "donor"}},
		{"GET " + campaign + "/report", See, command("report", "campaign"), []string{"week"}},
		{"GET " + campaign + "/texts", See, command("texts", "campaign"), []string{"edition", "step", "variant"}},
		{"GET " + donor, See, func(r *http.Request) []string {
			return []string{"case", "--campaign=" + r.PathValue("campaign"), "--", r.PathValue("donor")}
		}, nil},
		{"GET /facts", See, command("facts"), nil},
		{"GET /settings", See, command("config"), nil},

		{"POST " + campaign + "/check", Write, command("check", "campaign"), nil},
		{"POST " + campaign + "/plan", Write, command("plan", "campaign"), nil},
		{"POST " + campaign + "/approve", Approve, command("approve", "campaign"), []string{"edition"}},
		{"POST " + campaign + "/start", Start, command("start", "campaign"), []string{"confirm"}},
		{"POST " + campaign + "/pause", Pause, command("pause", "campaign"), []string{"reason"}},
		{"POST " + campaign + "/resume", Start, command("resume", "campaign"), []string{"reason"}},
		{"POST " + campaign + "/cancel", Start, command("cancel", "campaign"), []string{"confirm", "reason"}},
		{"POST " + campaign + "/canary", Approve, func(r *http.Request) []string {
			return []string{"canary", "--go", "--", r.PathValue("campaign")}
		}, []string{"reason"}},
		{"POST " + donor + "/entries/{kind}", Record, func(r *http.Request) []string {
			return []string{"record", "--campaign=" + r.PathValue("campaign"), "--", r.PathValue("kind"), r.PathValue("donor")}
		}, []string{"amount", "currency", "date", "note", "until", "visible"}},
		{"POST /donors/{donor}/hold", Hold, command("hold", "donor"), []string{"reason", "until"}},
		{"POST /donors/{donor}/release", Hold, command("release", "donor"), []string{"reason"}},
		{"POST " + donor + "/letters/{step}/release", Approve, func(r *http.Request) []string {
			return []string{"release", "--campaign=" + r.PathValue("campaign"), "--step=" + r.PathValue("step"), "--", r.PathValue("donor")}
		}, nil},
		{"POST " + donor + "/letters/{step}/resolve/{decision}", Resolve, func(r *http.Request) []string {
			return []string{"resolve", "--", letter(r), r.PathValue("decision")}
		}, []string{"reason"}},
	}
}

// apiRoutes are all addresses of the API. It knows no session and no cookie: who asks is in the token alone.
func (c *Console) apiRoutes(mux *http.ServeMux) {
	for _, one := range calls() {
		method, path, _ := strings.Cut(one.pattern, " ")
		mux.Handle(method+" "+apiPath+path, c.asked(one.act, func(a *asking) error { return a.run(one) }))
	}
	mux.Handle("GET "+apiPath+"/campaigns", c.asked(See, (*asking).campaigns))
	mux.Handle("GET "+apiPath+"/audit", c.asked(See, (*asking).audit))
	mux.Handle(apiPath+"/", c.asked("", func(*asking) error { return faults["missing"] }))
}

// asking is one request of a program.
type asking struct {
	*Console
	w       http.ResponseWriter
	r       *http.Request
	person  ledger.Account
	program string
	body    []byte
}

// asked answers programs whose token's roles allow an act; with an empty act every token's.
func (c *Console) asked(act Act, do func(*asking) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &asking{Console: c, w: w, r: r}
		err := a.admit(act)
		if err == nil {
			err = a.once(do)
		}
		if err != nil {
			a.problem(err)
		}
	})
}

var errToken = fault{http.StatusUnauthorized, "No valid token", "Send the header Authorization: Bearer TOKEN. outreach people token add makes one."}

func (a *asking) admit(act Act) error {
	says, ok := strings.CutPrefix(a.r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return errToken
	}
	p, t, ok, err := a.bearer(a.r.Context(), strings.TrimSpace(says))
	if err != nil {
		return err
	}
	if !ok {
		return errToken
	}
	if act != "" && !May(p, act) {
		return fault{http.StatusForbidden, "Not for this token's roles", "The token may not do this; its roles are: " + strings.Join(p.Roles, ", ") + "."}
	}
	a.person, a.program = p, t.Name
	return nil
}

// fields are what the body, or for a read the query, asks for beside the address.
func (a *asking) fields(known []string) ([]string, error) {
	given := map[string]any{}
	if a.r.Method == http.MethodGet {
		for k := range a.r.URL.Query() {
			given[k] = a.r.URL.Query().Get(k)
		}
	} else if len(a.body) > 0 {
		d := json.NewDecoder(strings.NewReader(string(a.body)))
		if err := d.Decode(&given); err != nil || d.More() {
			return nil, fault{http.StatusBadRequest, "The body is no JSON object", "Send one JSON object, for example {\"reason\": \"visit\"}, or nothing."}
		}
	}
	var flags []string
	for _, name := range known {
		v, ok := given[name]
		if !ok {
			continue
		}
		delete(given, name)
		switch v := v.(type) {
		case string:
			flags = append(flags, "--"+name+"="+v)
		case bool:
			flags = append(flags, "--"+name+"="+strconv.FormatBool(v))
		default:
			return nil, fault{http.StatusBadRequest, "A field is no text", fmt.Sprintf("The field %s is a text between quotation marks: also amounts, which are no floating-point numbers.", name)}
		}
	}
	for name := range given {
		return nil, fault{http.StatusBadRequest, "An unknown field", fmt.Sprintf("There is no field %q here; there are: %s.", clean(name), strings.Join(append([]string{}, known...), ", "))}
	}
	return flags, nil
}

// plainArgument is what may stand in an address for a name or an id: nothing that a command could take for a flag.
var plainArgument = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$`)

// run runs the command that a call stands for.
func (a *asking) run(one call) error {
	flags, err := a.fields(one.fields)
	if err != nil {
		return err
	}
	for _, part := range []string{"campaign", "donor", "step", "kind", "decision"} {
		if v := a.r.PathValue(part); v != "" && !plainArgument.MatchString(v) {
			return notFound("There is no " + part + " of the name " + strconv.Quote(clean(v)) + ".")
		}
	}
	args := one.command(a.r)
	for i, arg := range args {
		if arg == "--" {
			args = append(append(append([]string{}, args[:i]...), flags...), args[i:]...)
			break
		}
	}
	code, out, errs := a.Desk.Command(a.r.Context(), a.person.Name, a.program, append([]string{"--json"}, args...))
	if a.r.Method != http.MethodGet {
		a.gallery.touch()
	}
	return a.reply(code, out, errs)
}

// How commands end, by their exit code (DESIGN.md).
const (
	codeDone    = 0
	codeUsage   = 2
	codePartly  = 3
	codeRefused = 4
)

// done is the answer to a decision: what the command said, and its data where it has any.
type done struct {
	Partly bool            `json:"partly,omitempty"`
	Says   []string        `json:"says"`
	Result json.RawMessage `json:"result,omitempty"`
}

func (a *asking) reply(code int, out, errs []byte) error {
	said := lines(errs)
	switch code {
	case codeDone, codePartly:
	case codeUsage:
		return fault{http.StatusBadRequest, "The request cannot be understood", strings.Join(said, "\n")}
	case codeRefused:
		return fault{http.StatusConflict, "Refused", strings.Join(said, "\n")}
	default:
		return errors.New(strings.Join(said, "\n"))
	}
	if a.r.Method == http.MethodGet && json.Valid(out) {
		a.json(http.StatusOK, out)
		return nil
	}
	d := done{Partly: code == codePartly, Says: said}
	if json.Valid(out) {
		d.Result = out
	} else {
		d.Says = append(lines(out), said...)
	}
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	a.json(http.StatusOK, b)
	return nil
}

// lines are what a command said to people, without the hint what to type next: a program types nothing.
func lines(b []byte) []string {
	out := []string{}
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimPrefix(strings.TrimRight(line, "\r\n"), "outreach: "); line != "" && !strings.HasPrefix(line, "next: ") {
			out = append(out, line)
		}
	}
	return out
}

func (a *asking) json(status int, b []byte) {
	a.w.Header().Set("Content-Type", "application/json")
	a.w.WriteHeader(status)
	_, _ = a.w.Write(b) // a reader who went away misses nothing
}

// problem is what is wrong, as RFC 9457 writes it.
func (a *asking) problem(err error) {
	f := a.faultOf(a.r, err)
	b, _ := json.Marshal(struct { // text and numbers always encode
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{"about:blank", f.title, f.status, f.text})
	h := a.w.Header()
	if f.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	h.Set("Content-Type", "application/problem+json")
	a.w.WriteHeader(f.status)
	_, _ = a.w.Write(b) // a reader who went away misses nothing
}

// read reads the body, within the bounds that guard has set.
func (a *asking) read() (err error) {
	a.body, err = io.ReadAll(a.r.Body)
	return err
}

// campaigns lists the campaigns, each with where it stands.
func (a *asking) campaigns() error {
	type one struct {
		Campaign string `json:"campaign"`
		Status   string `json:"status"`
		Edition  string `json:"edition"`
		Pending  string `json:"pending,omitempty"`
		Donors   int    `json:"donors"`
	}
	all := []one{}
	names, err := a.Ledger.Campaigns(a.r.Context())
	if err != nil {
		return err
	}
	for _, name := range names {
		c, err := a.Ledger.Campaign(a.r.Context(), name)
		if err != nil {
			return err
		}
		all = append(all, one{c.Name, c.Status, c.Edition, c.Pending, c.Donors})
	}
	b, err := json.Marshal(all)
	if err != nil {
		return err
	}
	a.json(http.StatusOK, b)
	return nil
}

// audit lists at most a thousand audit entries after a number.
func (a *asking) audit() error {
	after := int64(0)
	if s := a.r.URL.Query().Get("after"); s != "" {
		var err error
		if after, err = strconv.ParseInt(s, 10, 64); err != nil || after < 0 {
			return fault{http.StatusBadRequest, "after is no number", "after is the number of the last entry that you have; 0 for none."}
		}
	}
	type entry struct {
		Seq   int64     `json:"seq"`
		At    time.Time `json:"at"`
		Who   string    `json:"who"`
		What  string    `json:"what"`
		Body  string    `json:"body"`
		Chain string    `json:"chain"`
	}
	got, err := a.Ledger.Audit(a.r.Context(), after, 1000)
	if err != nil {
		return err
	}
	all := make([]entry, len(got))
	for i, e := range got {
		all[i] = entry{e.Seq, e.At, e.Who, e.What, e.Body, e.Chain}
	}
	b, err := json.Marshal(all)
	if err != nil {
		return err
	}
	a.json(http.StatusOK, b)
	return nil
}

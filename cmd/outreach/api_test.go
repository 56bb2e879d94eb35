package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"log/slog"

	"outreach.example/console"
	"outreach.example/ledger"
	"outreach.example/worker"
)

// program is a console on a running campaign, and tokens by which programs ask it.
type program struct {
	*testing.T
	site   *httptest.Server
	ledger *ledger.Ledger
	tokens map[string]string
}

func newProgram(t *testing.T) *program {
	t.Helper()
	f := newField(t, false)
	a := &app{
		getenv: func(k string) string { return f.env[k] }, out: io.Discard, errs: io.Discard, in: strings.NewReader(""),
		now: time.Now, account: "tester", dir: f.dir,
	}
	cfg, err := a.config()
	if err != nil {
		t.Fatal(err)
	}
	l, q, closeAll, err := a.connect(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeAll)
	h := &house{app: a, config: cfg, ledger: l, queue: q, log: slog.New(slog.DiscardHandler), times: worker.Standard}
	p := &program{T: t, ledger: l, tokens: map[string]string{"outreach_made_up": "outreach_made_up"}}
	var c *console.Console
	p.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.ServeHTTP(w, r) }))
	t.Cleanup(p.site.Close)
	if c, err = h.console(p.site.URL); err != nil {
		t.Fatal(err)
	}
	for name, roles := range map[string][]string{"ann": {"editor", "operator"}, "bea": {"approver"}, "viewer": {"viewer"}} {
		person := ledger.Account{Name: name, Roles: roles}
		if _, err := l.AddPerson(t.Context(), "tester", person); err != nil {
			t.Fatal(err)
		}
		says := strings.TrimSpace(must(t, f.env, "people", "token", "add", name, "bot", "--role", strings.Join(roles, ",")))
		p.tokens[strings.ToUpper(name)] = says
	}
	return p
}

// ask sends one request and gives its status and its body.
func (p *program) ask(method, path, token, key, body string) (int, string) {
	p.Helper()
	r, err := http.NewRequestWithContext(p.Context(), method, p.site.URL+path, strings.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+p.tokens[token])
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	got, err := p.site.Client().Do(r)
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	b, err := io.ReadAll(got.Body)
	if err != nil {
		p.Fatal(err)
	}
	return got.StatusCode, string(b)
}

// Every example of the documentation is a request that is answered as it says.
func TestAPIExamples(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	doc, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := strings.Split(string(doc), "```http\n")[1:]
	if len(examples) < 10 {
		t.Fatalf("%d examples", len(examples))
	}
	for _, e := range examples {
		e, _, _ = strings.Cut(e, "```")
		var method, path, token, key, body, status string
		var want []string
		for line := range strings.Lines(strings.TrimSpace(e)) {
			line = strings.TrimSpace(line)
			switch said := line[2:]; {
			case strings.HasPrefix(line, "> Authorization: Bearer "):
				token = strings.TrimPrefix(said, "Authorization: Bearer ")
			case strings.HasPrefix(line, "> Idempotency-Key: "):
				key = strings.TrimPrefix(said, "Idempotency-Key: ")
			case strings.HasPrefix(line, "> {"):
				body = said
			case line[0] == '>':
				method, path, _ = strings.Cut(said, " ")
			case status == "":
				status = said
			default:
				want = append(want, said)
			}
		}
		got, text := p.ask(method, path, token, key, body)
		if status != strconv.Itoa(got) {
			t.Errorf("%s %s: %d %s", method, path, got, text)
		}
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s %s: the answer does not hold %s:\n%s", method, path, w, text)
			}
		}
	}
}

// A program decides by the same rules as a person, once for each key, and the audit stream names both.
func TestAPIDecides(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	pledge := "/api/v1/campaigns/resilience/donors/KEN/entries/pledge"
	for range 3 {
		if status, text := p.ask("POST", pledge, "ANN", "k1", `{"amount":"100","currency":"USD"}`); status != 200 || !strings.Contains(text, "KEN: pledge recorded") {
			t.Errorf("%d %s", status, text)
		}
	}
	if status, text := p.ask("POST", pledge, "ANN", "k1", `{"amount":"200","currency":"USD"}`); status != 422 {
		t.Errorf("another request with the same key: %d %s", status, text)
	}
	// The key is the program's own: another one's is another key.
	if status, text := p.ask("POST", pledge, "BEA", "k1", `{"amount":"100","currency":"USD"}`); status != 200 || !strings.Contains(text, "recorded already") {
		t.Errorf("%d %s", status, text)
	}
	cs, err := p.ledger.Case(t.Context(), "resilience", "KEN")
	if err != nil || len(cs.Entries) != 1 || cs.Entries[0].By != "ann (token bot)" {
		t.Errorf("%+v %v", cs, err)
	}

	for _, c := range []struct {
		what, method, path, token, body string
		status                          int
		says                            string
	}{
		{"texts", "GET", "/api/v1/campaigns/resilience/texts?step=appeal", "ANN", "", 200, `"file": "appeal.fr.txt"`},
		{"no token", "GET", "/api/v1/campaigns", "", "", 401, "Bearer"},
		{"no such address", "GET", "/api/v1/nothing", "ANN", "", 404, "no page"},
		{"no such address, no token", "GET", "/api/v1/nothing", "", "", 401, "Bearer"},
		{"own work", "POST", "/api/v1/campaigns/resilience/plan", "ANN", "", 200, ""},
		{"role", "POST", "/api/v1/campaigns/resilience/approve", "ANN", "", 403, "roles"},
		{"a name like a flag", "POST", "/api/v1/donors/--all/hold", "ANN", `{"reason":"x"}`, 404, "--all"},
		{"a name like a path", "GET", "/api/v1/campaigns/..%2f..%2fetc", "ANN", "", 404, "etc"},
		{"a flag as a field", "POST", "/api/v1/donors/FRA/hold", "ANN", `{"reason":"x","as":"bea"}`, 400, "no field"},
		{"a number", "POST", pledge, "ANN", `{"amount":100,"currency":"USD"}`, 400, "text between quotation marks"},
		{"no JSON", "POST", pledge, "ANN", `amount=1`, 400, "JSON"},
		{"no such donor", "GET", "/api/v1/campaigns/resilience/donors/Kenya", "ANN", "", 409, "did you mean KEN"},
		{"a wrong word", "POST", "/api/v1/campaigns/resilience/donors/KEN/entries/applause", "ANN", "", 400, "not known"},
		{"wrong method", "DELETE", "/api/v1/campaigns", "ANN", "", 404, ""},
	} {
		status, text := p.ask(c.method, c.path, c.token, "", c.body)
		if status != c.status || !strings.Contains(text, c.says) || status >= 400 && !strings.Contains(text, `"detail"`) {
			t.Errorf("%s: %d %s", c.what, status, text)
		}
	}
	// A token of a person who is no longer what it says may no longer do it, and a revoked one nothing.
	ann, _, err := p.ledger.Person(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	ann.Roles = []string{"viewer"}
	if _, err := p.ledger.ChangePerson(t.Context(), "tester", "roles changed", ann, ""); err != nil {
		t.Fatal(err)
	}
	if status, text := p.ask("POST", "/api/v1/donors/FRA/hold", "ANN", "", `{"reason":"x"}`); status != 403 {
		t.Errorf("after the role was taken: %d %s", status, text)
	}
	bea, _, err := p.ledger.Person(t.Context(), "bea")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(bea.Tokens[0].Hash, p.tokens["BEA"]) {
		t.Error("the token is kept as it is")
	}
	bea.Tokens = nil
	if _, err := p.ledger.ChangePerson(t.Context(), "tester", "token revoked", bea, ""); err != nil {
		t.Fatal(err)
	}
	if status, _ := p.ask("GET", "/api/v1/campaigns", "BEA", "", ""); status != 401 {
		t.Errorf("a revoked token: %d", status)
	}
}

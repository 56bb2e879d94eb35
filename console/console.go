package console

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"outreach.example/ledger"
)

// Console serves the pages. Its fields are set before Open.
type Console struct {
	Ledger *ledger.Ledger
	Desk   Desk
	Now    func() time.Time
	Log    *slog.Logger

	// Address is what people type: scheme and host, for example https://outreach.iom.example. Links that are printed begin
	// with it, and no other host is answered.
	Address string
	Banner  string // stands on every page, for example that nothing leaves this machine; "" for none
	Mailbox string // address of the trial's mailbox, "" for none

	OptOut *OptOut // answers the links of letters to opt out; nil for none

	sessions *scs.SessionManager
	throttle throttle
	hashing  hashing
	hub      *hub
	gallery  gallery
	handler  http.Handler
}

// Open makes the console ready to serve.
func (c *Console) Open() {
	c.sessions, c.throttle, c.hashing, c.hub = c.openSessions(), throttle{c.Ledger.Redis}, newHashing(), newHub(c.Ledger, c.Log)
	c.handler = c.routes()
}

// ServeHTTP answers one request.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.handler.ServeHTTP(w, r) }

// Run follows the audit stream for pages that are open, and reads large campaigns anew beside, until ctx ends.
func (c *Console) Run(ctx context.Context) error {
	var draw sync.WaitGroup
	draw.Go(func() { c.gallery.run(ctx, c) })
	defer draw.Wait()
	return c.hub.run(ctx)
}

// secure says whether people reach the console over TLS.
func (c *Console) secure() bool {
	u, err := url.Parse(c.Address)
	return err == nil && u.Scheme == "https"
}

// A page answers a request of somebody who may do what it is for. What it returns becomes a page that says what is wrong.
type page func(v *visit) error

// routes lists every page there is. A line says who calls it and what act it is.
func (c *Console) routes() http.Handler {
	mux := http.NewServeMux()
	open := func(pattern string, p page) { mux.Handle(pattern, c.visit("", p)) }
	open("GET /sign-in", c.signInPage)      // a stranger, from any page
	open("POST /sign-in", c.signIn)         // its form
	open("GET /welcome/{token}", c.welcome) // a link that outreach console or an admin handed out
	open("POST /welcome/{token}", c.chosen) // its form
	for _, r := range c.closed() {
		mux.Handle(r.pattern, c.visit(r.act, r.page))
	}
	c.apiRoutes(mux)
	mux.Handle("GET /assets/", assets())
	mux.Handle("GET /health", http.HandlerFunc(c.health)) // the service manager or load balancer
	mux.Handle("/", c.visit("", c.missing))               // an old or mistyped link
	if c.OptOut == nil {
		return c.guard(mux)
	}
	// Beside the guard: what a mail program sends comes from no page of ours, and to the address that letters name.
	outer := http.NewServeMux()
	outer.Handle(c.OptOut.Path+"/{token}", c.OptOut) // a mail program, or a reader
	outer.Handle("/", c.guard(mux))
	return outer
}

// route is a page for those who may do its act.
type route struct {
	pattern string
	act     Act
	page    page
}

// closed gathers the pages that want somebody signed in: each file of pages has a list of its own.
func (c *Console) closed() []route {
	var all []route
	for _, list := range [][]route{
		c.houseRoutes(),
		c.campaignRoutes(),
		c.calendarRoutes(),
		c.reportRoutes(),
		c.stateRoutes(),
		c.textRoutes(),
		c.listRoutes(),
		c.importRoutes(),
		c.contactRoutes(),
		c.holidayRoutes(),
		c.taskRoutes(),
		c.settingsRoutes(),
	} {
		all = append(all, list...)
	}
	return all
}

func (c *Console) houseRoutes() []route {
	return []route{
		{"POST /sign-out", See, c.signOut},                   // the button on every page
		{"GET /account", See, c.accountPage},                 // the name on every page
		{"POST /account/sign-out", See, c.signOutEverywhere}, // its button
		{"POST /account/password", See, c.changePassword},    // its form
		{"POST /account/code", See, c.changeCode},            // its buttons
		{"GET /{$}", See, c.overview},                        // the first page
		{"GET /events", See, c.events},                       // the script of pages that are live
		{"GET /audit", See, c.auditPage},                     // the section
		{"GET /audit.csv", See, c.auditCSV},                  // the link under it
		{"GET /people", Admit, c.peoplePage},                 // the section
		{"POST /people", Admit, c.addPerson},                 // its form
		{"GET /people/{name}", Admit, c.personPage},          // each name in it
		{"POST /people/{name}", Admit, c.changePerson},       // its forms
	}
}

func (c *Console) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := c.Ledger.Redis.Ping(ctx).Err(); err != nil {
		plainly(w, http.StatusServiceUnavailable, "no ledger")
		return
	}
	plainly(w, http.StatusOK, "ok")
}

package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"outreach.example/console/pack"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// StateDesk is what the pages of one donor ask.
type StateDesk interface {
	// Run runs a command in the name of somebody who is signed in, and gives what it printed: data, and lines for people.
	Run(ctx context.Context, person string, args []string) (code int, out, errs []byte)
	// Letters are the donor's letters as they were written, without the audit stream.
	Letters(ctx context.Context, campaign, donor string) (*pack.Pack, error)
}

func (c *Console) stateRoutes() []route {
	const donor = "/campaigns/{name}/donors/{donor}"
	return []route{
		{"GET " + donor, See, c.statePage},                             // every tile and table of donors
		{"POST " + donor + "/record", Record, c.record},                // its form for answers
		{"POST " + donor + "/hold", Hold, c.holdOne},                   // its form to hold, and the button to let go
		{"GET " + donor + "/letters/{step}", See, c.letterPage},        // its list of letters
		{"GET " + donor + "/letters/{step}/{part}", See, c.letterPart}, // the frame and the files of a letter
		{"GET " + donor + "/evidence", See, c.pack},                    // its link
	}
}

// stateFile is a case as outreach case prints it for programs.
type stateFile struct {
	Campaign string      `json:"campaign"`
	Donor    string      `json:"donor"`
	Name     string      `json:"name"`
	Language string      `json:"language"`
	Case     string      `json:"case"`
	Stopped  bool        `json:"stopped"`
	Next     string      `json:"next"`
	Until    *time.Time  `json:"until"`
	Tasks    []stateTask `json:"tasks"`
	Holds    []struct {
		Scope  string     `json:"scope"`
		By     string     `json:"by"`
		Reason string     `json:"reason"`
		Until  *time.Time `json:"until"`
	} `json:"holds"`
	Entries []struct {
		Number int `json:"number"`
		ledger.Entry
		Counts bool `json:"counts"`
		Text   *struct {
			At      time.Time `json:"at"`
			From    string    `json:"from"`
			Subject string    `json:"subject"`
			Text    string    `json:"text"`
		} `json:"text"`
	} `json:"entries"`
	Contacts []struct {
		Role       string              `json:"role"`
		Name       string              `json:"name"`
		Email      string              `json:"email"`
		Suppressed *ledger.Suppression `json:"suppressed"`
	} `json:"contacts"`
	Ask     []string `json:"ask"`
	Letters []struct {
		Letter string     `json:"letter"`
		State  string     `json:"state"`
		Since  *time.Time `json:"since"`
		Date   *time.Time `json:"date"`
		Words  string     `json:"words"`
		Why    string     `json:"why"`
		Copies int        `json:"copies"`
	} `json:"letters"`
}

type stateTask struct {
	ID   string    `json:"id"`
	Kind string    `json:"kind"`
	Why  string    `json:"why"`
	Due  time.Time `json:"due"`
	Open bool      `json:"open"`
}

// statePage is the page of one donor in one campaign.
type statePage struct {
	frame
	File  stateFile
	Path  string
	Kinds []string
	Given map[string]string // what was typed in a form that has a problem
	Held  bool              // by a hold of its own
}

// recorded are the kinds of entries that a person writes down here.
var recorded = []string{"reply", "pledge", "received", "decline", "meeting", "capital", "note", "opt-out"}

func donorPath(campaign, donor string) string {
	return campaignPath(campaign) + "/donors/" + url.PathEscape(donor)
}

// Step is the step of a letter's name; for templates.
func (p statePage) Step(letter string) string { return path.Base(letter) }

// State is a state as templates draw it.
func (p statePage) State(words string) letter.State {
	return letter.State(strings.ReplaceAll(words, " ", "_"))
}

// HasState says whether there is such a state: a letter that is not planned has none.
func (p statePage) HasState(words string) bool { return stateSigns[p.State(words)] != "" }

// Quotes divides the text of a mail into what its writer wrote and what they quoted.
func (p statePage) Quotes(text string) (parts []quotedPart) {
	for line := range strings.Lines(text) {
		quoted := strings.HasPrefix(strings.TrimSpace(line), ">")
		if n := len(parts); n == 0 || parts[n-1].Quoted != quoted {
			parts = append(parts, quotedPart{Quoted: quoted})
		}
		parts[len(parts)-1].Text += line
	}
	return parts
}

type quotedPart struct {
	Quoted bool
	Text   string
}

func (c *Console) statePage(v *visit) error { return v.state(http.StatusOK, nil, nil) }

func (v *visit) state(status int, form *problems, given map[string]string) error {
	name, id := v.r.PathValue("name"), v.r.PathValue("donor")
	var file stateFile
	if err := v.read(&file, "case", "--campaign="+name, "--", id); err != nil {
		return err
	}
	p := statePage{
		frame: v.frame(file.Name, link{"Campaigns", "/campaigns"}, link{name, campaignPath(name)}),
		File:  file, Path: donorPath(name, file.Donor), Kinds: recorded, Given: given,
	}
	p.problems, p.Live = form, form == nil
	for _, h := range file.Holds {
		p.Held = p.Held || h.Scope == "donor:"+file.Donor
	}
	return v.showAs(status, "state.html", p)
}

// read reads what a command prints for programs.
func (v *visit) read(into any, args ...string) error {
	for _, a := range args {
		if a != "--" && !strings.HasPrefix(a, "--") && !plainArgument.MatchString(a) {
			return notFound("There is nothing of this name.")
		}
	}
	code, out, errs := v.Desk.Run(v.ctx, v.Person.Name, append([]string{"--json"}, args...))
	if code != codeDone {
		return v.said(code, errs)
	}
	return json.Unmarshal(out, into)
}

// said is what a command that was refused or failed says.
func (v *visit) said(code int, errs []byte) error {
	text := strings.Join(lines(errs), "\n")
	switch code {
	case codeRefused, codeUsage:
		return ledger.Refusal(text)
	default:
		return errors.New(text)
	}
}

// decide runs a command that decides. What it refuses stands beside a field of the form.
func (v *visit) decide(form *problems, field string, args ...string) (said []string, err error) {
	code, out, errs := v.Desk.Run(v.ctx, v.Person.Name, args)
	if code != codeDone && code != codePartly {
		return nil, form.refuse(field, v.said(code, errs))
	}
	return append(lines(out), lines(errs)...), nil
}

// record writes an answer into the case, as outreach record does.
func (c *Console) record(v *visit) error {
	name, id := v.r.PathValue("name"), v.r.PathValue("donor")
	if !plainArgument.MatchString(name) || !plainArgument.MatchString(id) {
		return refused("missing")
	}
	form, given := &problems{}, map[string]string{}
	args := []string{"record", "--campaign=" + name}
	for _, f := range []string{"amount", "currency", "date", "until"} {
		if given[f] = v.line(form, f, "it", false); given[f] != "" {
			args = append(args, "--"+f+"="+given[f])
		}
	}
	if given["note"] = v.line(form, "note", "a note", false); given["note"] != "" {
		args = append(args, "--note="+given["note"])
	}
	if given["visible"] = v.value("visible"); given["visible"] == "yes" {
		args = append(args, "--visible")
	}
	given["kind"] = v.value("kind")
	known := false
	for _, k := range recorded {
		known = known || k == given["kind"]
	}
	if !known {
		form.add("kind", "Choose what came")
	}
	if form.none() {
		said, err := v.decide(form, "kind", append(args, "--", given["kind"], id)...)
		if err != nil {
			return err
		}
		if form.none() {
			return v.to(donorPath(name, id), Sentence(strings.Join(said, "; ")))
		}
	}
	return v.state(http.StatusUnprocessableEntity, form, given)
}

// holdOne holds the donor's letters, or lets them go.
func (c *Console) holdOne(v *visit) error {
	name, id := v.r.PathValue("name"), v.r.PathValue("donor")
	if !plainArgument.MatchString(id) {
		return refused("missing")
	}
	form := &problems{}
	var args []string
	given := map[string]string{"reason": "", "end": ""}
	switch v.value("do") {
	case "hold":
		given["reason"] = v.line(form, "reason", "why", true)
		args = []string{"hold", "--reason=" + given["reason"]}
		if given["end"] = v.line(form, "end", "the last day", false); given["end"] != "" {
			args = append(args, "--until="+given["end"])
		}
	case "release":
		args = []string{"release"}
	default:
		return refused("unread")
	}
	if form.none() {
		said, err := v.decide(form, "reason", append(args, "--", id)...)
		if err != nil {
			return err
		}
		if form.none() {
			return v.to(donorPath(name, id), Sentence(strings.Join(said, "; ")))
		}
	}
	return v.state(http.StatusUnprocessableEntity, form, given)
}

// letterPage is one letter: as the reader sees it, as text, what it was made from and what became of it.
type letterPage struct {
	frame
	Path     string
	Approval string // where all letters to the donor stand before an approval
	Step     string
	Row      *letterRow // nil where it is not planned yet
	Text     string
	Facts    [][]string
	Parts    []string // the files that can be kept
	Reading  *Reading // nil where no edition writes it
	Preview  string   // the command that shows it
}

// letterRow is what the ledger says of a letter, as the evidence pack has it.
type letterRow struct {
	Letter      string       `json:"letter"`
	State       letter.State `json:"state"`
	Since       time.Time    `json:"since"`
	Date        *time.Time   `json:"date"`
	Generation  int          `json:"generation"`
	Attempts    int          `json:"attempts"`
	Relay       string       `json:"relay_said"`
	MessageID   string       `json:"message_id"`
	Edition     string       `json:"edition"`
	ContentHash string       `json:"content_sha256"`
	Copies      int          `json:"registry_copies_read"`
}

func (c *Console) letters(v *visit) (*pack.Pack, error) {
	name, id := v.r.PathValue("name"), v.r.PathValue("donor")
	if !plainArgument.MatchString(name) || !plainArgument.MatchString(id) || !plainArgument.MatchString(v.r.PathValue("step")) {
		return nil, refused("missing")
	}
	return c.Desk.Letters(v.ctx, name, id)
}

func (c *Console) letterPage(v *visit) error {
	p, err := c.letters(v)
	if err != nil {
		return err
	}
	step := v.r.PathValue("step")
	dir := "letters/" + step + "/"
	whole := donorPath(p.Campaign, p.Donor)
	page := letterPage{
		frame: v.frame(p.Campaign+"/"+p.Donor+"/"+step, link{"Campaigns", "/campaigns"}, link{p.Campaign, campaignPath(p.Campaign)}, link{p.Donor, whole}),
		Path:  whole + "/letters/" + url.PathEscape(step), Approval: campaignPath(p.Campaign) + "/approve/" + url.PathEscape(p.Donor), Step: step, Text: string(p.Files[dir+"letter.txt"]),
		Preview: "outreach preview " + p.Campaign + " " + p.Donor + " --step " + step,
	}
	page.Help = help("/letter")
	if page.Reading, err = c.Desk.Reading(v.ctx, p.Campaign, p.Donor, step); err != nil {
		return err
	}
	stored, planned := p.Files[dir+"row.json"]
	if !planned && page.Reading == nil {
		return notFound("No letter of this step goes to this donor.")
	}
	if planned {
		page.Row = &letterRow{}
		if err := json.Unmarshal(stored, page.Row); err != nil {
			return err
		}
	}
	if page.Facts, err = pack.ReadFacts(p.Files[dir+"facts.csv"]); err != nil {
		return err
	}
	for part := range partKinds {
		if _, ok := p.Files[dir+part]; ok && part != "letter.html" {
			page.Parts = append(page.Parts, part)
		}
	}
	return v.show("letter.html", page)
}

// partKinds are the files of a letter that a page may ask for.
var partKinds = map[string]string{
	"letter.html": "text/html; charset=utf-8", "letter.txt": "text/plain; charset=utf-8", "registry-copy-1.eml": "message/rfc822",
	"registry-copy-2.eml": "message/rfc822",
}

// letterPart is the HTML of a letter, for a frame that can neither run nor load anything, or a file to keep.
func (c *Console) letterPart(v *visit) error {
	part := v.r.PathValue("part")
	kind, ok := partKinds[part]
	if !ok {
		return refused("missing")
	}
	p, err := c.letters(v)
	if err != nil {
		return err
	}
	content, ok := p.Files["letters/"+v.r.PathValue("step")+"/"+part]
	if !ok {
		return refused("missing")
	}
	if part != "letter.html" {
		v.file(p.Campaign+"-"+p.Donor+"-"+v.r.PathValue("step")+"-"+part, kind, content)
		return nil
	}
	h := v.w.Header()
	h.Set("Content-Type", kind)
	// The letter has styles of its own and nothing else: no script, no image, no form, no host.
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	_, _ = v.w.Write(content) // a reader who went away misses nothing
	return nil
}

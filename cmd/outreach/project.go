package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/campaign"
	"outreach.example/console/intake"
	"outreach.example/donor"
	"outreach.example/templates"
)

// project is a project folder with one of its campaigns, read whole.
type project struct {
	app    *app
	fsys   fs.FS
	name   string
	always bool // trial: send windows never close

	standard bool // the campaign has no texts of its own and is written with the built-in ones

	written map[string][]byte // everything staff wrote that letters are made from, by name in the folder
	files   map[string]string // what an edition freezes, by its name there

	places  map[string]string  // places and holidays, by name in the folder
	parsed  *campaign.Campaign // campaign.yaml as it was read, nil where it cannot be
	misread donor.Faults

	attached campaign.Attached
	wrong    donor.Faults      // of the attachments, as they were read
	encoded  map[string][]byte // by hash, those that go to everybody, once a letter took them along

	imports  []intake.Import // of before the files were read
	imported string          // the last of them that the files have for sure

	settings config
	unread   error // why the settings could not be read; whoever reads them all tells

	campaign *campaign.Campaign
	set      *templates.Set
	everyone []donor.Donor // of every list, chosen or not
	donors   []donor.Donor // chosen, in order
	left     []campaign.LeftOut
	warnings donor.Faults
}

// open reads the files of a campaign without judging them.
func (a *app) open(name string) (*project, error) {
	if _, err := os.Stat(a.dir); err != nil {
		return nil, usagef("-C %s: %s", a.dir, plain(err))
	}
	return openFS(a, os.DirFS(a.dir), name)
}

func openFS(a *app, fsys fs.FS, name string) (*project, error) {
	p, err := openTexts(a, fsys, name)
	if err != nil {
		return nil, err
	}
	var lists []string
	for _, kind := range []string{"donors", "contacts", "contributions"} {
		lists = append(lists, kind+".csv", kind+".xlsx")
	}
	if err := p.readThose(lists); err != nil {
		return nil, err
	}
	p.readAttached(path.Join("campaigns", name))
	return p, nil
}

// registers are the files beside the campaigns that texts are read with.
var registers = []string{"facts.csv", "forms.csv", "languages.yaml"}

// openTexts reads the campaign file, what its texts are made of and the calendars of places, and no list of donors.
func openTexts(a *app, fsys fs.FS, name string) (*project, error) {
	p := &project{app: a, fsys: fsys, name: name, always: a.always, written: map[string][]byte{}, files: map[string]string{}, encoded: map[string][]byte{}}
	p.settings, p.unread = a.config()
	folder := path.Join("campaigns", name)
	file := path.Join(folder, "campaign.yaml")
	if _, err := fs.Stat(fsys, file); err != nil {
		return nil, p.missing()
	}
	if err := errors.Join(p.readThose(registers), p.readPlaces()); err != nil {
		return nil, err
	}
	for _, f := range registers {
		if content, ok := p.written[f]; ok {
			p.files[f] = string(content)
		}
	}
	if err := p.read(file); err != nil {
		return nil, err
	}
	texts, err := fs.Glob(fsys, path.Join(folder, "texts", "*.txt"))
	if err != nil {
		return nil, err
	}
	for _, t := range texts {
		if err := p.read(t); err != nil {
			return nil, err
		}
		p.files["texts/"+path.Base(t)] = string(p.written[t])
	}
	_, err = fs.Stat(fsys, path.Join(folder, "texts"))
	p.standard = errors.Is(err, fs.ErrNotExist)
	p.files["campaign.yaml"] = string(p.written[file])
	p.parsed, p.misread = campaign.Parse(name, file, p.written[file])
	return p, nil
}

// readPlaces reads the calendars of places.
func (p *project) readPlaces() error {
	placed := []string{campaign.PlacesFile}
	holidays, err := fs.Glob(p.fsys, campaign.HolidaysFolder+"*.yaml")
	if err != nil {
		return err
	}
	placed = append(placed, holidays...)
	if err := p.readThose(placed); err != nil {
		return err
	}
	p.places = map[string]string{}
	for _, f := range placed {
		if content, ok := p.written[f]; ok {
			p.places[f] = string(content)
		}
	}
	return nil
}

// readThose reads files that need not be there.
func (p *project) readThose(names []string) error {
	for _, f := range names {
		if err := p.read(f); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// compile reads the texts, and finds what is wrong with them.
func (p *project) compile(c *campaign.Campaign, today donor.Date) (*templates.Set, donor.Faults) {
	if p.standard {
		for t, content := range templates.StandardFor(c) {
			p.files["texts/"+t] = content
		}
	}
	set, faults := templates.Load(c, p.files)
	return set, p.placed(append(faults, set.Proofread(today, lastDays(c, p.app.now()))...))
}

// readAttached reads the campaign's attachments. What is kept of them is their list, with their hashes: the files may be
// larger than all else together, and plan reads them again one by one.
func (p *project) readAttached(folder string) {
	c := p.parsed
	if c == nil || c.Attached.Folder == "" {
		return
	}
	p.attached, p.wrong = c.ReadAttached(p.fsys, folder)
	list := p.attached.Encode()
	p.files[campaign.AttachedFile], p.written[path.Join(folder, campaign.AttachedFile)] = list, []byte(list)
}

// attachment reads one file again that check has looked at.
func (p *project) attachment(f campaign.File) ([]byte, error) {
	return fs.ReadFile(p.fsys, path.Join("campaigns", p.name, p.campaign.Attached.Folder, f.Name))
}

func (p *project) read(name string) error {
	b, err := fs.ReadFile(p.fsys, name)
	if err != nil {
		return err
	}
	p.written[name] = b
	return nil
}

// missing says which campaigns the folder has.
func (p *project) missing() error {
	var names []string
	found, _ := fs.Glob(p.fsys, "campaigns/*/campaign.yaml")
	for _, f := range found {
		names = append(names, path.Base(path.Dir(f)))
	}
	if len(names) == 0 {
		return donor.Faults{{File: "campaigns/" + p.name + "/campaign.yaml", Text: "there is no such file; write a sample project with: outreach init FOLDER"}}
	}
	return donor.Faults{{
		File: "campaigns/" + p.name + "/campaign.yaml",
		Text: fmt.Sprintf("there is no campaign %q here (there are: %s)", p.name, strings.Join(names, ", ")),
	}}
}

// inputs is the hash of everything staff wrote.
func (p *project) inputs() string { return campaign.HashInputs(p.written) }

// load reads and checks everything. All faults of all files come at once; letters are rendered by freeze.
func (p *project) load() (err error) {
	if p.imports, p.imported, err = p.app.intake().Settled(); err != nil {
		return err
	}
	today := donor.DateOf(p.app.now())
	file := path.Join("campaigns", p.name, "campaign.yaml")
	c, faults := p.parsed, slices.Clone(p.misread)
	book, found := donor.ReadFresh(p.fsys, today, p.fresh())
	faults = append(faults, found...)
	p.everyone = book.Donors
	readable := !found.Refuses() // a contact whose line has a fault is no missing contact
	if c != nil {
		p.campaign = c
		if p.always {
			c.Schedule.Always = true
		}
		placed := c.ReadPlaces(p.places)
		faults = append(faults, placed...)
		maps.Copy(p.files, c.PlaceFiles(p.places))
		faults = append(faults, c.Check(today)...)
		faults = append(faults, p.wrong...)
		faults = append(faults, p.checkSealing(c)...)
		if readable {
			chosen, left, found := c.Select(book.Donors)
			faults = append(faults, found...)
			faults = append(faults, book.Check(c.Ask, chosen)...)
			if !placed.Refuses() {
				faults = append(faults, c.CheckPlaces(chosen, p.app.now())...)
			}
			for i := range chosen {
				chosen[i].Contribution = book.Contribution(chosen[i].ID, c.Ask.BaseYear, c.Ask.Base)
			}
			p.donors, p.left = chosen, left
			faults = append(faults, c.CheckGoal(chosen)...)
			if len(p.wrong) == 0 { // a file that could not be read is no missing one
				faults = append(faults, c.CheckAttached(p.attached, path.Dir(file), chosen)...)
			}
		}
		set, found := p.compile(c, today)
		faults = append(faults, found...)
		p.set = set
		if set != nil && !faults.Refuses() {
			faults = append(faults, set.Missing(p.donors)...)
			faults = append(faults, set.Strangers(p.donors)...)
		}
	}
	faults.Sort()
	if faults.Refuses() {
		return faults
	}
	p.warnings = faults
	return nil
}

// fresh is for how many days a contact is believed.
func (p *project) fresh() int {
	if p.unread == nil {
		return p.settings.count("verified_days")
	}
	return donor.Fresh
}

// lastDays is the last day on which letters of each step are to leave: the day until which they are approved, or the first
// on which they can.
func lastDays(c *campaign.Campaign, now time.Time) map[string]donor.Date {
	days := map[string]donor.Date{}
	for _, e := range c.Calendar(c.Usual().Opening(now)) {
		d := donor.DateOf(e.Earliest)
		if d.Before(e.Standing) {
			d = e.Standing
		}
		days[e.Step] = d
	}
	return days
}

// placed names a text as staff know it: an edition knows it without its campaign's folder.
func (p *project) placed(faults donor.Faults) donor.Faults {
	for i, f := range faults {
		if strings.HasPrefix(f.File, "texts/") {
			faults[i].File = path.Join("campaigns", p.name, f.File)
		}
	}
	return faults
}

// freeze renders every letter once and makes the edition. store takes the blocks; nil only checks.
func (p *project) freeze(ctx context.Context, cuts map[string]int, store func(campaign.Block) error, progress func(int)) (campaign.Edition, []byte, error) {
	if store == nil {
		store = func(campaign.Block) error { return nil }
	}
	f := campaign.Freezer{
		Campaign: p.campaign, Files: p.files, Inputs: p.inputs(), Cuts: cuts,
		Render: func(r campaign.Record, step string) (string, error) {
			content, err := p.set.Compose(&r, step)
			if err == nil {
				err = p.set.Door(&content, &r)
			}
			if err != nil {
				return "", p.fault(r, err)
			}
			return content.Hash(), nil
		},
		Store: store, Progress: progress,
	}
	return f.Freeze(ctx, p.donors)
}

// fault is what a letter's rendering found, at the place where staff mend it: the text, or else the donor's contact.
func (p *project) fault(r campaign.Record, err error) error {
	var faults donor.Faults
	if errors.As(err, &faults) {
		return p.placed(faults)
	}
	file, line := "contacts.csv", 0
	if len(r.Donor.Contacts) > 0 && r.Donor.Contacts[0].File != "" {
		file, line = r.Donor.Contacts[0].File, r.Donor.Contacts[0].Line
	}
	return donor.Faults{{File: file, Line: line, Text: err.Error()}}
}

func (p *project) warn() {
	for _, w := range p.warnings {
		fmt.Fprintln(p.app.errs, w.Error())
	}
}

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check CAMPAIGN", Short: "Read everything a campaign needs, render every letter, and name every fault", Args: named,
		Example: "  outreach check resilience\n  outreach -C our-project check resilience",
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.open(args[0])
			if err != nil {
				return err
			}
			if err := p.load(); err != nil {
				return a.withSettings(err)
			}
			if err := a.withSettings(nil); err != nil {
				return err
			}
			p.warn()
			letters := 0
			e, _, err := p.freeze(cmd.Context(), nil, func(b campaign.Block) error {
				for _, r := range b.Records {
					letters += len(r.Hash)
				}
				return nil
			}, nil)
			if err != nil {
				return err
			}
			if a.json {
				return a.print(map[string]any{"campaign": p.name, "donors": e.Donors, "letters": letters, "faults": 0, "warnings": len(p.warnings)})
			}
			fmt.Fprintf(a.out, "%s: %d donors, %d letters in %d steps rendered, no fault\n", p.name, e.Donors, letters, len(e.Steps))
			a.next("outreach plan %s", p.name)
			return nil
		},
	}
}

// withSettings adds the faults of outreach.yaml, which is one of a project's files, to those of the others.
func (a *app) withSettings(err error) error {
	_, wrong := a.config()
	var more, faults donor.Faults
	if !errors.As(wrong, &more) || err != nil && !errors.As(err, &faults) {
		return cmp.Or(err, wrong)
	}
	return append(faults, more...)
}

// languages counts donors by the language they are written to in.
func (p *project) languages() map[string]int {
	m := map[string]int{}
	for _, d := range p.donors {
		m[d.Language]++
	}
	return m
}

func inWords(m map[string]int) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%d %s", m[k], k))
	}
	return strings.Join(parts, ", ")
}

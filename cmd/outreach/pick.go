package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/templates"
)

// pick is which letter a command is about, in the words of the command line.
type pick struct {
	campaign string // "": the only one there is
	donor    string
	step     string // "": the first
	language string // "": the donor's
	promised string // "": nothing; what a letter of thanks gives thanks for
	pledge   donor.Money
}

func (k *pick) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&k.step, "step", "", "which `step`; the first unless set")
	cmd.Flags().StringVar(&k.language, "lang", "", "write it in this `language`, whatever the donor's is")
}

// args reads CAMPAIGN DONOR, or DONOR alone where there is one campaign.
func (k *pick) args(cmd *cobra.Command, args []string) error {
	switch len(args) {
	case 1:
		k.donor = args[0]
	case 2:
		k.campaign, k.donor = args[0], args[1]
	default:
		return usagef("which donor? for example: %s KEN, or with the campaign: %s resilience KEN", cmd.CommandPath(), cmd.CommandPath())
	}
	return nil
}

// written are the campaigns of the project folder.
func (a *app) written() (names []string) {
	found, _ := filepath.Glob(filepath.Join(a.dir, "campaigns", "*", "campaign.yaml"))
	for _, f := range found {
		names = append(names, filepath.Base(filepath.Dir(f)))
	}
	return names
}

// open reads and checks the project that the letter is in.
func (k *pick) open(a *app) (*project, error) {
	names := a.written()
	if k.campaign == "" {
		if len(names) != 1 {
			return nil, usagef("which campaign? name it before the donor (there are: %s)", strings.Join(names, ", "))
		}
		k.campaign = names[0]
	}
	if slices.Contains(names, k.donor) {
		return nil, usagef("which donor of the campaign %s? name it behind the campaign, for example: %s KEN", k.donor, k.donor)
	}
	p, err := a.open(k.campaign)
	if err != nil {
		return nil, err
	}
	if err := p.load(); err != nil {
		return nil, err
	}
	return p, k.choose(p)
}

// choose settles the step, and says whether it is written in the language that is asked for.
func (k *pick) choose(p *project) error {
	var steps []string
	for _, s := range p.campaign.Steps {
		steps = append(steps, s.Name)
	}
	if k.step == "" {
		k.step = steps[0]
	}
	if steps = append(steps, templates.AnswerNames...); !slices.Contains(steps, k.step) {
		return usagef("campaign %s has no step %q (there are: %s)", p.name, k.step, strings.Join(steps, ", "))
	}
	var err error
	if k.pledge, err = parsePledge(k.promised); err != nil {
		return err
	}
	if there := p.set.Languages(k.step); k.language != "" && !slices.Contains(there, k.language) {
		return usagef("the step %s has no text in the language %q (there are: %s)", k.step, k.language, strings.Join(there, ", "))
	}
	return nil
}

// record is the donor with its ask, in the language that is asked for.
func (k *pick) record(p *project) (campaign.Record, error) {
	upper := strings.ToUpper(k.donor)
	for _, d := range p.donors {
		if d.ID == upper || d.ID == k.donor {
			return k.recordOf(p, d), nil
		}
	}
	for _, l := range p.left {
		if l.Donor == upper || l.Donor == k.donor {
			return campaign.Record{}, ledger.Refusal(fmt.Sprintf("%s is left out: %s", l.Donor, l.Reason))
		}
	}
	hint := ""
	if s := donor.Registry().Suggest(k.donor); s != "" {
		hint = "; " + s
	}
	return campaign.Record{}, usagef("campaign %s does not write to %q%s", p.name, k.donor, hint)
}

func (k *pick) recordOf(p *project, d donor.Donor) campaign.Record {
	if k.language != "" {
		d.Language = k.language
	}
	r := p.campaign.Record(d)
	r.Pledge = k.pledge
	return r
}

// compose writes the letter that is picked.
func (k *pick) compose(p *project) (campaign.Record, letter.Content, error) {
	r, err := k.record(p)
	if err != nil {
		return r, letter.Content{}, err
	}
	c, err := p.set.Compose(&r, k.step)
	if err != nil {
		return r, c, p.fault(r, err)
	}
	return r, c, nil
}

// Package campaign reads the campaign file: audience, steps, stop rules, send windows, and freezes it with its donors
// into an edition. It touches neither Redis nor mail.
//
// The campaign file is campaigns/NAME/campaign.yaml, at most 1 MB of YAML without anchors, aliases, merges and tags.
// Nothing may stand in it that is not named here, and nothing twice. Keys marked * must be there.
//
//	campaign*     the name of the folder: lower-case letters, digits and hyphens, 1 to 32
//	title*        the campaign's title by language: en, fr, es, ...; one for each language that is written in
//	goal*         amount* (whole units), currency* (ISO 4217)
//	audience*     status* (words of the donors' status column; may be empty where include is not), groups, regions
//	              (United Nations regional groups and regions; empty lists select nothing away), include (donor ids
//	              beside those selected), exclude (list of donor*, reason*; always wins)
//	sender*       name, address*
//	sent_by       name, address*: the mailbox that sends for the sender, where it is another one
//	reply_to*     name, address*: a person reads it
//	return_path   address for mail that comes back; the sender's address unless said otherwise
//	registry      mailbox that receives a copy of every letter; none unless said otherwise
//	opt_out       web (true or false), address: how a mail program offers not to be written to again; not at all unless said
//	              otherwise
//	attachments   folder* (beside the campaign file), max_mb (of one file, 1 to 10; 5 unless said otherwise), steps (names;
//	              the first step unless said otherwise): a PDF for each donor, see attachments.go
//	signatory*    name*, title* (by language)
//	facts         ids of the facts register that the texts may cite
//	mentions      States (ISO 3166-1 alpha-3) that the texts may name although the letter is not theirs
//	numbers       words with digits that the texts may write although they are no figures: the number of a resolution
//	ask*          low*, high* (whole per cent, 5 to 10), base_year*, base (the contribution's label; any unless said
//	              otherwise), floor (whole units; a smaller contribution is not asked for a figure; 0 unless said
//	              otherwise), currency*, round_to (whole units, 1 unless said otherwise)
//	variants      list of name* (lower-case letters, digits and hyphens, 1 to 24, not two letters alone), asks* ("an
//	              amount", "no amount" or "nothing"), and conditions: donors (ids), status (words), at_least (whole units
//	              of ask's currency that the contribution reaches); the first that fits a donor is the donor's, and the
//	              last must fit all; none unless said otherwise: every donor gets the same wording
//	reply_by*     the day until which an answer is asked for
//	schedule*     start* (day), hours* ("HH:MM-HH:MM"), holidays (days, in order), and either place (the id of the place where
//	              letters are read, or capital; a contact may have another) or zone (Region/City) and days (mon ... sun) for all
//	              letters
//	steps*        list of name* (lower-case letters, digits and hyphens, 1 to 24), and from the second step on after*
//	              ("10 working days", counted from the day the step before was sent) and approval* ("each": a person
//	              releases every letter; "standing until YYYY-MM-DD": approved with the campaign until that day); at most two
//	              reminders are standing
//	call_after    when a person is asked to telephone a donor whose last reminder has no answer: "10 working days", or "never";
//	              as long as the last reminder's after unless said otherwise, and never in a campaign without reminders
//	quiet_days    working days within which a donor is not asked again after another campaign has asked it, 0 to 60; 5
//	              unless said otherwise
//	canary        letters of the first step that leave first, 1 to 20: the others wait until these have arrived; none unless said
//	block_size    donors of one State that are queued and stored together, 1 to 1000; 100 unless said otherwise
//
// Days are YYYY-MM-DD. docs/campaign-file.md tells it at length.
package campaign

import "outreach.example/donor"

// A Campaign is what one campaign.yaml says.
type Campaign struct {
	Name       string            // as its folder is called: lower-case letters, digits, hyphens
	Title      map[string]string // by language
	Goal       donor.Money
	Audience   Audience
	Sender     donor.Mailbox
	SentBy     donor.Mailbox // sends for Sender; zero where Sender sends itself
	ReplyTo    donor.Mailbox
	ReturnPath string // MAIL FROM; the sender's address unless the file says otherwise
	Registry   string // mailbox of the registry copies, "" for none
	OptOut     OptOut
	Attached   Attachments
	Signatory  Signatory
	Facts      []string // ids of the facts register that the texts may cite
	Mentions   []string // States that the texts may name although the letter is not theirs
	Numbers    []string // words with digits that the texts may write although they are no figures
	Ask        donor.AskRule
	Variants   []Variant // the first that fits a donor is the donor's; none where all get the same letter
	ReplyBy    donor.Date
	Schedule   Schedule
	Steps      []Step
	CallAfter  int // working days from the last reminder until a person telephones; 0 where nobody does
	QuietDays  int // working days without an ask after one of another campaign
	Canary     int // letters of the first step that leave before the others, 0 where all may leave at once
	BlockSize  int // donors a block, 100 unless the file says otherwise

	file    string
	places  map[string]place
	reading *places // nil before ReadPlaces, and where all letters leave by one clock
	unsure  bool    // the audience had faults of its own, so what it selects says nothing
}

// An Audience selects donors: those of one of the Status that are also in one of the Groups and one of the Regions,
// where those lists are not empty, and those of Include. Exclude always wins.
type Audience struct {
	Status  []string // empty only where Include alone selects
	Groups  []string
	Regions []string
	Include []string // donor ids beside those selected
	Exclude []Exclusion
}

// An Exclusion leaves one donor out, for a reason that everyone can read.
type Exclusion struct {
	Donor  string
	Reason string
}

// OptOut is what letters offer a mail program for readers who do not wish to be written to (RFC 2369, RFC 8058).
type OptOut struct {
	Web     bool   // a link to the house's page
	Address string // an address to write to, "" for none
}

// Attachments are files that go with the letters of some steps; the zero value is none.
type Attachments struct {
	Folder string // beside the campaign file
	MaxMB  int    // of one file
	Steps  []string
}

// A Signatory signs the letters. Title is by language.
type Signatory struct {
	Name  string
	Title map[string]string
}

// A Step is one letter to each donor.
type Step struct {
	Name     string     // "appeal", "reminder-1"
	After    int        // working days since the step before was sent; 0 for the first
	Each     bool       // a person releases every letter of this step
	Standing donor.Date // approved with the edition until this day; zero for the first step, or with Each
}

// File is the campaign file as staff know it, for faults found later.
func (c *Campaign) File() string { return c.file }

// Place is where a value of the file stands, by its path: "facts[2]" is the third fact, "steps[1].after" a key of the
// second step, "title.fr" the French title. Line and column are from 1; for a path that the file does not have, those
// of the nearest group around it.
func (c *Campaign) Place(path string) (line, column int) {
	for path != "" {
		if p, ok := c.places[path]; ok {
			return p.line, p.column
		}
		path = parent(path)
	}
	return 1, 1
}

func parent(path string) string {
	for i := len(path) - 1; i > 0; i-- {
		if path[i] == '.' || path[i] == '[' {
			return path[:i]
		}
	}
	return ""
}

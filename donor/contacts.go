package donor

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// The ranks of contacts: each has its own form of address.
const (
	Ambassador = "ambassador" // Permanent Representative
	Minister   = "minister"   // for Foreign Affairs
	Charge     = "charge"     // Chargé d'affaires a.i.: not "Excellency"
	Office     = "office"     // a mission or a team, addressed without a name
	OtherRank  = "other"      // anybody else, addressed by the salutation that the row gives
)

var ranks = []string{Ambassador, Minister, Charge, Office, OtherRank}

// Ranks are those that a contact can have.
func Ranks() []string { return slices.Clone(ranks) }

// Columns of contacts.csv.
const (
	contactDonor = iota
	contactEmail
	contactRank
	contactName
	contactGender
	contactTitle
	contactSalutation
	contactLanguage
	contactVerified
	contactSource
	contactFamily
	contactStyle
	contactClose
	contactPlace
)

var contactColumns = []column{
	{"donor", true}, {"email", true}, {"rank", true}, {"name", false}, {"gender", false}, {"title", false},
	{"salutation", false}, {"language", false}, {"verified", false}, {"source", false},
	{"family_name", false}, {"style", false}, {"close", false}, {"place", false},
}

const (
	Fresh        = 30 // days that a person's post is believed without another look, unless a setting says otherwise
	maxSameNamed = 20 // shared addresses that are named one by one
)

// contacts is the reading of one contacts file.
type contacts struct {
	faults *Faults
	today  Date
	fresh  int // days
	donors []Donor
	index  index

	current string          // donor of the row above
	first   map[int32]int32 // by donor, the line of its first row
	holder  map[string]holder
	shared  int // addresses of two donors
	stale   []staleRow
	domains domains
}

// holder is who has an address.
type holder struct{ donor, line int32 }

// readContacts gives the donors their contacts.
func readContacts(fsys fs.FS, today Date, fresh int, donors []Donor, index index, faults *Faults) {
	c := &contacts{
		faults: faults, today: today, fresh: fresh, donors: donors, index: index, domains: domains{},
		first: map[int32]int32{}, holder: map[string]holder{},
	}
	file := readTable(fsys, "contacts", true, contactColumns, faults, c.row)
	if c.shared > maxSameNamed {
		faults.Warnf(file, 0, 0, "%d more addresses belong to two donors", c.shared-maxSameNamed)
	}
	c.tellStale(file)
	c.domains.tell(file, donors, faults)
	for _, d := range donors {
		if index.whole && d.Line > 0 && len(d.Contacts) > 0 && d.Name[d.Language] == "" {
			faults.Addf(file, d.Contacts[0].Line, 0, "%s has no name_%s in the donors file, and its letters are in that language: add it there", d.ID, d.Language)
		}
	}
}

func (c *contacts) row(r row) {
	fault := func(format string, args ...any) { c.faults.Addf(r.file, r.line, 0, format, args...) }
	id := r.cells[contactDonor]
	if id == "" {
		c.current = ""
		if r.sound {
			fault("donor is empty: write the code of a State, for example KEN, or an id of the donors file")
		}
		return
	}
	at, known := c.index.at[id]
	if !known {
		if c.current != id { // once for all rows of the same
			if wrong := c.index.unknown(id); wrong != "" {
				fault("%s", wrong)
			}
		}
		c.current = id
		return
	}
	first, begun := c.first[at]
	if begun && c.current != id {
		fault("%s has contacts already, from line %d on: keep its rows together (the first gets the letter, the next get copies), or remove the old one", id, first)
		return
	}
	c.current = id
	if !begun {
		c.first[at] = int32(r.line)
	}
	if !r.sound {
		return
	}
	d := &c.donors[at]
	p := Contact{
		Name: r.cells[contactName], Rank: r.cells[contactRank], Gender: r.cells[contactGender], Title: r.cells[contactTitle],
		Salutation: r.cells[contactSalutation], Language: r.cells[contactLanguage], Source: r.cells[contactSource],
		Family: r.cells[contactFamily], Style: r.cells[contactStyle], Close: r.cells[contactClose], Place: r.cells[contactPlace],
		File: r.file, Line: r.line,
	}
	before := len(*c.faults)
	p.Email = c.address(r, at)
	p.Verified = c.verified(r)
	words(&p, !begun, fault)
	if !begun {
		if slices.Contains(Registry().languages, p.Language) {
			d.Language = p.Language
		}
		addressable(&p, d.Language, fault)
	}
	// A copy's row need say nothing of the person; what it says is held to it.
	if len(*c.faults) == before && isPerson(p.Rank) && (!begun || p.Verified != (Date{})) && p.Verified.AddDays(c.fresh).Before(c.today) {
		c.stale = append(c.stale, staleRow{id, r.line, p.Verified})
	}
	named(&p, d, fault)
	if c.holder[strings.ToLower(p.Email)].line == int32(r.line) {
		c.domains.add(p.Email, r.line, at)
	}
	if len(d.Contacts) == maxContacts {
		// Said once, at the first row too many.
		fault("%s has more than %d contacts: one gets the letter and at most %d a copy; remove some", id, maxContacts, maxContacts-1)
	}
	d.Contacts = append(d.Contacts, p)
}

// maxContacts is how many contacts a donor may have: the ledger keeps in a few bytes which copies were put off.
const maxContacts = 16

// address reads the address of a row and looks who else has it.
func (c *contacts) address(r row, at int32) string {
	address, err := ParseAddress(r.cells[contactEmail])
	if err != nil {
		c.faults.Addf(r.file, r.line, 0, "email: %v", err)
		return ""
	}
	key := strings.ToLower(address)
	other, taken := c.holder[key]
	switch {
	case !taken:
		c.holder[key] = holder{at, int32(r.line)}
	case other.donor == at:
		c.faults.Addf(r.file, r.line, 0, "email: %s is a contact of %s already, in line %d: keep one", Quote(address), c.donors[at].ID, other.line)
	case isState(&c.donors[at]) && isState(&c.donors[other.donor]):
		c.faults.Addf(r.file, r.line, 0, "email: %s of %s is also the address of %s, in line %d: each would read what the other is asked for, so give one of the two another address",
			Quote(address), c.donors[at].ID, c.donors[other.donor].ID, other.line)
	default:
		if c.shared++; c.shared <= maxSameNamed {
			c.faults.Warnf(r.file, r.line, 0, "email: %s of %s is also the address of %s, in line %d: make sure that one mailbox reads for both",
				Quote(address), c.donors[at].ID, c.donors[other.donor].ID, other.line)
		}
	}
	return address
}

// verified reads the day on which somebody made sure of the row.
func (c *contacts) verified(r row) Date {
	s := r.cells[contactVerified]
	if s == "" {
		return Date{}
	}
	d, err := ParseDate(s)
	switch {
	case err != nil:
		c.faults.Addf(r.file, r.line, 0, "verified: %v", err)
	case c.today.Before(d):
		c.faults.Addf(r.file, r.line, 0, "verified: %s lies in the future (today is %s)", d, c.today)
	}
	return d
}

// words checks the values that are one of a list, and the texts that a letter prints as they are.
func words(p *Contact, first bool, fault func(string, ...any)) {
	switch {
	case p.Rank == "" && first:
		fault("rank is empty: write %s", strings.Join(ranks, ", "))
	case p.Rank != "" && !slices.Contains(ranks, p.Rank):
		fault("rank %s: %s", Quote(p.Rank), oneOf(p.Rank, ranks))
	}
	if p.Gender != "" && p.Gender != "f" && p.Gender != "m" {
		fault("gender %s: write f or m, or nothing where it is not known", Quote(p.Gender))
	}
	if p.Language != "" && !slices.Contains(Registry().languages, p.Language) {
		fault("%s", wrongLanguage(p.Language))
	}
	for _, t := range []struct{ field, text string }{{"name", p.Name}, {"title", p.Title}, {"salutation", p.Salutation}, {"family_name", p.Family}, {"style", p.Style}, {"close", p.Close}} {
		if isPlaceholder(t.text) {
			fault("%s %s is a placeholder: write the %s, or nothing", t.field, Quote(t.text), t.field)
		}
	}
	if p.Family != "" && !holdsWords(p.Name, p.Family) {
		fault("family_name %s is not a part of the name %s: write it as it stands there, with the same capitals", Quote(p.Family), Quote(p.Name))
	}
	if p.Rank == Office && (p.Style != "" || p.Close != "") {
		fault("style and close with rank office: a note verbale has its own, so leave both empty")
	}
	if isPerson(p.Rank) && styled.MatchString(p.Name) {
		fault("name %s begins with a form of address: write the name alone, the letter adds the form", Quote(p.Name))
	}
}

// holdsWords says whether a name has the words of another, whole and in a row.
func holdsWords(name, words string) bool {
	return strings.Contains(" "+name+" ", " "+words+" ")
}

func isPerson(rank string) bool { return rank == Ambassador || rank == Minister || rank == Charge }

var (
	// styled finds what the address block adds by itself.
	styled = regexp.MustCompile(`(?i)^(mr|mrs|ms|miss|mme|mlle|madame|monsieur|sr|sra|señor|señora|h\. ?e|s\. ?e|his excellency|her excellency|son excellence|excelent[ií]sim[oa]|ambassad(or|eur|rice)|embajador|embajadora)[. ]`)

	placeholder = regexp.MustCompile(`(?i)^(tb[acd]|n/a|x{2,}|\?+|-+|\.+|todo|unknown|none|null|\{.*\}|\[.*\]|<.*>)$`)
)

// isPlaceholder says whether a text stands for one that nobody has written yet.
func isPlaceholder(s string) bool {
	if s == "" || len(s) > 40 || strings.Contains(s, " ") && !strings.ContainsAny(s[:1], "{[<") {
		return false // as nearly all are
	}
	return placeholder.MatchString(s)
}

// addressable says what a form of address needs that the first contact does not have: the letter would be wrong.
func addressable(p *Contact, lang string, fault func(string, ...any)) {
	switch {
	case isPerson(p.Rank):
		if p.Name == "" {
			fault("name is empty: a letter to rank %s is addressed by name (without one, write to the mission with rank office)", p.Rank)
		}
		if p.Gender == "" {
			fault("gender is empty: %s (where it is not known, write to the mission with rank office)", wantsGender(p.Rank, lang))
		}
	case p.Rank == OtherRank:
		if p.Name == "" {
			fault("name is empty: rank other is addressed by name")
		}
		if p.Salutation == "" && (p.Gender == "" || p.Family == "") {
			fault("salutation is empty: write the whole salutation, for example \"Dear Dr Sample,\", or give gender and family_name for the usual one")
		}
	case p.Rank == Office && p.Name != "":
		fault("name %s with rank office: an office is addressed without a name, give the person's rank or remove the name", Quote(p.Name))
	}
}

// wantsGender says which words of a letter follow from the gender.
func wantsGender(rank, lang string) string {
	switch {
	case lang == "fr":
		return "the letter in French says Monsieur or Madame, write f or m"
	case lang == "es" && rank == Charge:
		return "the letter in Spanish says Señor or Señora, write f or m"
	case lang == "es":
		return "the letter in Spanish says Excelentísimo or Excelentísima, write f or m"
	case rank == Charge:
		return "the letter says Sir or Madam, write f or m"
	}
	return "the address says His or Her Excellency, write f or m"
}

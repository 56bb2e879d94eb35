// Package donor knows whom we write to: the registry of Member States, donors that are no State, their contacts and
// contributions, and the ask that follows from a contribution. It reads CSV and XLSX; mail and time are for others.
//
// What staff write lies in a project folder as CSV or XLSX, one of the two for each kind. The first line names the
// columns, in any order; those with * must be there, and no others may be. Values have at most 500 characters and no
// control or invisible ones.
//
//	contacts       donor*, email*, rank*, name, gender, title, salutation, family_name,
//	               style, close, language, verified, source
//	contributions  donor*, year*, amount*, currency*, label, source, verified
//	donors         id*, status*, state, language, name_en, name_fr, name_es (the file need not be there)
//
// The rows of contacts that belong to one donor stand together: the first is whom the letter is addressed to, the next
// get copies. rank is ambassador, minister, charge, office or other; the first three need a name and a gender (f or
// m), other needs a name and a salutation (or a gender and a family name), office needs neither. family_name is a part of name,
// which stands in the person's own order; style and close replace what the form of the rank has. language is empty where the donor's own is right.
// Days are YYYY-MM-DD; amounts are digits with a point before cents.
package donor

// A Donor is whom we write to: a Member State, keyed by ISO 3166-1 alpha-3, or another donor by its own id. This is
// also the record that an edition freezes, so its JSON form is a stored one: fields may be added, never renamed.
type Donor struct {
	ID       string            `json:"id"`
	Status   string            `json:"status"`          // "member", "observer", or the own word of another kind ("foundation")
	State    string            `json:"state,omitempty"` // ISO3 of the State it is or belongs to, "" for none
	Name     map[string]string `json:"name"`            // short name by language
	Formal   map[string]string `json:"formal"`          // formal name by language, with its article
	Article  map[string]string `json:"article,omitempty"`
	Group    string            `json:"group,omitempty"`   // United Nations regional group
	Region   string            `json:"region,omitempty"`  // UN M49 region
	Zone     string            `json:"zone,omitempty"`    // IANA time zone of the capital
	Weekend  string            `json:"weekend,omitempty"` // "sat-sun", "fri-sat", "thu-fri", "fri", "sat", "sun"
	Language string            `json:"language"`          // of correspondence; the first contact's wish outranks the registry
	Contacts []Contact         `json:"contacts"`          // To first, then Cc

	Contribution *Contribution `json:"contribution,omitempty"` // of the campaign's base year; nil when none is recorded

	Line int `json:"-"` // where it was read in the donors file, for faults found later; 0 for a State
}

// A Contact is one person or office that reads letters for a donor.
type Contact struct {
	Email      string `json:"email"`
	Name       string `json:"name,omitempty"`       // as printed after the style, "A B"; empty for an office
	Rank       string `json:"rank"`                 // "ambassador", "minister", "charge", "office" or "other"
	Gender     string `json:"gender,omitempty"`     // "f", "m" or "" when not known
	Title      string `json:"title,omitempty"`      // post as printed, where the rank does not say it
	Salutation string `json:"salutation,omitempty"` // the whole salutation, where the person wishes another than the form's
	Family     string `json:"family,omitempty"`     // the family name, as it stands in Name, first or last as the person writes it
	Style      string `json:"style,omitempty"`      // what stands before the name, where the person wishes another than the form's
	Close      string `json:"close,omitempty"`      // the whole close, likewise
	Place      string `json:"place,omitempty"`      // where it is read: an id of places.yaml, or "capital"; "" for the campaign's
	Language   string `json:"language,omitempty"`
	Verified   Date   `json:"verified,omitzero"`
	Source     string `json:"source,omitempty"`

	File string `json:"-"` // where it was read, for faults found later
	Line int    `json:"-"`
}

// A Contribution is what a donor gave in one year, as staff entered it.
type Contribution struct {
	Year   int    `json:"year"`
	Amount Money  `json:"amount"`
	Label  string `json:"label,omitempty"` // what it is, for example "voluntary contributions"

	File string `json:"-"`
	Line int    `json:"-"`
}

// Money is an amount in minor units (hundredths, whatever the currency) of a currency by its ISO 4217 code. Never a
// float.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// A Mailbox is an address with the name shown beside it.
type Mailbox struct {
	Name    string `json:"name,omitempty"`
	Address string `json:"address"`
}

package templates

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/letter"
)

// maxSubject is what a subject line still shows, in characters.
const maxSubject = 150

// A desk holds the memory in which letters are written; desks are used again and again.
type desk struct {
	render render
	plain  plainSheet
	html   htmlSheet
	notes  []string
}

var desks = sync.Pool{New: func() any { return new(desk) }}

// Compose writes one step to the donor of a record, with letter.DateMark where the date goes. Its error is
// donor.Faults: what must change in a text, a contact or a name before the letter can be written. The same record
// gives the same content, on every machine. Any number of goroutines may compose at once.
func (s *Set) Compose(r *campaign.Record, step string) (letter.Content, error) {
	d := &r.Donor
	t, fault := s.textFor(r, step)
	if fault != nil {
		return letter.Content{}, donor.Faults{*fault}
	}
	if faults := s.checkDonor(d, t); faults != nil {
		return letter.Content{}, faults
	}
	to, lack := s.addressee(t.p, d)
	if lack != "" {
		return letter.Content{}, contactFault(d, lack)
	}

	k := desks.Get().(*desk)
	defer desks.Put(k)
	w := &k.render
	*w = render{set: s, t: t, p: t.p, record: r, to: to, reference: reference(s.campaign.Name, d.ID, step), buf: w.buf, named: w.named, notes: w.notes}
	w.reset()
	w.write(t.subject)
	subject := string(w.buf)
	if what := wrongSubject(subject); what != "" && len(w.faults) == 0 {
		w.faults.Addf(t.file, 1, 0, "%s: %s", d.ID, what)
	}
	title := subject
	if !strings.Contains(subject, w.reference) {
		subject += " (" + w.reference + ")" // registries file a letter by it before they open it
	}
	w.reset()
	w.write(t.body)
	if len(w.faults) > 0 {
		return letter.Content{}, w.faults
	}

	k.plain.out = append(append(k.plain.out[:0], t.letterhead...), '\n')
	k.html.out = append(k.html.out[:0], t.paper.head...)
	k.html.out = appendEscaped(k.html.out, []byte(title))
	k.html.out = append(k.html.out, t.paper.middle...)
	k.html.reply = s.reply
	t.recurring.lay(w.buf, &k.plain, &k.html)
	if len(w.notes) > 0 {
		k.notes = k.notes[:0]
		for _, n := range w.notes {
			k.notes = append(k.notes, t.notes[n])
		}
		k.plain.sources(t.p.sources, k.notes)
		k.html.sources(t.p.sources, k.notes)
	}
	k.html.out = append(k.html.out, t.paper.foot...)
	if n := max(len(w.buf), len(k.plain.out), len(k.html.out)); n > maxLetter {
		return letter.Content{}, donor.Faults{{File: t.file, Text: fmt.Sprintf("%s: the letter has %d bytes, and at most %d may leave: shorten it", d.ID, n, maxLetter)}}
	}

	c := letter.Content{
		ID:         letter.ID{Campaign: s.campaign.Name, Donor: d.ID, Step: step},
		Language:   t.p.code,
		From:       s.campaign.Sender,
		Sender:     s.campaign.SentBy,
		ReplyTo:    s.campaign.ReplyTo,
		To:         donor.Mailbox{Name: to.mailbox, Address: d.Contacts[0].Email},
		Registry:   s.campaign.Registry,
		ReturnPath: s.campaign.ReturnPath,
		Subject:    subject,
		Text:       string(k.plain.out),
		HTML:       string(k.html.out),
		References: s.references(d.ID, step),
		OptOut:     letter.OptOut(s.campaign.OptOut),
	}
	for _, cc := range d.Contacts[1:] {
		c.Cc = append(c.Cc, donor.Mailbox{Name: cc.Name, Address: cc.Email})
	}
	if slices.Contains(s.campaign.Attached.Steps, step) {
		f, ok := s.attached.For(d.ID, d.Language)
		if !ok {
			return letter.Content{}, donor.Faults{{File: s.campaign.Attached.Folder, Text: d.ID + ": no file goes with its letter"}}
		}
		c.Attachment = letter.Attachment{Name: s.attachmentName(f, d), Hash: f.Hash}
	}
	return c, nil
}

// Attached is the file that goes with the letters to a donor, where there is one.
func (s *Set) Attached(id, language string) campaign.File {
	f, _ := s.attached.For(id, language)
	return f
}

// attachmentName is a file's name as the reader sees it: it says of which campaign it is, for whom and in which language.
func (s *Set) attachmentName(f campaign.File, d *donor.Donor) string {
	if f.Everybodys() {
		return s.campaign.Name + "." + d.Language + ".pdf"
	}
	return s.campaign.Name + "-" + d.ID + "." + d.Language + ".pdf"
}

// reference is the number under which a letter is filed: it names the letter, so it is the same for ever.
func reference(campaign, donor, step string) string {
	return strings.ToUpper(campaign + "/" + donor + "/" + step)
}

// references are the Message-IDs of the earlier steps to a donor, oldest first.
// An answer is in no thread of the campaign: which letter a donor answers is not known here.
func (s *Set) references(id, step string) (ids []string) {
	if isAnswer(s.campaign, step) {
		return nil
	}
	for _, earlier := range s.campaign.Steps {
		if earlier.Name == step {
			return ids
		}
		ids = append(ids, letter.MessageID(letter.ID{Campaign: s.campaign.Name, Donor: id, Step: earlier.Name}, s.domain))
	}
	return ids
}

// textFor finds the text of a step for the variant and the language of a donor.
func (s *Set) textFor(r *campaign.Record, step string) (*text, *donor.Fault) {
	d, variant := &r.Donor, r.Variant
	if isAnswer(s.campaign, step) {
		variant = ""
	}
	t := s.find(step, variant, d.Language)
	switch {
	case len(d.Contacts) == 0:
		return nil, &donor.Fault{File: contactsFile, Text: d.ID + ": no contact; add a row or exclude it with a reason"}
	case variant != "" && s.campaign.Variant(variant) == nil:
		return nil, &donor.Fault{File: s.campaign.File(), Text: d.ID + ": the campaign has no variant " + donor.Quote(variant)}
	case variant != "" && !s.campaign.Gets(r, step):
		return nil, &donor.Fault{File: s.campaign.File(), Text: d.ID + ": the variant " + variant + " asks for nothing, so no letter follows its first"}
	case t == nil:
		f := s.missing(r, step)
		return nil, &f
	case t.broken:
		return nil, &donor.Fault{File: t.file, Text: "the text has faults: mend them first"}
	}
	return t, nil
}

// checkDonor finds what a letter may not hold in the values of a donor: a control character in a name would begin a
// header, a mark would move the date, and "TBC" is no name.
func (s *Set) checkDonor(d *donor.Donor, t *text) (faults donor.Faults) {
	for i := range d.Contacts {
		c := &d.Contacts[i]
		for _, v := range [...]struct{ field, value string }{{"name", c.Name}, {"title", c.Title}, {"salutation", c.Salutation}, {"family_name", c.Family}, {"style", c.Style}, {"close", strings.Replace(c.Close, "{salutation}", "", 1)}, {"email", c.Email}} {
			if _, what := lint(v.value, ""); what != "" {
				faults = append(faults, donor.Fault{File: cmp.Or(c.File, contactsFile), Line: c.Line, Text: d.ID + ": contact's " + v.field + ": " + what})
			}
		}
	}
	for _, v := range [...]string{d.Name[t.p.code], d.Formal[t.p.code], d.ID} {
		if _, what := lint(v, ""); what != "" {
			faults = append(faults, donor.Fault{File: donorsFile, Text: d.ID + ": name in " + t.p.code + ": " + what})
		}
	}
	if t.p.formal(d) == "" {
		faults = append(faults, donor.Fault{File: donorsFile, Text: d.ID + ": no name in the language " + donor.Quote(t.p.code) + ": add it"})
	}
	return faults
}

func contactFault(d *donor.Donor, what string) donor.Faults {
	c := &d.Contacts[0]
	return donor.Faults{{File: cmp.Or(c.File, contactsFile), Line: c.Line, Text: d.ID + ": " + what}}
}

// wrongSubject says what is wrong with a subject, "" for nothing.
func wrongSubject(s string) string {
	switch n := utf8.RuneCountInString(s); {
	case strings.TrimSpace(s) == "":
		return "Subject: is empty: write it behind the colon"
	case n > maxSubject:
		return fmt.Sprintf("Subject: has %d characters: keep it to %d", n, maxSubject)
	case strings.IndexFunc(s, unicode.IsLetter) < 0:
		return "Subject: holds no word: say what the letter is about"
	}
	return ""
}

func itoa(n int) string { return strconv.Itoa(n) }

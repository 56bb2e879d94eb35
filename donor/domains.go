package donor

import (
	"slices"
	"strings"
	"sync"
)

// isState says whether a donor is a State itself.
func isState(d *Donor) bool { return d.ID == d.State && d.ID != "" }

// domains are the domains of the States' addresses, each with the States that use it and the line of the first address of each.
type domains map[string][]holder

// add notes the domain of a State's address.
func (m domains) add(address string, line int, at int32) {
	_, domain, ok := strings.Cut(strings.ToLower(address), "@")
	if !ok || slices.ContainsFunc(m[domain], func(h holder) bool { return h.donor == at }) {
		return
	}
	m[domain] = append(m[domain], holder{at, int32(line)})
}

// tell warns of domains that name another State, and of those that two States share. What three or more use belongs to a
// provider of mail.
func (m domains) tell(file string, donors []Donor, faults *Faults) {
	for domain, of := range m {
		of = slices.DeleteFunc(of, func(h holder) bool { return !isState(&donors[h.donor]) })
		if len(of) == 2 {
			faults.Warnf(file, int(of[1].line), 0, "email: the domain %s is that of %s, in line %d, and of %s: make sure that neither address is the other State's",
				Quote(domain), donors[of[0].donor].ID, of[0].line, donors[of[1].donor].ID)
		}
		for _, h := range of {
			if id := namedBy(domain); id != "" && id != donors[h.donor].ID {
				faults.Warnf(file, int(h.line), 0, "email: the domain %s names %s, and the contact is of %s: make sure that the address is not the other State's",
					Quote(domain), id, donors[h.donor].ID)
			}
		}
	}
}

// namesInDomains are the names and codes of States as the parts of a domain write them.
var namesInDomains = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for _, d := range Registry().All() {
		names[strings.ToLower(d.ID)] = d.ID
		for _, name := range d.Name {
			short, _, _ := strings.Cut(name, " (")
			folded := strings.NewReplacer(" ", "", "’", "").Replace(fold(short))
			if other, taken := names[folded]; taken && other != d.ID {
				names[folded] = "" // the name of two
			} else if !taken {
				names[folded] = d.ID
			}
		}
	}
	delete(names, "")
	return names
})

// namedBy is the State that a domain names in one of its parts, "" for none or several. Missions sit in Switzerland, so its
// name says nothing.
func namedBy(domain string) (id string) {
	for _, label := range strings.FieldsFunc(domain, func(c rune) bool { return c == '.' || c == '-' || c == '_' }) {
		found := namesInDomains()[label]
		if found == "" || found == "CHE" || found == id {
			continue
		}
		if id != "" {
			return ""
		}
		id = found
	}
	return id
}

// named checks that what a contact's row prints names no State as no letter may.
func named(p *Contact, d *Donor, fault func(string, ...any)) {
	for _, v := range [...]struct{ field, text string }{{"title", p.Title}, {"salutation", p.Salutation}} {
		if v.text == "" {
			continue
		}
		for _, what := range NeverNames(v.text, d.Language) {
			fault("%s: %s", v.field, what)
		}
	}
}

package trial

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// pageSize is how many letters one page lists.
const pageSize = 100

// unstated stands for the language of letters that do not say theirs.
const unstated = "none"

// A filter is what the address bar asks for.
type filter struct {
	Query    string // part of an address, a name, the subject or the first lines
	Language string // "" for all, "none" for letters that do not say
	Step     string // "" for all
	Doubles  bool
	Page     int // from 1
}

// readFilter takes what makes sense and leaves the rest.
func readFilter(v url.Values) filter {
	f := filter{Query: shorten(clean(v.Get("q")), 200), Language: clean(v.Get("language")), Step: clean(v.Get("step")), Doubles: v.Get("doubles") == "1", Page: 1}
	if n, err := strconv.Atoi(v.Get("page")); err == nil && n > 1 && n < 1<<30 {
		f.Page = n
	}
	return f
}

// Narrows says whether any letter could be left away.
func (f filter) Narrows() bool { return f != filter{Page: f.Page} }

// values are the filter for the address bar, without the page.
func (f filter) values() url.Values {
	v := url.Values{}
	for key, value := range map[string]string{"q": f.Query, "language": f.Language, "step": f.Step} {
		if value != "" {
			v.Set(key, value)
		}
	}
	if f.Doubles {
		v.Set("doubles", "1")
	}
	return v
}

// link is a path with the filter behind it, and one more value where key is not "".
func (f filter) link(path, key, value string) string {
	v := f.values()
	if key != "" {
		v.Set(key, value)
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// pick are the letters that pass, newest first.
func (f filter) pick(s *shelf, all []*entry) []*entry {
	words := strings.Fields(strings.ToLower(f.Query))
	var picked []*entry
	for _, e := range slices.Backward(all) {
		if f.Doubles && len(s.copies(e.id)) < 2 {
			continue
		}
		if f.Step != "" && f.Step != e.letter.Step || f.Language != "" && f.Language != cmp.Or(e.summary().Language, unstated) {
			continue
		}
		if len(words) > 0 {
			text := e.summary().sought + "\n" + strings.ToLower(s.donor(e)+"\n"+e.letter.Donor)
			if slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
				continue
			}
		}
		picked = append(picked, e)
	}
	return picked
}

package console

import (
	"net/url"
	"strconv"
)

// A view is how a table is looked at: its search, filters, order and page, all of which stand in the address, so that what
// one person sees can be sent to another.
type view struct {
	path  string
	query url.Values
}

func (v *visit) view() view { return view{v.r.URL.Path, v.r.URL.Query()} }

// Get is a filter, "" for none; longer than anybody types is none.
func (w view) Get(name string) string {
	s := w.query.Get(name)
	if len(s) > 200 {
		return ""
	}
	return s
}

// Page is the number of the page, from 1.
func (w view) Page() int {
	n, err := strconv.Atoi(w.query.Get("page"))
	return max(1, min(n, 1_000_000)*boolInt(err == nil))
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// With is the address of the same view with one thing other, from the first page on unless that is the page.
func (w view) With(name, value string) string {
	q := url.Values{}
	for k, v := range w.query {
		if k != "page" {
			q[k] = v
		}
	}
	q.Del(name)
	if value != "" {
		q.Set(name, value)
	}
	if len(q) == 0 {
		return w.path
	}
	return w.path + "?" + q.Encode()
}

// Narrows says whether anything but the order is chosen.
func (w view) Narrows(filters ...string) bool {
	for _, f := range filters {
		if w.Get(f) != "" {
			return true
		}
	}
	return false
}

// A column is the head of a sortable table: a link that orders by it, and the other way round when it is so already.
type column struct {
	Name, To string
	Order    string // ascending, descending or "" for ARIA
}

// Columns are heads by which the view can be ordered; the first is how it is ordered unless somebody chose.
func (w view) columns(names ...[2]string) []column {
	by, down := w.sorted(names[0][0])
	var out []column
	for _, n := range names {
		c := column{Name: n[1], To: w.With("sort", n[0])}
		if n[0] == by {
			c.Order = "ascending"
			c.To = w.With("sort", "-"+n[0])
			if down {
				c.Order, c.To = "descending", w.With("sort", n[0])
			}
		}
		out = append(out, c)
	}
	return out
}

// sorted is by what the view is ordered, and whether downwards.
func (w view) sorted(unless string) (by string, down bool) {
	by = w.Get("sort")
	if by == "" {
		return unless, false
	}
	if by[0] == '-' {
		return by[1:], true
	}
	return by, false
}

// pager is where the neighbouring pages of a list are.
type pager struct {
	From, To, Of  int
	Before, After string // "" where there is none
}

// cut is the part of a list that a page of the view shows.
func cut[T any](w view, all []T, size int) ([]T, pager) {
	last := max(1, (len(all)+size-1)/size)
	n := min(w.Page(), last)
	from, to := (n-1)*size, min(len(all), n*size)
	p := pager{From: from + 1, To: to, Of: len(all)}
	if n > 1 {
		p.Before = w.With("page", strconv.Itoa(n-1))
	}
	if n < last {
		p.After = w.With("page", strconv.Itoa(n+1))
	}
	if len(all) == 0 {
		p.From = 0
	}
	return all[from:to], p
}

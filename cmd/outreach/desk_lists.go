package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"outreach.example/campaign"
	"outreach.example/console"
	"outreach.example/donor"
)

// Table reads a table of the project folder as the commands read it.
func (d *consoleDesk) Table(name string) (console.Table, []string, error) {
	fsys := os.DirFS(d.app.dir)
	if name == "holidays" {
		files := map[string]string{}
		found, err := fs.Glob(fsys, campaign.HolidaysFolder+"*.yaml")
		if err != nil {
			return console.Table{}, nil, err
		}
		for _, f := range found {
			b, err := fs.ReadFile(fsys, f)
			if err != nil {
				return console.Table{}, nil, err
			}
			files[f] = string(b)
		}
		rows, faults := campaign.Holidays(files)
		return console.Table{Head: []string{"place", "first day", "last day", "name"}, Rows: rows}, fewNotes(faults), nil
	}
	fresh := donor.Fresh
	if c, err := d.app.config(); err == nil {
		fresh = c.count("verified_days")
	}
	book, faults := donor.ReadFresh(fsys, donor.DateOf(d.app.now()), fresh)
	var t console.Table
	switch name {
	case "contacts":
		t.Head = []string{"donor", "name of donor", "role", "name", "rank", "email", "place", "verified", "source"}
		for _, one := range book.Donors {
			for i, c := range one.Contacts {
				role := "Cc"
				if i == 0 {
					role = "To"
				}
				verified := ""
				if c.Verified != (donor.Date{}) {
					verified = c.Verified.String()
				}
				t.Rows = append(t.Rows, []string{one.ID, one.Name["en"], role, c.Name, c.Rank, c.Email, c.Place, verified, c.Source})
			}
		}
	case "contributions":
		t.Head = []string{"donor", "name of donor", "year", "amount", "label"}
		for _, one := range book.Donors {
			for _, c := range book.Contributions(one.ID) {
				t.Rows = append(t.Rows, []string{one.ID, one.Name["en"], strconv.Itoa(c.Year), c.Amount.String(), c.Label})
			}
		}
	default:
		return t, nil, errors.New("there is no table " + name)
	}
	return t, fewNotes(faults), nil
}

// mostNotes is how many faults of files a page lists.
const mostNotes = 5

func fewNotes(faults donor.Faults) (out []string) {
	for i, f := range faults {
		if i == mostNotes {
			return append(out, fmt.Sprintf("%d more; outreach check lists all", len(faults)-mostNotes))
		}
		out = append(out, f.Error())
	}
	return out
}

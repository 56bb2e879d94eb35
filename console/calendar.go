package console

import (
	"bytes"
	"context"
	"html/template"
	"net/url"
	"strconv"
	"sync"
	"time"

	"outreach.example/campaign"
	"outreach.example/console/calendar"
	"outreach.example/donor"
	"outreach.example/ledger"
)

// CalendarDesk is what the page of the calendar asks.
type CalendarDesk interface {
	// Calendar is when each letter of a campaign left or leaves: from the ledger, and for what is not planned yet from the
	// edition.
	Calendar(ctx context.Context, c ledger.Campaign) (calendar.Calendar, error)
}

func (c *Console) calendarRoutes() []route {
	return []route{
		{"GET /campaigns/{name}/calendar", See, c.calendarPage},    // the link on the page of the campaign
		{"GET /campaigns/{name}/calendar.csv", See, c.calendarCSV}, // the link under it
	}
}

// laid is the calendar of a picture. Laying it out costs as much as reading the campaign whole, so it is done once for each
// picture, when somebody asks.
type laid struct {
	mu       sync.Mutex
	calendar *calendar.Calendar
}

func (c *Console) calendarOf(v *visit) (*picture, *calendar.Calendar, error) {
	p, err := c.picture(v.ctx, v.r.PathValue("name"))
	if err != nil {
		return nil, nil, err
	}
	p.laid.mu.Lock()
	defer p.laid.mu.Unlock()
	if p.laid.calendar == nil {
		cal, err := c.Desk.Calendar(v.ctx, p.Campaign)
		if err != nil {
			return nil, nil, err
		}
		p.laid.calendar = &cal
	}
	return p, p.laid.calendar, nil
}

// calendarView is when the letters of a campaign leave: drawn, by day, and for one day by letter.
type calendarView struct {
	frame
	Campaign ledger.Campaign
	View     view
	Path     string
	At       time.Time
	Today    donor.Date
	Letters  int
	Drawn    template.HTML
	Earlier  string // weeks that are not shown; "" for none
	Later    string
	Steps    []string
	Days     []calendarDay
	Day      string // whose letters are listed, "" for none
	Leaving  []leaving
	Places   bool // each letter leaves by the clocks of its own place
	Zone     string
	Pager    pager
	CSV      string
}

// calendarDay is a day in the table.
type calendarDay struct {
	calendar.Day
	Says string
	To   string // where its letters are listed, "" for a day without any
	N    []int  // by step
}

// leaving is a letter of a day.
type leaving struct {
	campaign.Leaving
	To   string
	Here string // the moment by the organisation's clock, "" where it shows the same as that of the place
}

const (
	partWeeks   = 13 // that a page shows
	leavingRows = 50
)

func (c *Console) calendarPage(v *visit) error {
	p, cal, err := c.calendarOf(v)
	if err != nil {
		return err
	}
	name := p.Campaign.Name
	page := calendarView{
		frame: v.frame("Calendar", campaignsLink(), link{name, campaignPath(name)}), Campaign: p.Campaign, View: v.view(), Path: campaignPath(name),
		At: p.At, Today: cal.Today, Letters: len(cal.Letters), Steps: cal.Steps, CSV: campaignPath(name) + "/calendar.csv",
	}
	asked, _ := strconv.Atoi(page.View.Get("part")) // what is no number is none
	part, at, parts := cal.Part(max(0, asked), partWeeks)
	if at > 1 {
		page.Earlier = page.View.With("part", strconv.Itoa(at-1))
	}
	if at < parts {
		page.Later = page.View.With("part", strconv.Itoa(at+1))
	}
	page.Drawn = template.HTML(part.Drawing()) //nolint:gosec // drawn by this program, with every text of others escaped
	for _, d := range part.Telling() {
		one := calendarDay{Day: d, Says: d.Date.In(time.UTC).Format("Mon 2 Jan 2006")}
		for _, s := range cal.Steps {
			one.N = append(one.N, d.Counts[s])
		}
		if d.Total() > 0 {
			one.To = page.View.With("day", d.Date.String()) + "#day"
		}
		page.Days = append(page.Days, one)
	}
	if asked := page.View.Get("day"); asked != "" {
		day, err := donor.ParseDate(asked)
		if err != nil {
			return notFound("There is no day " + donor.Quote(asked) + ". Choose one in the calendar.")
		}
		page.Day = day.In(time.UTC).Format("Monday, 2 January 2006")
		shown, pages := cut(page.View, cal.On(day), leavingRows)
		page.Pager, page.Zone = pages, cal.Zone.String()
		for _, l := range shown {
			page.Places = page.Places || l.Place != ""
			one := leaving{Leaving: l, To: campaignPath(name) + "/donors/" + url.PathEscape(l.Donor)}
			if here := l.At.In(cal.Zone).Format("2 Jan, 15:04"); here != l.At.Format("2 Jan, 15:04") {
				one.Here = here
			}
			page.Leaving = append(page.Leaving, one)
		}
	}
	return v.show("calendar.html", page)
}

// calendarCSV is every letter with its moment, for a spreadsheet.
func (c *Console) calendarCSV(v *visit) error {
	p, cal, err := c.calendarOf(v)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := cal.CSV(&b); err != nil {
		return err
	}
	v.file(p.Campaign.Name+"-calendar.csv", "text/csv; charset=utf-8", b.Bytes())
	return nil
}

package console

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"net/http"

	"outreach.example/console/pack"
	"outreach.example/console/report"
	"outreach.example/donor"
	"outreach.example/letter"
)

// ReportDesk is what reports and evidence ask.
type ReportDesk interface {
	// Evidence gathers the pack of a donor, as outreach export evidence does.
	Evidence(ctx context.Context, campaign, donor string) (*pack.Pack, error)
}

func (c *Console) reportRoutes() []route {
	return []route{
		{"GET /reports", See, c.reportsPage},       // the section; the form that chooses campaign and week
		{"GET /reports/{file}", See, c.reportFile}, // its downloads
	}
}

// reportPage is the weekly report of a campaign.
type reportPage struct {
	frame
	View          view
	Names         []string
	Report        *report.Report // nil while there is no campaign
	Before, After string         // the weeks around it
	Groups        []reportLine
	Regions       []reportLine
	Total         reportLine
	Share         string
	Bar           template.HTML
	Files         map[string]string
}

// reportLine is a line with its drawing.
type reportLine struct {
	report.Line
	Bar template.HTML
}

func drawn(l report.Line) reportLine {
	if l.Donors == 0 {
		return reportLine{Line: l}
	}
	label := fmt.Sprintf("%s: %d of %d answered, %d of them pledged", l.Name, l.Answered, l.Donors, l.Pledged)
	return reportLine{l, bars(int64(l.Donors), []length{{"p-sent", int64(l.Pledged)}, {"p-moving", int64(max(0, l.Answered-l.Pledged))}}, label)}
}

func allDrawn(lines []report.Line) (out []reportLine) {
	for _, l := range lines {
		out = append(out, drawn(l))
	}
	return out
}

// Sent and the others are letters in a state; for templates.
func (l reportLine) Sent() int    { return l.Letters[letter.Sent] }
func (l reportLine) InDoubt() int { return l.Letters[letter.InDoubt] }
func (l reportLine) Bounced() int { return l.Letters[letter.Bounced] }
func (l reportLine) Open() int    { return l.Letters.Open() }

// chosenReport is the report that the address asks for: of a campaign, the first unless it is named, and of the week of a day.
// It is nil while there is no campaign.
func (v *visit) chosenReport() (r *report.Report, names []string, err error) {
	if names, err = v.Ledger.Campaigns(v.ctx); err != nil {
		return nil, nil, err
	}
	name := v.r.URL.Query().Get("campaign")
	if name == "" {
		if name = first(names); name == "" {
			return nil, nil, nil
		}
	}
	c, err := v.Ledger.Campaign(v.ctx, name)
	if err != nil {
		return nil, nil, err
	}
	var day donor.Date
	if s := v.r.URL.Query().Get("week"); s != "" {
		if day, err = donor.ParseDate(s); err != nil {
			return nil, nil, fault{http.StatusBadRequest, "That is no day", "A week is chosen by any day of it, written YYYY-MM-DD."}
		}
	}
	read, err := report.Read(v.ctx, v.Ledger, c, day)
	return &read, names, err
}

func (c *Console) reportsPage(v *visit) error {
	r, names, err := v.chosenReport()
	if err != nil {
		return err
	}
	p := reportPage{frame: v.frame("Weekly report"), View: v.view(), Names: names, Report: r}
	if r == nil {
		return v.show("reports.html", p)
	}
	week := func(days int) string { return p.View.With("week", donor.DateOf(r.Week.From).AddDays(days).String()) }
	p.Before, p.After = week(-7), week(7)
	p.Groups, p.Regions, p.Total = allDrawn(r.Groups), allDrawn(r.Regions), drawn(r.Total)
	p.Share, p.Bar = ofGoal(r.Total.Pledges, r.Goal)
	query := v.r.URL.RawQuery
	if query != "" {
		query = "?" + query
	}
	p.Files = map[string]string{"xlsx": "/reports/report.xlsx" + query, "groups": "/reports/groups.csv" + query, "donors": "/reports/donors.csv" + query}
	return v.show("reports.html", p)
}

// ofGoal is which share of the goal was pledged in its currency, drawn and in per cent; other currencies are not added.
func ofGoal(pledges []donor.Money, goal donor.Money) (share string, bar template.HTML) {
	if goal.Minor <= 0 {
		return "", ""
	}
	got := int64(0)
	for _, m := range pledges {
		if m.Currency == goal.Currency {
			got = m.Minor
		}
	}
	tenths := got * 1000 / goal.Minor
	share = fmt.Sprintf("%d.%d", tenths/10, tenths%10)
	return share, bars(goal.Minor, []length{{"p-sent", min(got, goal.Minor)}}, share+" per cent of the goal")
}

// reportFile is the report as a file: the workbook, or one of its tables as CSV.
func (c *Console) reportFile(v *visit) error {
	r, _, err := v.chosenReport()
	if err != nil {
		return err
	}
	if r == nil {
		return refused("missing")
	}
	var b bytes.Buffer
	kind := "text/csv; charset=utf-8"
	name := v.r.PathValue("file")
	switch name {
	case "report.xlsx":
		kind, err = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", r.XLSX(&b)
	case "groups.csv":
		err = r.Lines().CSV(&b)
	case "donors.csv":
		err = r.ByDonor().CSV(&b)
	default:
		return refused("missing")
	}
	if err != nil {
		return err
	}
	v.file(r.Campaign+"-"+r.Week.String()+"-"+name, kind, b.Bytes())
	return nil
}

// file answers with a file to keep. Its name is made of ids only.
func (v *visit) file(name, kind string, content []byte) {
	h := v.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	_, _ = v.w.Write(content) // a reader who went away misses nothing
}

// pack is the evidence pack of one donor.
func (c *Console) pack(v *visit) error {
	p, err := c.Desk.Evidence(v.ctx, v.r.PathValue("name"), v.r.PathValue("donor"))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		return err
	}
	v.file("evidence-"+p.Campaign+"-"+p.Donor+".zip", "application/zip", b.Bytes())
	return nil
}

// Late is how many days a letter is overdue; for templates.
func (p reportPage) Late(o report.Overdue) int { return int(p.Report.AsOf.Sub(o.Due).Hours() / 24) }

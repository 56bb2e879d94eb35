package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"outreach.example/donor"
	"outreach.example/letter"
)

// A Table is a report's lines or donors as rows of cells, for spreadsheets: a cell is a string, an int or a float64.
type Table struct {
	Name string
	Head []string
	Rows [][]any
}

// Lines is the table of all lines: the total, groups, regions.
func (r Report) Lines() Table {
	t := Table{Name: "Summary", Head: []string{"kind", "name", "donors", "letters sent", "in doubt", "refused", "bounced",
		"withheld", "cancelled", "not left yet", "answered", "pledged", "declined"}}
	currencies := r.currencies()
	for _, c := range currencies {
		t.Head = append(t.Head, "pledged "+c, "received "+c)
	}
	t.Head = append(t.Head, "days to answer, least", "days to answer, median", "days to answer, most",
		"sent this week", "bounced this week", "answered this week", "pledged this week")
	for _, c := range currencies {
		t.Head = append(t.Head, "pledged this week "+c, "received this week "+c)
	}
	add := func(kind string, l Line) {
		row := []any{kind, l.Name, l.Donors, l.Letters[letter.Sent], l.Letters[letter.InDoubt], l.Letters[letter.Refused],
			l.Letters[letter.Bounced], l.Letters[letter.Withheld], l.Letters[letter.Cancelled], l.Letters.Open(), l.Answered, l.Pledged, l.Declined}
		for _, c := range currencies {
			row = append(row, of(l.Pledges, c), of(l.Receipts, c))
		}
		if l.Days.Answers > 0 {
			row = append(row, l.Days.Least, l.Days.Median, l.Days.Most)
		} else {
			row = append(row, "", "", "")
		}
		row = append(row, l.ThisWeek.Sent, l.ThisWeek.Bounced, l.ThisWeek.Answered, l.ThisWeek.Pledged)
		for _, c := range currencies {
			row = append(row, of(l.ThisWeek.Pledges, c), of(l.ThisWeek.Receipts, c))
		}
		t.Rows = append(t.Rows, row)
	}
	add("all", r.Total)
	for _, l := range r.Groups {
		add("group", l)
	}
	for _, l := range r.Regions {
		add("region", l)
	}
	return t
}

// ByDonor is the table of donors.
func (r Report) ByDonor() Table {
	t := Table{Name: "Donors", Head: []string{"id", "name", "group", "region", "case", "asked low", "asked high", "asked currency",
		"first letter", "last step that left", "answered", "pledged", "pledge currency", "pledged on", "received", "received currency"}}
	for _, d := range r.Donors {
		row := []any{d.ID, d.Name, d.Group, d.Region, d.Case, "", "", "", "", d.Last, day(d.Answered), "", "", day(d.PledgedOn), "", ""}
		if d.Asked.Figure {
			row[5], row[6], row[7] = units(d.Asked.Low), units(d.Asked.High), d.Asked.Low.Currency
		}
		if d.Sent != nil {
			row[8] = donor.DateOf(*d.Sent).String()
		}
		if d.Pledge.Currency != "" {
			row[11], row[12] = units(d.Pledge), d.Pledge.Currency
		}
		if len(d.Received) == 0 {
			t.Rows = append(t.Rows, row)
			continue
		}
		for i, m := range d.Received { // a further currency is a row of its own, without the figures of the first
			if i > 0 {
				row = []any{d.ID, d.Name, d.Group, d.Region, d.Case, "", "", "", "", "", "", "", "", "", "", ""}
			}
			row[14], row[15] = units(m), m.Currency
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// Late is the table of letters that are overdue.
func (r Report) Late() Table {
	t := Table{Name: "Overdue", Head: []string{"letter", "name", "due"}}
	for _, o := range r.Overdue {
		t.Rows = append(t.Rows, []any{o.Letter, o.Name, o.Due.Format("2006-01-02 15:04 MST")})
	}
	return t
}

func day(d donor.Date) string {
	if d == (donor.Date{}) {
		return ""
	}
	return d.String()
}

func units(m donor.Money) float64 { return float64(m.Minor) / 100 }

// of is a sum in one currency; none is nothing.
func of(ms []donor.Money, currency string) float64 {
	for _, m := range ms {
		if m.Currency == currency {
			return units(m)
		}
	}
	return 0
}

// currencies are those of all pledges and receipts: the goal's first, and always.
func (r Report) currencies() []string {
	sums := map[string]int64{r.Goal.Currency: 0}
	for _, m := range append(append([]donor.Money{}, r.Total.Pledges...), r.Total.Receipts...) {
		sums[m.Currency] = 0
	}
	var out []string
	for _, m := range Monies(sums, r.Goal.Currency) {
		out = append(out, m.Currency)
	}
	return out
}

// CSV writes a table for spreadsheets: UTF-8 with a byte order mark, CRLF.
func (t Table) CSV(w io.Writer) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	rows := append([][]any{texts(t.Head)}, t.Rows...)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, c := range row {
			switch c := c.(type) {
			case string:
				cells[i] = donor.Cell(c)
			case float64:
				cells[i] = strconv.FormatFloat(c, 'f', 2, 64)
			default:
				cells[i] = fmt.Sprint(c)
			}
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func texts(head []string) []any {
	out := make([]any, len(head))
	for i, h := range head {
		out[i] = h
	}
	return out
}

// XLSX writes the report as a workbook: what it is and the date of its data on the first sheet, then its tables. Text cells
// are text, so nothing in them is a formula.
func (r Report) XLSX(w io.Writer) error {
	f := excelize.NewFile()
	defer f.Close()
	if err := f.SetSheetName("Sheet1", "About"); err != nil {
		return err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	amount := "#,##0.00"
	money, err := f.NewStyle(&excelize.Style{CustomNumFmt: &amount})
	if err != nil {
		return err
	}
	for i, line := range r.About() {
		for j, cell := range line {
			if err := f.SetCellStr("About", at(j, i), cell); err != nil {
				return err
			}
		}
	}
	if err := f.SetColWidth("About", "A", "B", 32); err != nil {
		return err
	}
	for _, t := range []Table{r.Lines(), r.ByDonor(), r.Late()} {
		if err := sheet(f, t, bold, money); err != nil {
			return err
		}
	}
	_, err = f.WriteTo(w)
	return err
}

func sheet(f *excelize.File, t Table, bold, money int) error {
	if _, err := f.NewSheet(t.Name); err != nil {
		return err
	}
	for i, row := range append([][]any{texts(t.Head)}, t.Rows...) {
		for j, cell := range row {
			var err error
			switch cell := cell.(type) {
			case string:
				err = f.SetCellStr(t.Name, at(j, i), cell)
			default:
				err = f.SetCellValue(t.Name, at(j, i), cell)
			}
			if _, isMoney := cell.(float64); isMoney && err == nil {
				err = f.SetCellStyle(t.Name, at(j, i), at(j, i), money)
			}
			if err != nil {
				return err
			}
		}
	}
	last := at(len(t.Head)-1, len(t.Rows))
	if err := f.SetCellStyle(t.Name, "A1", at(len(t.Head)-1, 0), bold); err != nil {
		return err
	}
	if err := f.SetPanes(t.Name, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	if err := f.SetColWidth(t.Name, "A", "Z", 16); err != nil {
		return err
	}
	return f.AutoFilter(t.Name, "A1:"+last, nil)
}

// at is a cell's name; column and row are from 0.
func at(column, row int) string {
	name, err := excelize.CoordinatesToCellName(column+1, row+1)
	if err != nil {
		panic(err) // both are from 1, and a report has fewer than a million rows
	}
	return name
}

// About says what a report is, line by line: a name and a text.
func (r Report) About() [][2]string {
	return [][2]string{
		{"Campaign", r.Campaign},
		{"Title", r.Title},
		{"Week", fmt.Sprintf("%s, %s to %s", r.Week, r.Week.From.Format("2 January 2006"), r.Week.To.AddDate(0, 0, -1).Format("2 January 2006"))},
		{"Date of data", r.AsOf.Format("2 January 2006, 15:04 MST")},
		{"Goal", r.Goal.String()},
		{"Pledged", Sums(r.Total.Pledges)},
		{"Received", Sums(r.Total.Receipts)},
		{"How to read it", "Letters are counted in the state they are in, donors once. Sent means accepted by the relay. " +
			"The last pledge of a donor stands. Receipts fulfil pledges: never add the two."},
	}
}

// Sums lists sums of several currencies: they are not added up.
func Sums(ms []donor.Money) string {
	if len(ms) == 0 {
		return "nothing yet"
	}
	out := make([]string, len(ms))
	for i, m := range ms {
		out[i] = m.String()
	}
	return strings.Join(out, " and ")
}

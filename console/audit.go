package console

import (
	"encoding/csv"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"outreach.example/donor"
	"outreach.example/ledger"
)

// auditPage lists the audit stream, the newest entry first.
type auditPage struct {
	frame
	View    view
	Entries []auditLine
	Last    int64
	Older   string
	Newer   string
}

type auditLine struct {
	Seq    int64
	At     time.Time
	Who    string
	What   string
	About  string
	More   []string
	Chain  string
	Broken bool
}

const auditRows = 100

// An entry may name hundreds of letters: a page shows so much of each, the table for a spreadsheet all of it.
const (
	mostAbout = 200
	mostMore  = 3
)

func lineOf(e ledger.AuditEntry) auditLine {
	about, rest, _ := strings.Cut(e.Body, "\n")
	l := auditLine{Seq: e.Seq, At: e.At, Who: e.Who, What: e.What, About: short(about), Chain: e.Chain}
	if rest != "" {
		l.More = strings.Split(rest, "\n")
		if n := len(l.More); n > mostMore {
			l.More = append(l.More[:mostMore:mostMore], fmt.Sprintf("and %d more", n-mostMore))
		}
		for i := range l.More {
			l.More[i] = short(l.More[i])
		}
	}
	return l
}

func short(s string) string {
	if r := []rune(s); len(r) > mostAbout {
		return string(r[:mostAbout]) + "…"
	}
	return s
}

func (c *Console) auditPage(v *visit) error {
	at, err := c.Ledger.Where(v.ctx)
	if err != nil {
		return err
	}
	page := auditPage{frame: v.frame("Audit"), View: v.view(), Last: at.Seq}
	page.Live = true
	until := at.Seq
	if n, err := strconv.ParseInt(page.View.Get("until"), 10, 64); err == nil && n > 0 && n < until {
		until, page.Live = n, false
	}
	who, what, about := strings.ToLower(page.View.Get("who")), page.View.Get("what"), strings.ToLower(page.View.Get("about"))
	fits := func(e ledger.AuditEntry) bool {
		return (who == "" || strings.Contains(strings.ToLower(e.Who), who)) && (what == "" || e.What == what) &&
			(about == "" || strings.Contains(strings.ToLower(e.Body), about))
	}
	// Backwards, piece by piece, and no further than a person waits for.
	const piece, most = 500, 20_000
	from := until
	for seen := int64(0); from > 0 && len(page.Entries) < auditRows && seen < most; {
		n := min(piece, from)
		got, err := c.Ledger.Audit(v.ctx, from-n, int(n))
		if err != nil {
			return err
		}
		slices.Reverse(got)
		from -= n
		seen += n
		for _, e := range got {
			if fits(e) && len(page.Entries) < auditRows {
				page.Entries = append(page.Entries, lineOf(e))
				if len(page.Entries) == auditRows {
					from = e.Seq - 1
				}
			}
		}
	}
	if from > 0 {
		page.Older = page.View.With("until", fmt.Sprint(from))
	}
	if until < at.Seq {
		page.Newer = page.View.With("until", "")
	}
	return v.show("audit.html", page)
}

// auditCSV is the whole stream as a table, from an entry on.
func (c *Console) auditCSV(v *visit) error {
	out := v.table("audit.csv")
	_ = out.write("number", "when", "who", "what", "about", "chain")
	after, _ := strconv.ParseInt(v.r.URL.Query().Get("after"), 10, 64)
	for {
		got, err := c.Ledger.Audit(v.ctx, after, 500)
		if err != nil {
			c.Log.Error("audit not written to its end", "error", err)
			return nil
		}
		if len(got) == 0 {
			break
		}
		for _, e := range got {
			if out.write(strconv.FormatInt(e.Seq, 10), e.At.Format(time.RFC3339), e.Who, e.What, e.Body, e.Chain) != nil {
				return nil // the reader went away
			}
			after = e.Seq
		}
	}
	out.Flush()
	return nil
}

// sheet is a table that goes out as CSV. A cell that a spreadsheet would take for a formula is kept from being one.
type sheet struct{ *csv.Writer }

func (s sheet) write(cells ...string) error {
	for i := range cells {
		cells[i] = donor.Cell(cells[i])
	}
	return s.Write(cells)
}

// table begins an answer that is a table.
func (v *visit) table(name string) sheet {
	h := v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	v.w.WriteHeader(http.StatusOK)
	_, _ = v.w.Write([]byte("\ufeff")) // Excel wants it
	return sheet{csv.NewWriter(v.w)}
}

// csv answers with a table that is there already.
func (v *visit) csv(name string, rows [][]string) error {
	out := v.table(name)
	for _, r := range rows {
		if out.write(r...) != nil {
			return nil // the reader went away
		}
	}
	out.Flush()
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"outreach.example/console/report"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
)

func (a *app) reportCommand() *cobra.Command {
	var week, csv, xlsx string
	var donors bool
	cmd := &cobra.Command{
		Use: "report [CAMPAIGN]", Short: "Show where a campaign stands, by group and region: answers, pledges, receipts",
		Example: "  outreach report resilience\n  outreach report resilience --week 2026-12-01 --xlsx week.xlsx\n" +
			"  outreach report resilience --csv donors.csv --donors",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("report takes one campaign, got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var day donor.Date
			if week != "" {
				var err error
				if day, err = donor.ParseDate(week); err != nil {
					return usagef("--week: %s: write any day of the week, for example 2026-12-01", err)
				}
			}
			if donors && csv == "" {
				return usagef("--donors belongs to --csv FILE")
			}
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				c, err := which(ctx, l, name)
				if err != nil {
					return err
				}
				r, err := report.Read(ctx, l, c, day)
				if err != nil {
					return err
				}
				return a.report(r, csv, xlsx, donors)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&week, "week", "", "the week of this `day`, YYYY-MM-DD; this week unless set")
	f.StringVar(&csv, "csv", "", "write the table of groups and regions to this `file`")
	f.BoolVar(&donors, "donors", false, "with --csv: write the table of donors instead")
	f.StringVar(&xlsx, "xlsx", "", "write all tables to this `file` for Excel")
	return cmd
}

func (a *app) report(r report.Report, csv, xlsx string, donors bool) error {
	if csv != "" {
		t := r.Lines()
		if donors {
			t = r.ByDonor()
		}
		if err := write(csv, t.CSV); err != nil {
			return err
		}
	}
	if xlsx != "" {
		if err := write(xlsx, r.XLSX); err != nil {
			return err
		}
	}
	switch {
	case a.json:
		return a.print(r)
	case csv != "" || xlsx != "":
		for _, file := range []string{csv, xlsx} {
			if file != "" {
				fmt.Fprintf(a.out, "written: %s\n", file)
			}
		}
		return nil
	}
	return a.printReport(r)
}

// write writes a file whole or not at all.
func write(path string, content func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".outreach-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	if err := content(f); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func (a *app) printReport(r report.Report) error {
	for _, line := range r.About() {
		fmt.Fprintf(a.out, "%s: %s\n", line[0], line[1])
	}
	fmt.Fprintln(a.out)
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tdonors\tsent\tin doubt\tbounced\tanswered\tpledged\tdays to answer\tpledged\treceived")
	row := func(l report.Line) {
		days := "-"
		if l.Days.Answers > 0 {
			days = fmt.Sprintf("%d (%d to %d)", l.Days.Median, l.Days.Least, l.Days.Most)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\n", l.Name, l.Donors, l.Letters[letter.Sent], l.Letters[letter.InDoubt],
			l.Letters[letter.Bounced], l.Answered, l.Pledged, days, report.Sums(l.Pledges), report.Sums(l.Receipts))
	}
	for _, lines := range [][]report.Line{r.Groups, r.Regions, {r.Total}} {
		for _, l := range lines {
			row(l)
		}
		fmt.Fprintln(w, "\t\t\t\t\t\t\t\t\t")
	}
	if err := w.Flush(); err != nil {
		return err
	}
	week := r.Total.ThisWeek
	fmt.Fprintf(a.out, "this week: %d letters sent, %d bounced, %d donors answered, %d pledged (%s); received: %s\n", week.Sent, week.Bounced,
		week.Answered, week.Pledged, report.Sums(week.Pledges), report.Sums(week.Receipts))
	if len(r.Overdue) > 0 {
		fmt.Fprintf(a.out, "overdue: %d letters should have left more than a day ago\n", len(r.Overdue))
		for _, o := range r.Overdue {
			fmt.Fprintf(a.out, "  %s  %s, due %s\n", o.Letter, o.Name, o.Due.Format("2 January 2006 15:04 MST"))
		}
	}
	a.next("outreach report %s --xlsx report.xlsx writes it for Excel", r.Campaign)
	return nil
}

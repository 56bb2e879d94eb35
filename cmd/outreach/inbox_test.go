package main

import (
	"testing"
	"time"
)

// Where no folder is set, doctor goes by what the ledger knows of a reader elsewhere.
func TestDoctorCopies(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.Local)
	for _, c := range []struct {
		folder string
		read   time.Time
		want   finding
	}{
		{"", time.Time{}, finding{Says: "nobody reads them: every doubt waits for a person"}},
		{"", now.Add(-3 * time.Second), finding{Well: true, Says: "an outreach inbox reads them, last 2 March 08:59:57"}},
		{"", now.Add(-time.Hour), finding{Says: "last read 2 March 08:00:00, and by nobody since: every doubt waits for a person"}},
		{t.TempDir() + "/none", now, finding{}},
	} {
		got := examineCopies(c.folder, c.read, now)
		if got.Well != c.want.Well || c.want.Says != "" && got.Says != c.want.Says || got.Says == "" || got.Mend == "" && !got.Well {
			t.Errorf("%q, read %v: %+v", c.folder, c.read, got)
		}
	}
	if got := examineCopies(t.TempDir(), time.Time{}, now); !got.Well {
		t.Errorf("a folder: %+v", got)
	}
}

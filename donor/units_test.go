package donor

import (
	"fmt"
	"strings"
	"testing"
)

// TestOddUnits: an amount in thousands is found by the donor's other years, and where it has none, by the other States.
func TestOddUnits(t *testing.T) {
	const head = "donor,year,amount,currency,label,verified\n"
	var others strings.Builder
	for i, id := range []string{"FRA", "ESP", "PER", "NER", "FJI", "GHA", "MEX", "NZL"} {
		fmt.Fprintf(&others, "%s,2024,%d,USD,v,\n", id, 1_000_000*(i+1))
	}
	for _, c := range []struct {
		name, rows string
		want       []string
	}{
		{"one year in thousands", "KEN,2022,8000000,USD,v,\nKEN,2023,7500000,USD,v,\nKEN,2024,8060,USD,v,\n", []string{
			`contributions.csv:4: amount: KEN gave USD 8,060 in 2024 and USD 7,500,000 in 2023 (line 3), about a thousand times less: write whole units, not thousands; where both are right, write the day on which you compared this row with its source under verified`}},
		{"the year before in thousands", "KEN,2023,7500,USD,v,\nKEN,2024,8060000,USD,v,\n", []string{
			`contributions.csv:3: amount: KEN gave USD 8,060,000 in 2024 and USD 7,500 in 2023 (line 2), about a thousand times as much: write whole units, not thousands; where both are right, write the day on which you compared this row with its source under verified`}},
		{"compared with its source", "KEN,2023,7500,USD,v,\nKEN,2024,8060000,USD,v,2026-11-02\n", nil},
		{"far off", "KEN,2022,10000,USD,v,\nKEN,2023,10000,USD,v,\nKEN,2024,900000,USD,v,\n", []string{
			`contributions.csv:4: warning: amount: KEN gave USD 900,000 in 2024 and USD 10,000 in 2023 (line 3), 90 times as much: compare it with its source, and write the day under verified`}},
		{"as usual", "KEN,2023,200000,USD,v,\nKEN,2024,8060000,USD,v,\nKEN,2022,8000,CHF,v,\nKEN,2021,8000,USD,assessed,\n", nil},
		{"the only year, in thousands", others.String() + "KEN,2024,8060,USD,v,\n", []string{
			`contributions.csv:10: warning: amount: USD 8,060 of KEN in 2024 is less than a hundredth of what three in four others gave (USD 2,000,000 or more): make sure that it is not written in thousands, and write the day under verified`}},
		{"the only year, in cents", others.String() + "KEN,2024,80600000000,USD,v,\n", []string{
			`contributions.csv:10: warning: amount: USD 80,600,000,000 of KEN in 2024 is more than a hundred times what three in four others gave (USD 7,000,000 or less): make sure that it is not written in cents, and write the day under verified`}},
		{"days that are none", "KEN,2024,8060000,USD,v,soon\nFRA,2024,8060000,USD,v,2026-11-25\n", []string{
			`contributions.csv:2: verified: "soon" is not a day (expected YYYY-MM-DD, for example 2027-01-29)`,
			`contributions.csv:3: verified: 2026-11-25 lies in the future (today is 2026-11-24)`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantFaults(t, map[string]string{"contacts.csv": goodContacts, "contributions.csv": head + c.rows}, c.want...)
		})
	}
}

// TestStaleContacts: how long a contact is believed is a setting; many are named in part.
func TestStaleContacts(t *testing.T) {
	var rows strings.Builder
	rows.WriteString("donor,email,rank,name,gender,verified\n")
	for _, id := range []string{"ESP", "FJI", "FRA", "GHA", "KEN", "MEX", "NER"} {
		fmt.Fprintf(&rows, "%s,m@%s.example,ambassador,Ada Alder,f,2026-11-02\n", id, strings.ToLower(id))
	}
	files := folder(map[string]string{"contacts.csv": rows.String()})
	if _, faults := ReadFresh(files, testDay, 22); len(faults) > 0 {
		t.Error(faults)
	}
	_, faults := ReadFresh(files, testDay, 21)
	const want = `contacts.csv:2: warning: not verified in the last 21 days: line 2 (ESP, on 2026-11-02), line 3 (FJI, on 2026-11-02), line 4 (FRA, on 2026-11-02), line 5 (GHA, on 2026-11-02), line 6 (KEN, on 2026-11-02) and 2 more; make sure that each person still holds the post, and write the day under verified`
	if faults.Error() != want {
		t.Errorf("got %s\nwant %s", faults, want)
	}
}

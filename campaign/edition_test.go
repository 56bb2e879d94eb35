package campaign

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"outreach.example/donor"
)

// givers are donors of no State and of two, in order of their ids.
func givers(n int) []donor.Donor {
	donors := make([]donor.Donor, n)
	for i := range donors {
		id := fmt.Sprintf("G%07d", i)
		donors[i] = donor.Donor{
			ID: id, Status: "foundation", State: []string{"", "KEN", "CHE"}[i%3], Language: "en",
			Name:   map[string]string{"en": "Foundation " + id},
			Formal: map[string]string{"en": "the Foundation " + id},
			Contacts: []donor.Contact{{
				Email: strings.ToLower(id) + "@giver.example", Name: "Amara Lindqvist", Rank: "other", Gender: "f",
				Salutation: "Dear Ms Lindqvist", Verified: donor.Date{Year: 2026, Month: 11, Day: 2}, Source: "desk",
				File: "contacts.csv", Line: i + 2,
			}},
			Contribution: &donor.Contribution{Year: 2024, Amount: donor.Money{Minor: int64(i+1) * 1_234_567_89, Currency: "USD"}, Line: i + 2},
		}
	}
	return donors
}

// hashOf stands for rendering.
func hashOf(r Record, step string) (string, error) {
	return sum(fmt.Appendf(nil, "%s %v %s", r.Donor.ID, r.Ask, step)), nil
}

func freezer(t testing.TB) (*Freezer, *[]Block) {
	c := good(t)
	var blocks []Block
	text := read(t, "testdata/campaign.yaml")
	f := &Freezer{
		Campaign: c, Files: map[string]string{"campaign.yaml": text, "texts/appeal.en.txt": "Dear <Excellency> & friends"},
		Inputs: HashInputs(map[string][]byte{"campaign.yaml": []byte(text)}),
		Render: hashOf,
		Store:  func(b Block) error { blocks = append(blocks, b); return nil },
	}
	return f, &blocks
}

// What is frozen comes back as it was, block by block, and nothing of it can be changed without being seen.
func TestFreezeRoundTrip(t *testing.T) {
	f, blocks := freezer(t)
	donors := givers(400)
	seen := 0
	f.Progress = func(n int) { seen = n }
	e, list, err := f.Freeze(context.Background(), donors)
	if err != nil {
		t.Fatal(err)
	}
	if seen != 400 || e.Donors != 400 || !slices.Equal(e.Steps, []string{"appeal", "reminder-1", "reminder-2"}) {
		t.Errorf("edition of %d donors, %d seen, steps %v", e.Donors, seen, e.Steps)
	}
	if want := map[string]int{"": 3, "KEN": 3, "CHE": 3}; !maps.Equal(e.Cuts, want) {
		t.Errorf("134, 133 and 133 donors in blocks of 50 are cut into %v, want %v", e.Cuts, want)
	}
	stored, err := DecodeEdition(e.Encode(), e.Hash())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, stored); diff != "" {
		t.Error(diff)
	}
	hashes, err := stored.DecodeBlocks(list)
	if err != nil {
		t.Fatal(err)
	}
	if len(hashes) != len(*blocks) {
		t.Errorf("%d blocks are listed and %d were stored", len(hashes), len(*blocks))
	}
	var back []donor.Donor
	for _, b := range *blocks {
		records, err := DecodeBlock(b.Data, hashes[b.Name])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b.Records, records, cmpopts.IgnoreFields(donor.Contact{}, "File", "Line"), cmpopts.IgnoreFields(donor.Contribution{}, "File", "Line")); diff != "" {
			t.Fatal(diff)
		}
		for _, r := range records {
			if want, _ := hashOf(r, "reminder-1"); len(r.Hash) != 3 || r.Hash["reminder-1"] != want {
				t.Fatalf("%s has the hashes %v", r.Donor.ID, r.Hash)
			}
			if name := stored.Block(r.Donor.State, r.Donor.ID); name != b.Name {
				t.Fatalf("%s lies in block %s and is looked for in %s", r.Donor.ID, b.Name, name)
			}
			back = append(back, r.Donor)
		}
	}
	slices.SortFunc(back, func(a, b donor.Donor) int { return strings.Compare(a.ID, b.ID) })
	if diff := cmp.Diff(donors, back, cmpopts.IgnoreFields(donor.Contact{}, "File", "Line"), cmpopts.IgnoreFields(donor.Contribution{}, "File", "Line")); diff != "" {
		t.Error(diff)
	}
}

// The same inputs give the same edition whatever the processors do, and any change gives another.
func TestFreezeHash(t *testing.T) {
	freeze := func(change func(f *Freezer, donors []donor.Donor)) string {
		f, _ := freezer(t)
		donors := givers(120)
		f.Render = func(r Record, step string) (string, error) {
			if rand.IntN(50) == 0 { // some letters take longer than others
				for range rand.IntN(2000) {
					hashOf(r, step)
				}
			}
			return hashOf(r, step)
		}
		change(f, donors)
		e, _, err := f.Freeze(context.Background(), donors)
		if err != nil {
			t.Fatal(err)
		}
		return e.Hash()
	}
	same := freeze(func(*Freezer, []donor.Donor) {})
	for range 3 {
		if again := freeze(func(*Freezer, []donor.Donor) {}); again != same {
			t.Fatalf("the same inputs give %s and %s", same, again)
		}
	}
	seen := map[string]string{same: "nothing"}
	for name, change := range map[string]func(*Freezer, []donor.Donor){
		"a text":      func(f *Freezer, _ []donor.Donor) { f.Files["texts/appeal.en.txt"] += "." },
		"a file more": func(f *Freezer, _ []donor.Donor) { f.Files["texts/appeal.fr.txt"] = "" },
		"a holiday": func(f *Freezer, _ []donor.Donor) {
			f.Files["campaign.yaml"] = strings.Replace(f.Files["campaign.yaml"], "2027-01-01", "2027-01-04", 1)
		},
		"an input":       func(f *Freezer, _ []donor.Donor) { f.Inputs = HashInputs(map[string][]byte{"contacts.csv": nil}) },
		"an address":     func(_ *Freezer, d []donor.Donor) { d[7].Contacts[0].Email = "other@giver.example" },
		"a contribution": func(_ *Freezer, d []donor.Donor) { d[7].Contribution.Amount.Minor++ },
		"a name":         func(_ *Freezer, d []donor.Donor) { d[119].Name["en"] = "Another" },
		"an ask":         func(f *Freezer, _ []donor.Donor) { f.Campaign.Ask.RoundTo = 50 },
		"a rendering": func(f *Freezer, _ []donor.Donor) {
			f.Render = func(r Record, step string) (string, error) { return sum([]byte(r.Donor.ID + step)), nil }
		},
		"a cut": func(f *Freezer, _ []donor.Donor) { f.Cuts = map[string]int{"KEN": 9} },
	} {
		hash := freeze(change)
		if other, taken := seen[hash]; taken {
			t.Errorf("changing %s gives the same edition as changing %s", name, other)
		}
		seen[hash] = name
	}
}

// A donor keeps its block when others come and go.
func TestBlocksStay(t *testing.T) {
	f, _ := freezer(t)
	first, _, err := f.Freeze(context.Background(), givers(200))
	if err != nil {
		t.Fatal(err)
	}
	f.Cuts = first.Cuts
	more := append(givers(900), donor.Donor{ID: "ZZZ", State: "ESP"})
	second, _, err := f.Freeze(context.Background(), more)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range more[:900] {
		if before, now := first.Block(d.State, d.ID), second.Block(d.State, d.ID); before != now {
			t.Fatalf("%s moved from %s to %s", d.ID, before, now)
		}
	}
	if second.Cuts["ESP"] != 1 || len(first.Cuts) != 3 {
		t.Errorf("cuts are %v, then %v", first.Cuts, second.Cuts)
	}
	fewer, _, err := f.Freeze(context.Background(), givers(1))
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(fewer.Cuts, first.Cuts) {
		t.Errorf("cuts of States without a donor are forgotten: %v, want %v", fewer.Cuts, first.Cuts)
	}
}

// Every fault of every letter is found in one freeze, each once, and nothing more is stored.
func TestFreezeFaults(t *testing.T) {
	f, blocks := freezer(t)
	f.Render = func(r Record, step string) (string, error) {
		var faults donor.Faults
		if step == "reminder-1" {
			faults.Addf("texts/reminder-1.en.txt", 3, 1, "no such field")
		}
		if r.Donor.ID == "G0000005" || r.Donor.ID == "G0000150" {
			faults.Addf("contacts.csv", r.Donor.Contacts[0].Line, 0, "%s: no salutation", r.Donor.ID)
		}
		if faults != nil {
			return "", faults
		}
		return hashOf(r, step)
	}
	_, _, err := f.Freeze(context.Background(), givers(200))
	want := "contacts.csv:7: G0000005: no salutation\ncontacts.csv:152: G0000150: no salutation\ntexts/reminder-1.en.txt:3:1: no such field"
	var faults donor.Faults
	if !errors.As(err, &faults) || faults.Error() != want {
		t.Errorf("got %v, want\n%s", err, want)
	}
	if len(*blocks) > 0 {
		t.Errorf("%d blocks were stored", len(*blocks))
	}
}

// A mistake that a million donors share in a million ways does not fill the memory.
func TestFreezeFaultsAreBounded(t *testing.T) {
	f, _ := freezer(t)
	f.Campaign.Steps = f.Campaign.Steps[:1]
	var rendered atomic.Int64
	f.Render = func(r Record, step string) (string, error) {
		rendered.Add(1)
		var faults donor.Faults
		faults.Addf("contacts.csv", r.Donor.Contacts[0].Line, 0, "%s: no salutation", r.Donor.ID)
		return "", faults
	}
	_, _, err := f.Freeze(context.Background(), givers(20_000))
	var faults donor.Faults
	if !errors.As(err, &faults) || len(faults) < maxRenderFaults || rendered.Load() > 15_000 {
		t.Errorf("%d of 20000 letters were rendered for %d faults", rendered.Load(), len(faults))
	}
}

// An error that is nobody's fault ends the freeze at once and is handed on; so does a cancelled context.
func TestFreezeEnds(t *testing.T) {
	broken := errors.New("disk full")
	for _, c := range []struct {
		name   string
		change func(f *Freezer, d []donor.Donor, cancel func()) []donor.Donor
		want   string
	}{
		{"store", func(f *Freezer, d []donor.Donor, _ func()) []donor.Donor {
			f.Store = func(b Block) error { return broken }
			return d
		}, "store block CHE-0: disk full"},
		{"render", func(f *Freezer, d []donor.Donor, _ func()) []donor.Donor {
			f.Render = func(r Record, step string) (string, error) { return "", broken }
			return d[:1]
		}, `render step "appeal" for G0000000: disk full`},
		{"no hash", func(f *Freezer, d []donor.Donor, _ func()) []donor.Donor {
			f.Render = func(r Record, step string) (string, error) { return "abc", nil }
			return d[:1]
		}, `render step "appeal" for G0000000: "abc" is no content hash`},
		{"cancelled", func(f *Freezer, d []donor.Donor, cancel func()) []donor.Donor {
			f.Store = func(b Block) error { cancel(); return nil }
			return d
		}, "context canceled"},
		{"twice", func(f *Freezer, d []donor.Donor, _ func()) []donor.Donor { return append(d[:3], d[2]) },
			"donor G0000002 stands after G0000002: donors of an edition are in order and each is once"},
		{"not UTF-8", func(f *Freezer, d []donor.Donor, _ func()) []donor.Donor { f.Files["facts.csv"] = "caf\xe9"; return d },
			"facts.csv: is not UTF-8, so it cannot be kept letter by letter: save it as UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, _ := freezer(t)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			_, _, err := f.Freeze(ctx, c.change(f, givers(300), cancel))
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// Only a few blocks wait in memory, however slow the store is.
func TestFreezeIsBounded(t *testing.T) {
	f, _ := freezer(t)
	f.Campaign.BlockSize = 1
	var rendered, stored, most atomic.Int64
	f.Campaign.Steps = f.Campaign.Steps[:1]
	f.Render = func(r Record, step string) (string, error) {
		if ahead := rendered.Add(1) - stored.Load(); ahead > most.Load() {
			most.Store(ahead)
		}
		return hashOf(r, step)
	}
	f.Store = func(b Block) error { stored.Add(int64(len(b.Records))); return nil }
	if _, _, err := f.Freeze(context.Background(), givers(900)); err != nil {
		t.Fatal(err)
	}
	if most.Load() > 100 {
		t.Errorf("%d records of 900 were made before they could be stored", most.Load())
	}
}

// A frozen edition says what the campaign file said, also when every day in it has passed.
func TestLoadCampaign(t *testing.T) {
	f, _ := freezer(t)
	f.Files["campaign.yaml"] = strings.NewReplacer("2026", "2016", "2027", "2017", "2024", "2014").Replace(f.Files["campaign.yaml"])
	e, _, err := f.Freeze(context.Background(), givers(3))
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.LoadCampaign()
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Schedule.Start.String(); got != "2016-11-23" || c.Steps[1].After != 10 {
		t.Errorf("the frozen campaign starts on %s with the steps %v", got, c.Steps)
	}
	delete(e.Files, "campaign.yaml")
	if _, err := e.LoadCampaign(); err == nil {
		t.Error("an edition without a campaign file is read")
	}
}

// BenchmarkFreeze is 200,000 givers without rendering: what an edition costs beside its letters.
func BenchmarkFreeze(b *testing.B) {
	f, _ := freezer(b)
	f.Campaign.BlockSize = 100
	f.Campaign.Steps = f.Campaign.Steps[:1]
	content := sum(nil)
	f.Render = func(Record, string) (string, error) { return content, nil }
	var bytes int
	f.Store = func(blk Block) error { bytes += len(blk.Data); return nil }
	donors := givers(200_000)
	b.ReportAllocs()
	for b.Loop() {
		bytes = 0
		if _, _, err := f.Freeze(context.Background(), donors); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(bytes)/200_000, "stored-bytes/donor")
}

package campaign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"outreach.example/donor"
)

// maxRenderFaults ends a freeze early: nobody reads more, and a million donors may share one mistake.
const maxRenderFaults = 1000

// A Block is the frozen records of one block.
type Block struct {
	Name    string
	Hash    string   // hex of SHA-256 over the records
	Data    []byte   // as EncodeBlock writes them, for DecodeBlock
	Records []Record // what Data holds, by donor id
}

// A Freezer makes an edition of a campaign.
type Freezer struct {
	Campaign *Campaign
	Files    map[string]string // campaign.yaml, facts.csv, texts/appeal.en.txt, ...: name to content, UTF-8
	Inputs   string            // HashInputs of everything staff wrote
	Cuts     map[string]int    // of the campaign's edition before, nil for its first

	// Render gives the content hash of one letter of a record, whose own hashes are those of the steps before. It is
	// called from several goroutines. It answers with donor.Faults where what staff wrote is at fault; any other error
	// ends the freeze.
	Render func(r Record, step string) (hash string, err error)

	// Store takes the blocks one at a time, by name. What it has taken of a freeze that ends in an error is of no use.
	Store func(Block) error

	// Progress, where it is set, is told after each block how many donors are done, from the goroutine of Freeze.
	Progress func(donors int)
}

// Freeze makes the edition of donors, which must be in order of their ids as Select leaves them and hold their
// contribution of the base year, and the list of its blocks for DecodeBlocks. The same campaign, files, donors and cuts give the same edition on every machine. Faults
// that Render answers with come back together, as donor.Faults.
func (f Freezer) Freeze(ctx context.Context, donors []donor.Donor) (Edition, []byte, error) {
	for name, content := range f.Files {
		if !utf8.ValidString(content) {
			return Edition{}, nil, fmt.Errorf("%s: is not UTF-8, so it cannot be kept letter by letter: save it as UTF-8", name)
		}
	}
	for i := 1; i < len(donors); i++ {
		if donors[i-1].ID >= donors[i].ID {
			return Edition{}, nil, fmt.Errorf("donor %s stands after %s: donors of an edition are in order and each is once", donors[i].ID, donors[i-1].ID)
		}
	}
	e := Edition{
		Campaign: f.Campaign.Name, Files: f.Files, Cuts: f.cuts(donors), Donors: len(donors),
		Inputs: f.Inputs, Version: version,
	}
	for _, s := range f.Campaign.Steps {
		e.Steps = append(e.Steps, s.Name)
	}
	members := map[string][]int32{} // block to its donors, by their place in the list: a few bytes each
	for i, d := range donors {
		name := e.Block(d.State, d.ID)
		members[name] = append(members[name], int32(i))
	}
	hashes, err := f.blocks(ctx, donors, members)
	if err != nil {
		return Edition{}, nil, err
	}
	list := EncodeBlocks(hashes)
	e.Blocks = sum(list)
	return e, list, nil
}

// cuts fixes the number of blocks of each State that has none yet; what is fixed stays, or donors would change blocks.
func (f Freezer) cuts(donors []donor.Donor) map[string]int {
	count := map[string]int{}
	for _, d := range donors {
		count[d.State]++
	}
	cuts := maps.Clone(f.Cuts)
	if cuts == nil {
		cuts = map[string]int{}
	}
	size := max(f.Campaign.BlockSize, 1)
	for state, n := range count {
		if cuts[state] == 0 {
			cuts[state] = (n + size - 1) / size
		}
	}
	return cuts
}

// made is one block on its way from the goroutine that made it.
type made struct {
	block Block
	err   error
}

// blocks makes all blocks, as many at a time as there are processors, and stores them in the order of their names.
func (f Freezer) blocks(ctx context.Context, donors []donor.Donor, members map[string][]int32) (map[string]string, error) {
	ctx, cancel := context.WithCancel(ctx)
	names := slices.Sorted(maps.Keys(members))
	type job struct {
		name string
		done chan made
	}
	makers := runtime.GOMAXPROCS(0)
	jobs, order := make(chan job), make(chan job, 2*makers) // order bounds how many blocks wait in memory
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() {
		defer close(jobs)
		defer close(order)
		for _, name := range names {
			j := job{name, make(chan made, 1)}
			select {
			case order <- j:
			case <-ctx.Done():
				return
			}
			select {
			case jobs <- j:
			case <-ctx.Done():
				return
			}
		}
	})
	for range makers {
		wg.Go(func() {
			for j := range jobs {
				b, err := f.block(ctx, j.name, donors, members[j.name])
				j.done <- made{b, err}
			}
		})
	}

	hashes := make(map[string]string, len(names))
	faults, done := faultSet{}, 0
	for j := range order {
		var m made
		select {
		case m = <-j.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		var found donor.Faults
		switch {
		case errors.As(m.err, &found):
			faults.add(found)
			if len(faults) >= maxRenderFaults {
				return nil, faults.sorted()
			}
		case m.err != nil:
			return nil, m.err
		case len(faults) == 0:
			if err := f.Store(m.block); err != nil {
				return nil, fmt.Errorf("store block %s: %w", m.block.Name, err)
			}
			hashes[m.block.Name] = m.block.Hash
		}
		done += len(members[j.name])
		if f.Progress != nil {
			f.Progress(done)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	if len(faults) > 0 {
		return nil, faults.sorted()
	}
	return hashes, nil
}

// block makes one block. Its error is donor.Faults, all of the block, where what staff wrote is at fault.
func (f Freezer) block(ctx context.Context, name string, donors []donor.Donor, members []int32) (Block, error) {
	b := Block{Name: name, Records: make([]Record, 0, len(members))}
	var faults donor.Faults
	for _, i := range members {
		if err := ctx.Err(); err != nil {
			return Block{}, context.Cause(ctx)
		}
		r := f.Campaign.Record(donors[i])
		r.Hash = make(map[string]string, len(f.Campaign.Steps))
		for _, s := range f.Campaign.Steps {
			if !f.Campaign.Gets(&r, s.Name) {
				continue
			}
			hash, err := f.Render(r, s.Name)
			var found donor.Faults
			switch {
			case errors.As(err, &found):
				faults = append(faults, found...)
			case err != nil:
				return Block{}, fmt.Errorf("render step %q for %s: %w", s.Name, r.Donor.ID, err)
			case len(hash) != hex.EncodedLen(sha256.Size):
				return Block{}, fmt.Errorf("render step %q for %s: %s is no content hash", s.Name, r.Donor.ID, donor.Quote(hash))
			default:
				r.Hash[s.Name] = hash
			}
		}
		b.Records = append(b.Records, r)
	}
	if len(faults) > 0 {
		return Block{}, faults
	}
	var err error
	if b.Data, b.Hash, err = EncodeBlock(b.Records); err != nil {
		return Block{}, fmt.Errorf("block %s: %w", name, err)
	}
	return b, nil
}

// A faultSet keeps each fault once: one mistake in a text is found again with every donor.
type faultSet map[donor.Fault]bool

func (s faultSet) add(faults donor.Faults) {
	for _, f := range faults {
		s[f] = true
	}
}

func (s faultSet) sorted() donor.Faults {
	faults := slices.SortedFunc(maps.Keys(s), func(a, b donor.Fault) int { return strings.Compare(a.Text, b.Text) })
	all := donor.Faults(faults)
	all.Sort() // stable: faults of one place stay in the order of their texts
	return all
}

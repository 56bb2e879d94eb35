package campaign

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"

	"outreach.example/donor"
)

// version is the form of editions that this program writes. A program reads every version up to its own: fields may be
// added with omitempty, so that an edition written before keeps its hash.
const version = 1

// campaignFile is the name of the campaign file among an edition's files.
const campaignFile = "campaign.yaml"

// An Edition is the frozen content of a campaign: what staff wrote, byte for byte, and the donors it was written for.
// Its hash addresses it. It is stored as JSON: fields may be added, never renamed.
type Edition struct {
	Campaign string            `json:"campaign"`
	Files    map[string]string `json:"files"`   // campaign.yaml, facts.csv, texts/appeal.en.txt, ...: name to content
	Steps    []string          `json:"steps"`   // in order
	Cuts     map[string]int    `json:"cuts"`    // State ("" for none) to its number of blocks, fixed by the first edition
	Donors   int               `json:"donors"`  // how many letters the first step has
	Blocks   string            `json:"blocks"`  // hex of SHA-256 over the lines "name SHA-256-of-records\n", sorted
	Inputs   string            `json:"inputs"`  // hex of SHA-256 over everything staff wrote, to see whether files changed since
	Version  int               `json:"version"` // of this form
}

// Encode is the edition as it is stored: the same edition is the same bytes on every machine.
func (e Edition) Encode() []byte {
	b, err := canonical(e)
	if err != nil {
		panic(err) // strings, numbers and maps of them always encode
	}
	return b
}

// Hash addresses the edition: hex of SHA-256 over Encode.
func (e Edition) Hash() string { return sum(e.Encode()) }

// DecodeEdition reads what Encode wrote and proves that it is the edition of that hash.
func DecodeEdition(stored []byte, hash string) (Edition, error) {
	if got := sum(stored); got != hash {
		return Edition{}, fmt.Errorf("edition %s: its bytes have the hash %s, so they were changed or cut", brief(hash), brief(got))
	}
	var e Edition
	if err := json.Unmarshal(stored, &e); err != nil {
		return Edition{}, fmt.Errorf("edition %s: %w", brief(hash), err)
	}
	if e.Version < 1 || e.Version > version {
		return Edition{}, fmt.Errorf("edition %s: of version %d, and this program reads up to %d: use the newer outreach", brief(hash), e.Version, version)
	}
	return e, nil
}

// LoadCampaign reads the campaign again from the file that the edition froze.
func (e Edition) LoadCampaign() (*Campaign, error) {
	content, ok := e.Files[campaignFile]
	if !ok {
		return nil, fmt.Errorf("edition of %s: holds no %s", e.Campaign, campaignFile)
	}
	c, faults := Parse(e.Campaign, campaignFile, []byte(content))
	if !faults.Refuses() {
		faults = c.ReadPlaces(e.Files)
	}
	if faults.Refuses() {
		return nil, fmt.Errorf("edition of %s: %w", e.Campaign, faults)
	}
	return c, nil
}

// Block is the block of a donor of a State ("" for none) in this edition, and in every later one of the campaign.
func (e Edition) Block(state, id string) string { return BlockName(state, id, e.Cuts[state]) }

// HashInputs is the hash of all that staff wrote: the same files with the same content, in any order, give the same.
func HashInputs(files map[string][]byte) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := sha256.Sum256(files[name])
		fmt.Fprintf(h, "%q %x\n", name, content)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// BlockName is the block of a donor: it follows from its State and a hash of its id modulo the State's number of
// blocks, so no table is needed and a donor keeps its block for the life of a campaign.
func BlockName(state, id string, blocks int) string {
	n := uint32(0)
	if blocks > 1 {
		h := fnv.New32a()
		h.Write([]byte(id))
		n = h.Sum32() % uint32(blocks)
	}
	return cmp.Or(state, stateless) + "-" + strconv.FormatUint(uint64(n), 10)
}

// stateless stands in block names for donors of no State; no ISO 3166 code is as long.
const stateless = "none"

// EncodeBlocks is the list of an edition's blocks as it is stored: a line "name SHA-256-of-records" each, by name.
func EncodeBlocks(hashes map[string]string) []byte {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(hashes)) {
		fmt.Fprintf(&b, "%s %s\n", name, hashes[name])
	}
	return b.Bytes()
}

// DecodeBlocks reads what EncodeBlocks wrote, proves that it is the list of this edition, and answers with the hash of
// each block's records by the block's name.
func (e Edition) DecodeBlocks(list []byte) (map[string]string, error) {
	if got := sum(list); got != e.Blocks {
		return nil, fmt.Errorf("blocks of %s: the list has the hash %s, not %s, so it was changed or cut", e.Campaign, brief(got), brief(e.Blocks))
	}
	hashes := map[string]string{}
	for line := range strings.Lines(string(list)) {
		name, hash, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !ok || name == "" || len(hash) != hex.EncodedLen(sha256.Size) {
			return nil, fmt.Errorf("blocks of %s: %s is not a block and its hash", e.Campaign, donor.Quote(line))
		}
		hashes[name] = hash
	}
	return hashes, nil
}

// canonical is JSON with keys in order and without the escapes that pages need.
func canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// brief is as much of a hash as a sentence needs.
func brief(hash string) string {
	if len(hash) > 12 {
		return hash[:12]
	}
	return hash
}

package campaign

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"outreach.example/donor"
)

// Whatever was changed, cut or written by a newer program is refused with a reason.
func TestDecodeRefuses(t *testing.T) {
	f, blocks := freezer(t)
	e, list, err := f.Freeze(context.Background(), givers(9))
	if err != nil {
		t.Fatal(err)
	}
	block := (*blocks)[0]
	newer := e
	newer.Version = 2
	bomb := new(bytes.Buffer)
	w, err := flate.NewWriter(bomb, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(make([]byte, maxBlock+1))
	w.Close()
	refuse := func(name string, err error, want string) {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
	_, err = DecodeEdition(bytes.Replace(e.Encode(), []byte("resilience"), []byte("Resilience"), 1), e.Hash())
	refuse("changed edition", err, "so they were changed or cut")
	_, err = DecodeEdition(newer.Encode(), newer.Hash())
	refuse("newer edition", err, "of version 2, and this program reads up to 1: use the newer outreach")
	_, err = DecodeEdition([]byte("{"), sum([]byte("{")))
	refuse("no edition", err, "unexpected end of JSON input")
	_, err = e.DecodeBlocks(list[:len(list)-1])
	refuse("cut list", err, "so it was changed or cut")
	_, err = Edition{Blocks: sum([]byte("x y\n"))}.DecodeBlocks([]byte("x y\n"))
	refuse("no list", err, "is not a block and its hash")
	_, err = DecodeBlock(block.Data, sum(nil))
	refuse("other block", err, "so they were changed or cut")
	_, err = DecodeBlock(block.Data[:len(block.Data)/2], block.Hash)
	refuse("cut block", err, "unexpected EOF")
	_, err = DecodeBlock(bomb.Bytes(), block.Hash)
	refuse("bomb", err, "unpacks to more than 16777216 bytes")
	_, _, err = EncodeBlock([]Record{{Donor: donor.Donor{ID: strings.Repeat("x", maxBlock)}}})
	refuse("too large", err, "set a smaller block_size")
}

// An edition and a block that the first release stored are read by every later one.
func TestStoredForms(t *testing.T) {
	record := `{"donor":{"id":"KEN","status":"member","state":"KEN","name":{"en":"Kenya"},"formal":{"en":"the Republic of Kenya"},"language":"en","contacts":[{"email":"mission@ken.example","rank":"ambassador","gender":"f","verified":"2026-11-02"}],"contribution":{"year":2024,"amount":{"minor":1000,"currency":"USD"}}},"ask":{"low":{"minor":50,"currency":"USD"},"figure":true,"lines":["5 per cent"]},"hash":{"appeal":"ab"}}` + "\n"
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed) // another compressor than ours
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte(record))
	w.Close()
	hash := sha256.Sum256([]byte(record))
	records, err := DecodeBlock(b.Bytes(), hex.EncodeToString(hash[:]))
	if err != nil {
		t.Fatal(err)
	}
	_, again, err := EncodeBlock(records)
	if err != nil {
		t.Fatal(err)
	}
	if again != hex.EncodeToString(hash[:]) {
		t.Error("a stored record has another hash when it is written again")
	}
	edition := `{"campaign":"resilience","files":{"campaign.yaml":"x"},"steps":["appeal"],"cuts":{"KEN":1},"donors":1,"blocks":"ab","inputs":"cd","version":1}` + "\n"
	e, err := DecodeEdition([]byte(edition), sum([]byte(edition)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(edition, string(e.Encode())); diff != "" {
		t.Error(diff)
	}
}

// The inputs' hash tells files apart by name and content, in any order.
func TestHashInputs(t *testing.T) {
	a := HashInputs(map[string][]byte{"a": []byte("b"), "c": []byte("d")})
	for name, files := range map[string]map[string][]byte{
		"content": {"a": []byte("b"), "c": []byte("e")}, "name": {"a": []byte("b"), "e": []byte("d")}, "one": {"a": []byte("b")},
		"moved": {"a": []byte("bc"), "": []byte("d")},
	} {
		if HashInputs(files) == a {
			t.Errorf("another %s gives the same hash", name)
		}
	}
	if HashInputs(map[string][]byte{"c": []byte("d"), "a": []byte("b")}) != a {
		t.Error("the same files give two hashes")
	}
}

// The block of a donor is the same in every release: letters on their way are looked for by it.
func TestBlockName(t *testing.T) {
	for _, c := range []struct {
		state, id string
		blocks    int
		want      string
	}{
		{"KEN", "KEN", 1, "KEN-0"},
		{"KEN", "KEN", 0, "KEN-0"},
		{"CHE", "G0000001", 7, "CHE-0"},
		{"", "G0000001", 10_000, "none-1573"},
		{"", "fondation-été", 10_000, "none-7836"},
	} {
		if got := BlockName(c.state, c.id, c.blocks); got != c.want {
			t.Errorf("block of %s among %d is %s, want %s", c.id, c.blocks, got, c.want)
		}
	}
}

// A million ids fall into their blocks evenly enough that none becomes a giant.
func TestBlocksAreEven(t *testing.T) {
	count := map[string]int{}
	for i := range 100_000 {
		count[BlockName("", fmt.Sprintf("G%07d", i), 1000)]++
	}
	for name, n := range count {
		if n > 200 {
			t.Errorf("block %s has %d donors, twice the size that was asked for", name, n)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		state, id, n := rapid.SampledFrom([]string{"", "KEN"}).Draw(t, "state"), rapid.String().Draw(t, "id"), rapid.IntRange(0, 5000).Draw(t, "blocks")
		name := BlockName(state, id, n)
		if name != BlockName(state, id, n) || n <= 1 && !strings.HasSuffix(name, "-0") {
			t.Fatalf("block %s", name)
		}
	})
}

func FuzzDecodeBlock(f *testing.F) {
	data, hash, err := EncodeBlock([]Record{{Donor: givers(1)[0], Hash: map[string]string{"appeal": "ab"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data, hash)
	f.Add([]byte{0x4b, 0x04, 0x00}, "")
	f.Fuzz(func(t *testing.T, data []byte, hash string) {
		if _, err := DecodeBlock(data, hash); err == nil && len(hash) != 64 {
			t.Fatal("a block is taken without its hash")
		}
		// With its own hash a forged block is read or refused, and what is read can be written.
		var plain bytes.Buffer
		if _, err := plain.ReadFrom(io.LimitReader(flate.NewReader(bytes.NewReader(data)), maxBlock)); err != nil {
			return
		}
		records, err := DecodeBlock(data, sum(plain.Bytes()))
		if err != nil {
			return
		}
		if _, _, err := EncodeBlock(records); err != nil {
			t.Fatal(err)
		}
	})
}

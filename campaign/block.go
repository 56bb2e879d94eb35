package campaign

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"outreach.example/donor"
)

// maxBlock bounds the records of one block, in bytes before compression: a thousand donors with ten contacts each take
// a quarter of it, and a small forgery cannot fill the memory.
const maxBlock = 16 << 20

// A Record is one donor in an edition, with the content hash of its letter of every step. It is stored as a line of
// JSON: fields may be added, never renamed.
type Record struct {
	Donor   donor.Donor       `json:"donor"`
	Ask     donor.Ask         `json:"ask"`
	Variant string            `json:"variant,omitempty"` // which wording the donor gets; "" where the campaign has one
	Hash    map[string]string `json:"hash"`              // step to hex of SHA-256 of the letter's content

	Pledge donor.Money `json:"-"` // what the donor has pledged, for an answer to it; not frozen, as an edition comes before pledges
}

var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, flate.DefaultCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}}

// EncodeBlock is the records of one block as they are stored, with the hash that addresses them: of the records
// themselves, because compressors change and the hash may not.
func EncodeBlock(records []Record) (compressed []byte, hash string, err error) {
	plain, err := Lines(records)
	if err != nil {
		return nil, "", err
	}
	if len(plain) > maxBlock {
		return nil, "", fmt.Errorf("block of %d donors: %d bytes, and a block holds at most %d: set a smaller block_size", len(records), len(plain), maxBlock)
	}
	var out bytes.Buffer
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(&out)
	if _, err := w.Write(plain); err != nil {
		return nil, "", err
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return out.Bytes(), sum(plain), nil
}

// Lines are the records of a block as its hash is made: a line of JSON each.
func Lines(records []Record) ([]byte, error) {
	var plain bytes.Buffer
	for _, r := range records {
		line, err := canonical(r)
		if err != nil {
			return nil, fmt.Errorf("record of %s: %w", r.Donor.ID, err)
		}
		plain.Write(line)
	}
	return plain.Bytes(), nil
}

// DecodeBlock reads what EncodeBlock wrote and proves that it is the block of that hash.
func DecodeBlock(compressed []byte, hash string) ([]Record, error) {
	plain, err := unpack(compressed)
	switch {
	case err != nil:
		return nil, fmt.Errorf("block %s: %w", brief(hash), err)
	case len(plain) > maxBlock:
		return nil, fmt.Errorf("block %s: unpacks to more than %d bytes", brief(hash), maxBlock)
	}
	if got := sum(plain); got != hash {
		return nil, fmt.Errorf("block %s: its records have the hash %s, so they were changed or cut", brief(hash), brief(got))
	}
	var records []Record
	for line := range bytes.Lines(plain) {
		var r Record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("block %s: record %d: %w", brief(hash), len(records)+1, err)
		}
		records = append(records, r)
	}
	return records, nil
}

// unpackers are kept: each holds a window of 32 kB, more than most blocks.
var unpackers = sync.Pool{New: func() any { return flate.NewReader(nil) }}

// unpack reads a little more than the most that a block may hold, and no further.
func unpack(compressed []byte) ([]byte, error) {
	r := unpackers.Get().(io.ReadCloser)
	defer unpackers.Put(r)
	if err := r.(flate.Resetter).Reset(bytes.NewReader(compressed), nil); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, maxBlock+1))
}

package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"outreach.example/campaign"
)

// Edition reads an edition and proves that it is the one of that hash.
func (l *Ledger) Edition(ctx context.Context, hash string) (campaign.Edition, error) {
	b, err := l.Redis.Get(ctx, editionKey(hash)).Bytes()
	if err != nil {
		return campaign.Edition{}, fmt.Errorf("edition %.12s: %w", hash, err)
	}
	return campaign.DecodeEdition(b, hash)
}

// Blocks is the list of an edition's blocks.
type Blocks struct {
	campaign string
	edition  string
	hashes   map[string]string
}

// Blocks reads the list of an edition's blocks and proves that it is this edition's.
func (l *Ledger) Blocks(ctx context.Context, hash string) (*Blocks, error) {
	e, err := l.Edition(ctx, hash)
	if err != nil {
		return nil, err
	}
	list, err := l.Redis.Get(ctx, blockListKey(hash)).Bytes()
	if err != nil {
		return nil, fmt.Errorf("blocks of edition %.12s: %w", hash, err)
	}
	hashes, err := e.DecodeBlocks(list)
	if err != nil {
		return nil, err
	}
	return &Blocks{campaign: e.Campaign, edition: hash, hashes: hashes}, nil
}

// Names lists the blocks in order.
func (b *Blocks) Names() []string { return slices.Sorted(maps.Keys(b.hashes)) }

// List is the list as the edition's hash of its blocks is made: a line "name SHA-256-of-records" each.
func (b *Blocks) List() []byte { return campaign.EncodeBlocks(b.hashes) }

// Hash is the hash of a block's records: editions share the blocks that did not change.
func (b *Blocks) Hash(name string) string { return b.hashes[name] }

// AllBlocks lists, in order, all blocks that any edition of a campaign has had: letters of a donor that a later edition
// dropped lie in them too.
func (l *Ledger) AllBlocks(ctx context.Context, campaign string) ([]string, error) {
	names, err := l.Redis.SMembers(ctx, blocksKey(campaign)).Result()
	if err != nil {
		return nil, fmt.Errorf("blocks of %s: %w", campaign, err)
	}
	slices.Sort(names)
	return names, nil
}

// Has says whether the edition has a block.
func (b *Blocks) Has(name string) bool { return b.hashes[name] != "" }

// Records reads one block's donor records and proves that they are the edition's.
func (l *Ledger) Records(ctx context.Context, b *Blocks, name string) ([]campaign.Record, error) {
	hash, ok := b.hashes[name]
	if !ok {
		return nil, fmt.Errorf("edition %.12s has no block %s", b.edition, name)
	}
	data, err := l.Redis.HGet(ctx, recordsKey(b.campaign), hash).Bytes()
	if err != nil {
		return nil, fmt.Errorf("block %s of edition %.12s: %w", name, b.edition, err)
	}
	return campaign.DecodeBlock(data, hash)
}

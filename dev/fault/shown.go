package main

import (
	"encoding/json"
	"fmt"

	"outreach.example/letter"
)

// shown is which letters `outreach status --json` lists as in doubt.
func (l *lab) shown() (map[letter.ID]bool, error) {
	out, _, err := l.run("status", campaignName, "--json")
	if err != nil {
		return nil, err
	}
	var s struct {
		Doubts []struct {
			Letter string `json:"letter"`
		} `json:"doubts"`
	}
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		return nil, fmt.Errorf("status --json: %w", err)
	}
	listed := map[letter.ID]bool{}
	for _, d := range s.Doubts {
		id, err := letter.ParseID(d.Letter)
		if err != nil {
			return nil, fmt.Errorf("status --json: %w", err)
		}
		listed[id] = true
	}
	return listed, nil
}

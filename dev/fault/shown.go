package main

import (
	"encoding/json"
	"fmt"

	"outreach.example/letter"
)

// shown is which letters `outreach status --json` lists as in doubt.
func (l *lab) shown() (map[letter.ID]bool, int, error) {
	out, _, err := l.run("status", campaignName, "--json")
	if err != nil {
		return nil, 0, err
	}
	var s struct {
		Doubts []struct {
			Letter string `json:"letter"`
		} `json:"doubts"`
		Steps []struct {
			Step    string `json:"step"`
			InDoubt int    `json:"in_doubt"`
		} `json:"steps"`
	}
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		return nil, 0, fmt.Errorf("status --json: %w", err)
	}
	if s.Doubts == nil {
		n := 0
		for _, step := range s.Steps {
			n += step.InDoubt
		}
		return nil, n, nil
	}
	listed := map[letter.ID]bool{}
	for _, d := range s.Doubts {
		id, err := letter.ParseID(d.Letter)
		if err != nil {
			return nil, 0, fmt.Errorf("status --json: %w", err)
		}
		listed[id] = true
	}
	return listed, len(listed), nil
}

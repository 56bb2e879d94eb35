package main

import (
	"slices"
	"strings"
	"testing"
)

// TestShortRunHasEveryFault: what every change goes through has all layers, and each fault by its name.
func TestShortRunHasEveryFault(t *testing.T) {
	short, err := choose(false, "")
	if err != nil {
		t.Fatal(err)
	}
	missing, left := unexercised(short, false)
	if left = slices.DeleteFunc(left, func(id string) bool { return !slices.Contains(wanted, id) }); len(missing)+len(left) > 0 {
		t.Errorf("missing %v, only with --all %v", missing, left)
	}
	for _, layer := range layers {
		if !slices.ContainsFunc(short, func(s scenario) bool { return s.layer == layer }) {
			t.Errorf("nothing of the layer %s", layer)
		}
	}
	all, err := choose(true, "")
	if err != nil {
		t.Fatal(err)
	}
	if missing, left := unexercised(all, true); len(missing)+len(left) > 0 {
		t.Errorf("with --all: missing %v, left %v", missing, left)
	}
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		all        bool
		only, want string
	}{
		{false, "f03, F17,F03", "F03 F17"},
		{false, "model", "M1 M2 M3"},
		{false, "cuts,M1", "B1 B2 M1"},
		{false, "S1", "S1"}, // by its name also what only a long run has
		{false, "F99", "--only F99: there is no such fault or layer"},
	} {
		chosen, err := choose(c.all, c.only)
		var got []string
		for _, s := range chosen {
			got = append(got, s.id)
		}
		if err != nil {
			got = []string{err.Error()}
		}
		if s := strings.Join(got, " "); !strings.HasPrefix(s, c.want) || err == nil && s != c.want {
			t.Errorf("--only %s: %s, not %s", c.only, s, c.want)
		}
	}
	short, _ := choose(false, layerProcesses)
	if slices.ContainsFunc(short, func(s scenario) bool { return s.id == "S1" || s.layer != layerProcesses }) {
		t.Error("a layer is more than what a short run has of it")
	}
}

// TestSum: the last line counts real letters, and hides no loss of another layer.
func TestSum(t *testing.T) {
	var r report
	r.add(outcome{Layer: layerModel, Seeds: 7, Times: 9, Letters: 1000, Lost: 1, Doubt: 3, Shown: 3})
	r.add(outcome{Layer: layerCuts, Times: 5, Letters: 10, Twice: 2, Doubt: 4})
	r.add(outcome{Layer: layerProcesses, Times: 2, Letters: 60, Doubt: 1, Shown: 1, Kinds: map[string]int{"kill -9 of a worker": 2}})
	if r.Letters != 60 || r.Faults != 2 || r.Kills != 2 || r.Doubt != 1 || r.Shown != 1 || r.Seeds != 7 || r.Bytes != 5 {
		t.Errorf("%+v", r)
	}
	if r.Lost != 1 || r.Twice != 2 || r.well() {
		t.Errorf("lost %d, twice %d, well %v", r.Lost, r.Twice, r.well())
	}
}

// Package letter is what travels: the id of a letter, its content, its envelope, the bytes it is sealed to, and the
// words for what became of it. It knows no texts and speaks no SMTP.
package letter

import (
	"fmt"
	"strings"
)

// An ID names one letter for ever: one step of one campaign to one donor.
type ID struct{ Campaign, Donor, Step string }

// String is campaign/donor/step, for example resilience/KEN/appeal.
func (id ID) String() string { return id.Campaign + "/" + id.Donor + "/" + id.Step }

// ParseID reads what String writes.
func ParseID(s string) (ID, error) {
	p := strings.Split(s, "/")
	if len(p) != 3 || p[0] == "" || p[1] == "" || p[2] == "" {
		return ID{}, fmt.Errorf("%q is not a letter (expected campaign/donor/step, for example resilience/KEN/appeal)", s)
	}
	return ID{p[0], p[1], p[2]}, nil
}

// A Block is about 100 donors of one State (or of none) whose letters of one step are queued and stored together.
type Block struct{ Campaign, Step, Name string }

// String is campaign.step.block, the stem of a task's id.
func (b Block) String() string { return b.Campaign + "." + b.Step + "." + b.Name }

package console

import (
	"fmt"
	"slices"
	"strings"

	"outreach.example/ledger"
)

// Roles are what a person can be, in the order in which they are shown. Somebody may have several.
var Roles = []string{"viewer", "editor", "approver", "operator", "admin"}

// RoleMeans says in a sentence what a role is for.
var RoleMeans = map[string]string{
	"viewer":   "sees everything and decides nothing",
	"editor":   "writes: plans, records answers, holds, starts what was approved",
	"approver": "releases what others wrote, and settles doubts",
	"operator": "starts, pauses and cancels campaigns, and frees relays",
	"admin":    "says who may sign in, and as what",
}

// An Act is something that a role may do or not.
type Act string

// The acts.
const (
	See     Act = "see"     // read any page
	Write   Act = "write"   // plan, import, edit
	Record  Act = "record"  // answers and notes of a case
	Hold    Act = "hold"    // hold and release donors, groups, regions
	Approve Act = "approve" // editions, and letters that wait for a person
	Start   Act = "start"   // start, resume, cancel, and undo a start
	Pause   Act = "pause"   // stop a campaign at once
	Resolve Act = "resolve" // settle a doubt
	Operate Act = "operate" // relays and queue
	Admit   Act = "admit"   // people and roles
)

// allowed is the whole table: what is not in it is denied.
var allowed = map[Act][]string{
	See:     Roles,
	Write:   {"editor"},
	Record:  {"editor", "approver"},
	Hold:    {"editor", "approver"},
	Approve: {"approver"},
	Start:   {"editor", "operator"},
	Pause:   {"editor", "approver", "operator"},
	Resolve: {"approver"},
	Operate: {"operator"},
	Admit:   {"admin"},
}

// May says whether a person may do something.
func May(p ledger.Account, act Act) bool {
	return slices.ContainsFunc(p.Roles, func(r string) bool { return slices.Contains(allowed[act], r) })
}

// ParseRoles reads roles separated by commas, in any order, each once.
func ParseRoles(s string) ([]string, error) {
	var got []string
	for word := range strings.SplitSeq(s, ",") {
		word = strings.ToLower(strings.TrimSpace(word))
		if !slices.Contains(Roles, word) {
			return nil, fmt.Errorf("%q is no role (there are: %s)", word, strings.Join(Roles, ", "))
		}
		got = append(got, word)
	}
	return slices.DeleteFunc(slices.Clone(Roles), func(r string) bool { return !slices.Contains(got, r) }), nil
}

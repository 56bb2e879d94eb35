package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A TaskKind is what a person is asked to do.
type TaskKind string

// The kinds of tasks. Each is open at most once for a donor in a campaign.
const (
	TaskCall      TaskKind = "call"      // the last reminder has no answer: telephone
	TaskAddress   TaskKind = "address"   // a letter came back: find another address
	TaskUnclear   TaskKind = "unclear"   // a mail that nobody but a person can sort; letters wait for it
	TaskMeeting   TaskKind = "meeting"   // a meeting was asked for
	TaskComplaint TaskKind = "complaint" // somebody complained of our mail
	TaskCanary    TaskKind = "canary"    // a letter that others wait for did not arrive as it should
)

// A Task waits for a person. Its id is CAMPAIGN/DONOR/KIND.
type Task struct {
	ID       string    `json:"id"`
	Campaign string    `json:"campaign"`
	Donor    string    `json:"donor"`
	Kind     TaskKind  `json:"kind"`
	Open     bool      `json:"open"`
	Opened   time.Time `json:"opened"`
	By       string    `json:"by"`  // who or what brought it about
	Due      time.Time `json:"due"` // when a person should look
	Why      string    `json:"why"`
	Taken    time.Time `json:"taken,omitzero"`
	TakenBy  string    `json:"taken_by,omitempty"`
	Closed   time.Time `json:"closed,omitzero"`
	ClosedBy string    `json:"closed_by,omitempty"`
	Word     string    `json:"word,omitempty"` // with which it was closed
}

// Tasks lists the tasks of all campaigns, open and closed, the ones to be done first coming first. A campaign or a donor
// that is named leaves the others out.
func (l *Ledger) Tasks(ctx context.Context, campaign, donor string) ([]Task, error) {
	all, err := l.Redis.HGetAll(ctx, tasksKey()).Result()
	if err != nil {
		return nil, fmt.Errorf("tasks: %w", err)
	}
	var out []Task
	for id, v := range all {
		if strings.HasPrefix(id, ".") {
			continue
		}
		t, ok := readTask(id, v)
		if !ok {
			return nil, fmt.Errorf("task %s: %q is none", id, v)
		}
		if (campaign == "" || t.Campaign == campaign) && (donor == "" || t.Donor == donor) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(x, y Task) int {
		if x.Open != y.Open {
			if x.Open {
				return -1
			}
			return 1
		}
		return cmp.Or(x.Due.Compare(y.Due), strings.Compare(x.ID, y.ID))
	})
	return out, nil
}

// OpenTasks is how many tasks of a campaign are open.
func (l *Ledger) OpenTasks(ctx context.Context, campaign string) (int, error) {
	n, err := l.Redis.HGet(ctx, tasksKey(), "."+campaign).Int()
	if err != nil && !isNil(err) {
		return 0, fmt.Errorf("tasks of %s: %w", campaign, err)
	}
	return n, nil
}

func readTask(id, v string) (Task, bool) {
	p, of := strings.Split(v, "\n"), strings.Split(id, "/")
	if len(p) != 10 || len(of) != 3 {
		return Task{}, false
	}
	return Task{
		ID: id, Campaign: of[0], Donor: of[1], Kind: TaskKind(of[2]), Open: p[0] == "O", Opened: fromMS(p[1]), By: p[2],
		Due: fromMS(p[3]), Taken: fromMS(p[4]), TakenBy: p[5], Closed: fromMS(p[6]), ClosedBy: p[7], Word: p[8], Why: p[9],
	}, true
}

// TakeTask says who does a task. Again says that it was so already.
func (l *Ledger) TakeTask(ctx context.Context, who, id string) (again bool, err error) {
	return l.task(ctx, who, "take", id, "")
}

// CloseTask closes a task with a word on how it went. Again says that it was closed already.
func (l *Ledger) CloseTask(ctx context.Context, who, id, word string) (again bool, err error) {
	return l.task(ctx, who, "close", id, oneLine(word))
}

func (l *Ledger) task(ctx context.Context, who, verb, id, word string) (bool, error) {
	got, err := l.strings(ctx, "task", []string{metaKey(), auditKey(), tasksKey()}, who, verb, id, word)
	if err != nil {
		return false, err
	}
	switch got[0] {
	case "none":
		return false, Refusal("there is no task " + id + "; type: outreach tasks")
	case "closed":
		return false, Refusal(fmt.Sprintf("task %s was closed by %s: %s", id, got[1], got[2]))
	case "taken":
		return false, Refusal(fmt.Sprintf("task %s was taken by %s; ask them, or close it yourself: outreach tasks done %s --note HOW", id, got[1], id))
	}
	return got[0] == "again", nil
}

// NameOf is the declared name in "name (account)": who somebody is does not depend on the machine they sit at.
func NameOf(who string) string {
	name, _, _ := strings.Cut(who, " (")
	return name
}

package relay_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"outreach.example/letter"
	"outreach.example/relay"
	"outreach.example/relay/relaytest"
)

// TestRcptRefusals: who was refused, and how, decides what leaves.
func TestRcptRefusals(t *testing.T) {
	for _, tc := range []struct {
		name     string
		to       string
		cc       []string
		registry string
		attempt  relay.Attempt
		want     letter.Verdict
		taken    []string
	}{
		{"all taken", "a@m.example", []string{"b@m.example"}, "reg@iom.example", relay.Attempt{},
			letter.Verdict{Outcome: letter.Accepted, Stage: letter.StageDot, Code: 250, Enhanced: "2.0.0"}, []string{"a@m.example", "b@m.example", "reg@iom.example"}},
		{"no registry", "a@m.example", nil, "", relay.Attempt{},
			letter.Verdict{Outcome: letter.Accepted, Stage: letter.StageDot, Code: 250, Enhanced: "2.0.0"}, []string{"a@m.example"}},
		{"To refused", "refuse@m.example", []string{"b@m.example"}, "reg@iom.example", relay.Attempt{},
			letter.Verdict{Outcome: letter.Refused5xx, Stage: letter.StageRcptTo, Code: 550, Enhanced: "5.1.1", Text: "no such mailbox"}, nil},
		{"To deferred", "tempfail@m.example", nil, "reg@iom.example", relay.Attempt{},
			letter.Verdict{Outcome: letter.Deferred, Stage: letter.StageRcptTo, Code: 451, Enhanced: "4.3.0", Text: "come back later"}, nil},
		{"copy refused", "a@m.example", []string{"b@m.example", "refuse@m.example"}, "reg@iom.example", relay.Attempt{},
			letter.Verdict{Outcome: letter.Accepted, Stage: letter.StageDot, Code: 250, Enhanced: "2.0.0", LeftOut: []int{1}}, []string{"a@m.example", "b@m.example", "reg@iom.example"}},
		{"copy deferred first", "a@m.example", []string{"tempfail@m.example", "b@m.example"}, "reg@iom.example", relay.Attempt{},
			letter.Verdict{Outcome: letter.Deferred, Stage: letter.StageRcptCc, Code: 451, Enhanced: "4.3.0", Text: "come back later", DeferredCc: []int{0}}, nil},
		{"copy deferred again", "a@m.example", []string{"tempfail@m.example", "b@m.example"}, "reg@iom.example", relay.Attempt{DeferredCc: []int{0}},
			letter.Verdict{Outcome: letter.Accepted, Stage: letter.StageDot, Code: 250, Enhanced: "2.0.0", LeftOut: []int{0}}, []string{"a@m.example", "b@m.example", "reg@iom.example"}},
		{"one copy again, one first", "a@m.example", []string{"tempfail@m.example", "tempfail+2@m.example"}, "reg@iom.example", relay.Attempt{DeferredCc: []int{0}},
			letter.Verdict{Outcome: letter.Deferred, Stage: letter.StageRcptCc, Code: 451, Enhanced: "4.3.0", Text: "come back later; copy 1: 451 4.3.0 come back later", DeferredCc: []int{1}}, nil},
		{"To and copy deferred", "tempfail@m.example", []string{"tempfail@m.example"}, "reg@iom.example", relay.Attempt{},
			letter.Verdict{Outcome: letter.Deferred, Stage: letter.StageRcptTo, Code: 451, Enhanced: "4.3.0", Text: "come back later; copy 1: 451 4.3.0 come back later", DeferredCc: []int{0}}, nil},
		{"To refused, copy deferred", "refuse@m.example", []string{"tempfail@m.example"}, "reg@iom.example", relay.Attempt{},
			letter.Verdict{Outcome: letter.Refused5xx, Stage: letter.StageRcptTo, Code: 550, Enhanced: "5.1.1", Text: "no such mailbox; copy 1: 451 4.3.0 come back later"}, nil},
		{"registry refused", "a@m.example", []string{"b@m.example"}, "refuse@iom.example", relay.Attempt{},
			letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageRcptRegistry, Code: 550, Enhanced: "5.1.1", Text: "the relay refuses the registry copy: no such mailbox", Retry: 15 * time.Minute}, nil},
		{"registry deferred", "a@m.example", nil, "tempfail@iom.example", relay.Attempt{},
			letter.Verdict{Outcome: letter.Deferred, Stage: letter.StageRcptRegistry, Code: 451, Enhanced: "4.3.0", Text: "come back later"}, nil},
		{"only the registry taken", "refuse@m.example", nil, "reg@iom.example", relay.Attempt{},
			letter.Verdict{Outcome: letter.Refused5xx, Stage: letter.StageRcptTo, Code: 550, Enhanced: "5.1.1", Text: "no such mailbox"}, nil},
		{"hung up at RCPT", "hangup@m.example", nil, "reg@iom.example", relay.Attempt{},
			letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageRcptTo}, nil},
		{"deferred after the dot", "dot-tempfail@m.example", nil, "reg@iom.example", relay.Attempt{},
			letter.Verdict{Outcome: letter.Deferred, Stage: letter.StageDot, Code: 451, Enhanced: "4.3.0", Text: "not now"}, nil},
		{"refused after the dot", "dot-refuse@m.example", nil, "reg@iom.example", relay.Attempt{},
			letter.Verdict{Outcome: letter.Refused5xx, Stage: letter.StageDot, Code: 554, Enhanced: "5.7.1", Text: "content refused", Standing: true}, nil},
		{"hung up after it was taken", "dot-hangup@m.example", nil, "reg@iom.example", relay.Attempt{},
			letter.Verdict{Outcome: letter.Doubtful, Stage: letter.StageDot}, []string{"dot-hangup@m.example", "reg@iom.example"}},
		{"hung up before it was taken", "dot-drop@m.example", nil, "reg@iom.example", relay.Attempt{},
			letter.Verdict{Outcome: letter.Doubtful, Stage: letter.StageDot}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := relaytest.Start(t, relaytest.Options{})
			r := open(t, s.URL(), 1, quick)
			l := sealed(tc.to, tc.cc...)
			l.Envelope.Registry = tc.registry
			got := r.Deliver(t.Context(), l, tc.attempt, granted)
			if tc.want.Text == "" { // the server's own words
				got.Text = ""
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			var taken []string
			for _, l := range s.Letters() {
				taken = append(taken, l.To...)
			}
			if diff := cmp.Diff(tc.taken, taken); diff != "" {
				t.Error(diff)
			}
			// Whatever happened, the next letter goes out whole.
			if v := r.Deliver(t.Context(), sealed("next@m.example"), relay.Attempt{}, granted); v.Outcome != letter.Accepted {
				t.Errorf("the next letter: %+v", v)
			}
		})
	}
}

package letter

import (
	"strings"
	"testing"
)

// TestMessageID: one letter has one Message-ID for ever, and odd characters never make it two or none.
func TestMessageID(t *testing.T) {
	for _, tc := range []struct {
		name string
		id   ID
		want string
	}{
		{"State", ID{"resilience", "KEN", "appeal"}, "<resilience.KEN.appeal.HASH@iom.example>"},
		{"odd characters", ID{"rés", "a b<>@", "x\r\n"}, "<r--s.a-b---.x--.HASH@iom.example>"},
		{"long", ID{strings.Repeat("c", 99), "d", "s"}, "<" + strings.Repeat("c", 32) + ".d.s.HASH@iom.example>"},
		{"empty", ID{}, "<-.-.-.HASH@iom.example>"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := MessageID(tc.id, "iom.example")
			if again := MessageID(tc.id, "iom.example"); again != got {
				t.Errorf("%s, then %s", got, again)
			}
			if err := checkMessageID(got); err != nil {
				t.Error(err)
			}
			before, after, _ := strings.Cut(tc.want, "HASH")
			if !strings.HasPrefix(got, before) || !strings.HasSuffix(got, after) || len(got) != len(before)+16+len(after) {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
	if a, b := MessageID(ID{"a", "b.c", "d"}, "x.example"), MessageID(ID{"a.b", "c", "d"}, "x.example"); a == b {
		t.Error("two letters share a Message-ID")
	}
	// Reminders of campaigns that run refer to it: this value never changes.
	if got := MessageID(ID{"resilience", "KEN", "appeal"}, "iom.example"); got != "<resilience.KEN.appeal.27fac5288646a637@iom.example>" {
		t.Errorf("the Message-ID of a letter has changed: %s", got)
	}
}

package donor

import (
	"fmt"
	"strings"
	"testing"
)

// A donor has at most sixteen contacts, and the first row too many is named.
func TestTooManyContacts(t *testing.T) {
	var b strings.Builder
	b.WriteString("donor,email,rank\n")
	for i := range 18 {
		fmt.Fprintf(&b, "KEN,copy%d@ken.example,office\n", i)
	}
	_, faults := Read(folder(map[string]string{"contacts.csv": b.String()}), testDay)
	want := "contacts.csv:18: KEN has more than 16 contacts: one gets the letter and at most 15 a copy; remove some"
	if got := faults.Error(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

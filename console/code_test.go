package console

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The codes are those of RFC 6238, appendix B, cut to six digits.
func TestCodes(t *testing.T) {
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := codeAt([]byte("12345678901234567890"), at/codeStep); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

// Who has a second factor signs in with both, each code once; without the code the answer is that to a wrong password.
func TestSecondFactor(t *testing.T) {
	o := openOffice(t, plainAddress)
	b := o.as("approver")
	w := b.post("/account/code", "do", "begin")
	secret := regexp.MustCompile(`secret=([A-Z2-7]{32})`).FindStringSubmatch(w.Body.String())
	if secret == nil {
		t.Fatalf("no secret: %s", said(w))
	}
	code := func() string {
		key, err := codeText.DecodeString(secret[1])
		if err != nil {
			t.Fatal(err)
		}
		return codeAt(key, o.now.Unix()/codeStep)
	}
	if w := b.post("/account/code", "do", "confirm", "code", "000000x"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("confirmed with a wrong code: %d", w.Code)
	}
	if p, _, _ := o.c.Ledger.Person(t.Context(), "approver"); p.Secret != "" {
		t.Fatal("set up without a code")
	}
	if w := b.post("/account/code", "do", "confirm", "code", code()); w.Code != http.StatusSeeOther {
		t.Fatalf("confirmed: %d %s", w.Code, said(w))
	}
	try := func(password, code string) int {
		t.Helper()
		w := o.browser().do(http.MethodPost, "/sign-in", url.Values{"name": {"approver"}, "password": {password}, "code": {code}})
		if w.Code != http.StatusSeeOther && !strings.Contains(said(w), wrong) {
			t.Errorf("says %q", said(w))
		}
		return w.Code
	}
	if got := try(right, code()); got != http.StatusUnprocessableEntity {
		t.Errorf("the code that was used to set it up: %d", got)
	}
	o.now = o.now.Add(2 * codeStep * time.Second)
	for name, tt := range map[string][2]string{"without a code": {right, ""}, "with a wrong one": {right, "12345"}, "with the code alone": {"not the password at all", code()}} {
		if got := try(tt[0], tt[1]); got != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, got)
		}
	}
	if got := try(right, code()[:3]+" "+code()[3:]); got != http.StatusSeeOther {
		t.Errorf("with both: %d", got)
	}
	if got := try(right, code()); got != http.StatusUnprocessableEntity {
		t.Errorf("the same code again: %d", got)
	}
	// An admin helps who has lost the phone.
	if w := o.as("admin").post("/people/approver", "do", "reset"); w.Code != http.StatusOK {
		t.Errorf("reset: %d", w.Code)
	}
	if p, _, _ := o.c.Ledger.Person(t.Context(), "approver"); p.Secret != "" || p.Password != "" {
		t.Errorf("after the reset: %+v", p)
	}
	entries, err := o.c.Ledger.Audit(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.Contains(e.Body+e.What, secret[1]) {
			t.Error("the audit tells the secret")
		}
	}
}

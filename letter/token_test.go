package letter

import (
	"errors"
	"strings"
	"testing"
)

var tokenKeys = TokenKeys{[]byte(strings.Repeat("k", 32))}

// TestTokenNamesItsLetter: what is signed is read back, whatever a mail system did to its case, and it is of no other letter.
func TestTokenNamesItsLetter(t *testing.T) {
	for _, tc := range []struct {
		id         ID
		generation int
		whole      bool
	}{
		{ID{"resilience", "KEN", "reminder-1"}, 0, true},
		{ID{"resilience", "KEN", "appeal"}, 300, true},
		{ID{"c", "P00000001", "appeal"}, 1, true},
		{ID{strings.Repeat("c", 32), strings.Repeat("d", 40), strings.Repeat("s", 24)}, maxGeneration, false},
	} {
		s, err := tokenKeys.Token(ReturnToken, tc.id, tc.generation)
		if err != nil {
			t.Fatal(err)
		}
		if len(s) > TokenLength {
			t.Errorf("%s: %d characters", tc.id, len(s))
		}
		for _, spelt := range []string{s, strings.ToUpper(s)} {
			got, err := tokenKeys.Read(ReturnToken, spelt)
			if err != nil {
				t.Fatalf("%s: %v", tc.id, err)
			}
			donor, whole := got.Donor()
			if !got.Names(tc.id) || !got.OfCampaign(tc.id.Campaign) || !got.OfStep(tc.id.Step) || got.Generation != tc.generation ||
				whole != tc.whole || whole && donor != tc.id.Donor {
				t.Errorf("%s: %+v", tc.id, got)
			}
			for _, other := range []ID{{"x", tc.id.Donor, tc.id.Step}, {tc.id.Campaign, tc.id.Donor + "x", tc.id.Step}, {tc.id.Campaign, tc.id.Donor, "x"}} {
				if got.Names(other) {
					t.Errorf("the token of %s names %s", tc.id, other)
				}
			}
		}
	}
}

// TestTokenRefuses: another key, another kind, a changed or cut token, and what is none, all get one answer.
func TestTokenRefuses(t *testing.T) {
	id := ID{"resilience", "KEN", "appeal"}
	s, err := tokenKeys.Token(ReturnToken, id, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s {
		for _, c := range "a2z" {
			if changed := s[:i] + string(c) + s[i+1:]; changed != s {
				if _, err := tokenKeys.Read(ReturnToken, changed); !errors.Is(err, ErrToken) {
					t.Errorf("%s for %s: %v", changed, s, err)
				}
			}
		}
		if _, err := tokenKeys.Read(ReturnToken, s[:i]); !errors.Is(err, ErrToken) {
			t.Errorf("%s: %v", s[:i], err)
		}
	}
	if _, err := tokenKeys.Read(OptOutToken, s); !errors.Is(err, ErrToken) {
		t.Errorf("a token of the return path opts out: %v", err)
	}
	other := TokenKeys{[]byte(strings.Repeat("o", 32))}
	if _, err := other.Read(ReturnToken, s); !errors.Is(err, ErrToken) {
		t.Errorf("another key: %v", err)
	}
	if _, err := append(other, tokenKeys...).Read(ReturnToken, s); err != nil {
		t.Errorf("the key before: %v", err)
	}
	if _, err := (TokenKeys)(nil).Read(ReturnToken, s); !errors.Is(err, ErrToken) {
		t.Errorf("no key: %v", err)
	}
}

func TestReturnPath(t *testing.T) {
	s, err := tokenKeys.Token(ReturnToken, ID{strings.Repeat("c", 32), strings.Repeat("d", 40), "appeal"}, maxGeneration)
	if err != nil {
		t.Fatal(err)
	}
	longest := strings.Repeat("r", ReturnLocal) + "@iom.example"
	path, err := ReturnPath(longest, s)
	if err != nil {
		t.Fatal(err)
	}
	if local, _, _ := strings.Cut(path, "@"); len(local) > 64 {
		t.Errorf("%d octets before the @", len(local))
	}
	if _, err := asciiAddress(path); err != nil {
		t.Error(err)
	}
	if plain, token, ok := SplitReturnPath(path); !ok || plain != longest || token != s {
		t.Errorf("%s, %s, %v", plain, token, ok)
	}
	for _, tc := range []struct{ address, want string }{
		{strings.Repeat("r", ReturnLocal+1) + "@iom.example", `"rrrrrrrrrrrrrrrrr@iom.example" has 17 characters before the @, and a signed return path leaves room for 16: give a shorter return_path`},
		{"nobody", `"nobody" is not an address (expected name@domain)`},
	} {
		if _, err := ReturnPath(tc.address, s); err == nil || err.Error() != tc.want {
			t.Errorf("%s: %v", tc.address, err)
		}
	}
	for _, a := range []string{"", "@", "a@b", "+a@b", "a+@b"} {
		if _, _, ok := SplitReturnPath(a); ok {
			t.Errorf("%q has a token", a)
		}
	}
}

func TestParseTokenKeys(t *testing.T) {
	one, two := strings.Repeat("1", 32), strings.Repeat("2", 64)
	keys, err := ParseTokenKeys("# newest first\n\n" + one + "\r\n " + two + "\n")
	if err != nil || len(keys) != 2 || string(keys[0]) != one || string(keys[1]) != two {
		t.Errorf("%q, %v", keys, err)
	}
	for _, tc := range []struct{ text, want string }{
		{"", "there is no key; make one with: openssl rand -hex 32"},
		{one + "\nshort\n", "key 2 has 5 characters, and fewer than 32 can be guessed; make one with: openssl rand -hex 32"},
	} {
		if _, err := ParseTokenKeys(tc.text); err == nil || err.Error() != tc.want {
			t.Errorf("%q: %v", tc.text, err)
		}
	}
}

// What is read was signed, and is written the same way again.
func FuzzReadToken(f *testing.F) {
	for _, id := range []ID{{"resilience", "KEN", "appeal"}, {"c", strings.Repeat("d", 40), "s"}} {
		s, err := tokenKeys.Token(ReturnToken, id, 1)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(s)
		f.Add(strings.ToUpper(s))
		f.Add(s[:len(s)-1])
	}
	f.Add("returns+abc@iom.example")
	f.Fuzz(func(t *testing.T, s string) {
		_, token, _ := SplitReturnPath(s)
		for _, s := range []string{s, token} {
			got, err := tokenKeys.Read(ReturnToken, s)
			if err != nil {
				continue
			}
			id := ID{"resilience", "KEN", "appeal"}
			if donor, ok := got.Donor(); !ok {
				id = ID{"c", strings.Repeat("d", 40), "s"}
			} else {
				id.Donor = donor
			}
			again, err := tokenKeys.Token(ReturnToken, id, got.Generation)
			if err != nil || !strings.EqualFold(again, s) {
				t.Errorf("%s was never signed: it is of generation %d, %v", s, got.Generation, err)
			}
		}
	})
}

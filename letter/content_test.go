package letter

import (
	"reflect"
	"testing"

	"outreach.example/donor"
)

// TestHashCoversEveryField: no field can change without the hash, also not one that is added later.
func TestHashCoversEveryField(t *testing.T) {
	before := reminder().Hash()
	if again := reminder().Hash(); again != before {
		t.Fatal("two equal contents have two hashes")
	}
	var walk func(name string, get func(*Content) reflect.Value)
	walk = func(name string, get func(*Content) reflect.Value) {
		c := reminder()
		switch v := get(c); v.Kind() {
		case reflect.String:
			v.SetString(v.String() + "x")
		case reflect.Bool:
			v.SetBool(!v.Bool())
		case reflect.Slice:
			v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
		case reflect.Struct:
			for i := range v.NumField() {
				walk(name+"."+v.Type().Field(i).Name, func(c *Content) reflect.Value { return get(c).Field(i) })
			}
			return
		default:
			t.Fatalf("%s: this test does not know how to change a %s", name, v.Kind())
		}
		if c.Hash() == before {
			t.Errorf("%s is not in the hash", name)
		}
	}
	walk("Content", func(c *Content) reflect.Value { return reflect.ValueOf(c).Elem() })
}

// TestHashKeepsFieldsApart: text that moves from one field into the next is another content.
func TestHashKeepsFieldsApart(t *testing.T) {
	for _, tc := range []struct {
		name string
		a, b Content
	}{
		{"text and HTML", Content{Text: "ab", HTML: "c"}, Content{Text: "a", HTML: "bc"}},
		{"subject and text", Content{Subject: "ab"}, Content{Text: "ab"}},
		{"copies and references", Content{Cc: []donor.Mailbox{{}}}, Content{References: []string{"", ""}}},
		{"opt-out and attachment", Content{OptOut: OptOut{Address: "x"}}, Content{Attachment: Attachment{Name: "mail", Hash: "x"}}},
		{"ways to opt out", Content{OptOut: OptOut{Web: true, Address: "x"}}, Content{OptOut: OptOut{Address: "x"}}},
		{"one reference or two", Content{References: []string{"a", "b"}}, Content{References: []string{"ab"}}},
		{"name and address", Content{To: donor.Mailbox{Name: "a", Address: "b"}}, Content{To: donor.Mailbox{Name: "ab"}}},
	} {
		if tc.a.Hash() == tc.b.Hash() {
			t.Error(tc.name)
		}
	}
}

// TestHashOfEarlierLetters: a letter that was approved before a field was added has the hash that it was approved with.
func TestHashOfEarlierLetters(t *testing.T) {
	const want = "69d6e2693e6343a77045b8015ae5a6fcfa00f1d45ac8818e373390b2c5f37bda"
	if got := reminder().Hash(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

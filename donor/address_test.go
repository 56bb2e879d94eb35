package donor

import (
	"net/mail"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	long := strings.Repeat("a", 60) + "." + strings.Repeat("b", 63) + "." + strings.Repeat("c", 63) + ".example"
	for _, c := range []struct{ name, address, want string }{
		{"plain", "mission@ken.example", "mission@ken.example"},
		{"domain in small letters, name as written", "Mission.Geneva@KEN.Mission.Example", "Mission.Geneva@ken.mission.example"},
		{"signs that mailboxes have", "o'hara+un_2026=x@ken.example", "o'hara+un_2026=x@ken.example"},
		{"longest", strings.Repeat("l", 54) + "@" + long, strings.Repeat("l", 54) + "@" + long},
		{"other letters in the domain", "mission@bücher.example", "mission@xn--bcher-kva.example"},
		{"composed the other way", "mission@bu\u0308cher.example", "mission@xn--bcher-kva.example"},
		{"the same in ASCII", "mission@XN--BCHER-KVA.example", "mission@xn--bcher-kva.example"},
		{"one other script", "mission@президент.example", "mission@xn--d1abbgf6aiiy.example"},
		{"scripts of one language", "mission@東京タワー.example", "mission@xn--5ck2eqb538s34z.example"},

		{"none", "", `no address: write one, for example mission@ken.example`},
		{"two", "a@ken.example, b@ken.example", `"a@ken.example, b@ken.example" is more than one address: give each a row of its own`},
		{"two without a space", "a@ken.example;b@ken.example", `"a@ken.example;b@ken.example" is more than one address: give each a row of its own`},
		{"space inside", "mis sion@ken.example", `"mis sion@ken.example" has a space in it (U+0020): remove it`},
		{"space around", " mission@ken.example", `" mission@ken.example" has a space in it (U+0020): remove it`},
		{"space that does not break", "mission@ken.example\u00a0", `"mission@ken.example\u00a0" has a space in it (U+00A0): remove it`},
		{"no @", "mission.ken.example", `"mission.ken.example" has no @: an address is name@domain`},
		{"two @", "mission@@ken.example", `"mission@@ken.example" has 2 @: an address has one`},
		{"nothing before", "@ken.example", `"@ken.example" has nothing before the @`},
		{"missing domain", "mission@", `"mission@" has no domain after the @`},
		{"domain without a dot", "mission@localhost", `"mission@localhost" has no dot after the @: write the whole domain, for example ken.example`},
		{"double dot before", "mis..sion@ken.example", `"mis..sion@ken.example" has two dots in a row before the @: remove one`},
		{"double dot after", "mission@ken..example", `"mission@ken..example" has two dots in a row after the @: remove one`},
		{"double ideographic dot", "mission@ké。。example", `"mission@ké。。example" has two dots in a row after the @: remove one`},
		{"leading dot", ".mission@ken.example", `".mission@ken.example" has a dot at the beginning before the @: remove it`},
		{"trailing dot", "mission@ken.example.", `"mission@ken.example." has a dot at the end after the @: remove it`},
		{"too long", strings.Repeat("l", 64) + "@" + long, `"llllllllllllllllllllllllllllllllllllllll..." is 261 bytes long: an address has no more than 254`},
		{"too long before the @", strings.Repeat("l", 65) + "@ken.example", `"llllllllllllllllllllllllllllllllllllllll..." has 65 bytes before the @: no more than 64 are allowed`},
		{"too long between dots", "m@" + strings.Repeat("d", 64) + ".example", `"m@dddddddddddddddddddddddddddddddddddddd..." has 64 letters between two dots of the domain: no more than 63 are allowed`},
		{"too long in ASCII", strings.Repeat("l", 50) + "@" + strings.Repeat("éa.", 46) + "example", `"llllllllllllllllllllllllllllllllllllllll..." is 518 bytes long once its domain is written in ASCII: an address has no more than 254`},
		{"IP literal", "mission@[192.0.2.1]", `"mission@[192.0.2.1]" names a machine by its number: write a domain`},
		{"IP without brackets", "mission@192.0.2.1", `"mission@192.0.2.1" names a machine by its number: write a domain`},
		{"hyphen", "mission@-ken.example", `"mission@-ken.example" has a hyphen at the beginning or the end of "-ken": remove it`},
		{"underscore in the domain", "mission@ke_n.example", `"mission@ke_n.example" has a '_' after the @: a domain has letters, digits, dots and hyphens`},
		{"display name with comma", "Alder, Ada <mission@ken.example>", `"Alder, Ada <mission@ken.example>" has a name or brackets around the address: write only "mission@ken.example"`},
		{"brackets", "<mission@ken.example>", `"<mission@ken.example>" has a name or brackets around the address: write only "mission@ken.example"`},
		{"quoted name", `"a b"@ken.example`, `"\"a b\"@ken.example" has a space in it (U+0020): remove it`},
		{"quotes", `"ab"@ken.example`, `"\"ab\"@ken.example" has a '"' before the @: remove it`},
		{"link", "mailto:mission@ken.example", `"mailto:mission@ken.example" has a ':' before the @: remove it`},
		{"SMTP parameter", "a@ken.example> NOTIFY=NEVER", `"a@ken.example> NOTIFY=NEVER" has a '>' in it: write only the address, nothing before or after it`},
		{"SMTP parameter without a bracket", "a@ken.example NOTIFY=NEVER", `"a@ken.example NOTIFY=NEVER" has a space in it (U+0020): remove it`},
		{"line break", "a@ken.example\r\nBcc: b@ken.example", `control character U+000D in the address "a@ken.example\r\nBcc: b@ken.example"`},
		{"nul", "a\x00@ken.example", `control character U+0000 in the address "a\x00@ken.example"`},
		{"line separator", "a\u2028@ken.example", `control character U+2028 in the address "a\u2028@ken.example"`},
		{"line break in disguise", "a%0d%0aBcc@ken.example", `"a%0d%0aBcc@ken.example" holds %0d, a line break in disguise: remove it`},
		{"not UTF-8", "a\xff@ken.example", `byte 0xFF, which is not UTF-8, in the address "a\xff@ken.example"`},
		{"right-to-left mark", "mission\u202e@ken.example", `invisible character U+202E in the address "mission\u202e@ken.example"`},
		{"zero width", "mis\u200bsion@ken.example", `invisible character U+200B in the address "mis\u200bsion@ken.example"`},
		{"filler", "mission@ken\u3164.example", `invisible character U+3164 in the address "mission@kenㅤ.example"`},
		{"other letters before the @", "andré@ken.example", `"andré@ken.example" has U+00E9 before the @, where not every mail server takes more than ASCII: ask for another address`},
		{"mixed scripts", "mission@kеn.example", `"mission@kеn.example" mixes letters of two scripts in "kеn" (U+0435): it may look like another domain, type it anew`},
		{"mixed scripts in ASCII", "mission@xn--kn-7kc.example", `"mission@xn--kn-7kc.example" mixes letters of two scripts in "kаn" (U+0430): it may look like another domain, type it anew`},
		{"homograph", "mission@аре.example", `"mission@аре.example" has a "аре" that looks Latin and is not (U+0430): it may look like another domain, type it anew`},
		{"no such domain", "mission@1א.example", `"mission@1א.example" has a domain that no registry would give out (from U+05D0 on): type it anew`},
		{"no such label", "mission@xn--0.example", `"mission@xn--0.example" has a domain that no registry would give out: type it anew`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseAddress(c.address)
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("%q\n got %s\nwant %s", c.address, got, c.want)
			}
		})
	}
}

// Whatever comes in: an address that is taken is one that mail programs read as that address and nothing else, and
// taking it again changes nothing; a refusal is one printable line.
func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{
		"mission@ken.example", "a@x> NOTIFY=NEVER", "Alder, Ada <mission@ken.example>", "m@bücher.example", "m@xn--kn-7kc.example",
		"a%0d%0a@ken.example", "m@[::1]", "mis\u200bsion@ken.example", "m@東京タワー.example", "m@a。b", "m@é..example", "\"a b\"@c.example",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseAddress(s)
		if err != nil {
			if text := err.Error(); strings.ContainsAny(text, "\r\n\x00\u2028") || len(text) > 1000 {
				t.Fatalf("the refusal of %q is no line: %q", s, text)
			}
			return
		}
		if again, err := ParseAddress(got); err != nil || again != got {
			t.Fatalf("%q became %q, and then %q, %v", s, got, again, err)
		}
		for _, r := range got {
			if r <= ' ' || r > '~' || strings.ContainsRune("<>\"(),:;[]\\", r) {
				t.Fatalf("%q became %q", s, got)
			}
		}
		if len(got) > maxAddress {
			t.Fatalf("%q became %d bytes", s, len(got))
		}
		parsed, err := mail.ParseAddress("<" + got + ">")
		if err != nil || parsed.Address != got {
			t.Fatalf("%q became %q, which is read as %v, %v", s, got, parsed, err)
		}
	})
}

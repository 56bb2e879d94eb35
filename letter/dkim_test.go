package letter

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"

	"outreach.example/donor"
)

var testKey = sync.OnceValue(func() []byte { return rsaPEM(2048) })

func rsaPEM(bits int) []byte {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

func signer(t testing.TB, domain string) *Signer {
	t.Helper()
	s, err := NewSigner(domain, "s2026", testKey())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// everything is a letter with every header that there is, and a file.
func everything(t testing.TB) (*Sealer, *Content, Occasion) {
	c := reminder()
	c.Cc = appeal().Cc
	c.OptOut = OptOut{Web: true, Address: "opt&out@iom.example"}
	c.Attachment = Attachment{Name: "resilience-CIV.fr.pdf", Hash: strings.Repeat("0", 64)}
	s := &Sealer{Tokens: tokenKeys, DKIM: signer(t, "iom.example"), OptOutURL: "https://iom.example/optout"}
	return s, c, Occasion{Date: sealDate, Printed: "23 novembre 2026", Generation: 2, File: fileLines(pdf)}
}

var pdf = []byte("%PDF-1.7\n" + strings.Repeat("A file of more than one line. ", 40) + "\n%%EOF\n")

func fileLines(file []byte) []byte {
	e := NewEncoded(len(file))
	for len(file) > 0 {
		n := min(len(file), ChunkBytes)
		e.Add(file[:n])
		file = file[n:]
	}
	return e.Bytes()
}

// verified asks go-msgauth's verifier, with the key at hand.
func verified(t *testing.T, s *Signer, message []byte) error {
	t.Helper()
	name, record, err := s.Record()
	if err != nil {
		t.Fatal(err)
	}
	found, err := dkim.VerifyWithOptions(bytes.NewReader(message), &dkim.VerifyOptions{LookupTXT: func(domain string) ([]string, error) {
		if domain != name {
			t.Errorf("the key is looked for at %s, not %s", domain, name)
		}
		return []string{record}, nil
	}})
	if err != nil || len(found) != 1 {
		t.Fatalf("%d signatures, %v", len(found), err)
	}
	if found[0].Domain != s.domain {
		t.Errorf("signed for %s", found[0].Domain)
	}
	return found[0].Err
}

// readSigned has Debian's python3-dkim verify each letter with the key at hand, and Python's own parser read it strictly.
const readSigned = `
import dkim, email, email.policy, json, sys
name, record, out = sys.argv[1], sys.argv[2].encode(), []
def look(asked, timeout=5):
    return record if asked.decode().rstrip(".") == name else b""
for file in sys.argv[3:]:
    raw = open(file, "rb").read()
    m = email.message_from_bytes(raw, policy=email.policy.strict)
    files = [[p.get_content_type(), p.get_filename(), len(p.get_content())] for p in m.iter_attachments()]
    out.append({
        "verified": dkim.verify(raw, dnsfunc=look, minkey=2048),
        "defects": [str(d) for part in m.walk() for d in part.defects],
        "longest": max(len(line) for line in raw.split(b"\r\n")),
        "headers": {k: str(v).lstrip() for k, v in m.items() if k not in ("DKIM-Signature", "Content-Type")},
        "signed": "".join(m["DKIM-Signature"].split("; h=")[1].split(";")[0].split()).split(":"),
        "files": files,
    })
print(json.dumps(out))
`

type readBack struct {
	Verified bool
	Defects  []string
	Longest  int
	Headers  map[string]string
	Signed   []string
	Files    [][]any
}

func readByPython(t *testing.T, s *Signer, messages ...[]byte) (out []readBack) {
	t.Helper()
	name, record, err := s.Record()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-c", readSigned, name, record}
	for i, m := range messages {
		file := filepath.Join(t.TempDir(), string(rune('a'+i))+".eml")
		if err := os.WriteFile(file, m, 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	// Debian's Python, which its packages are for.
	b, err := exec.Command("/usr/bin/python3", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("python3: %v\n%s", err, b)
	}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return out
}

// TestSigned: two verifiers that know nothing of each other accept every header and the file, and every header is there,
// unfolded as it was meant.
func TestSigned(t *testing.T) {
	s, full, o := everything(t)
	sealed, err := s.Seal(new(bytes.Buffer), full, o)
	if err != nil {
		t.Fatal(err)
	}
	bare := appeal()
	bare.ReplyTo, bare.Cc = donor.Mailbox{}, nil
	small, err := s.Seal(new(bytes.Buffer), bare, Occasion{Date: sealDate, Printed: "23 November 2026"})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []Sealed{sealed, small} {
		if err := verified(t, s.DKIM, m.Bytes); err != nil {
			t.Errorf("%s: %v", m.ID, err)
		}
	}
	got := readByPython(t, s.DKIM, sealed.Bytes, small.Bytes)
	for i, r := range got {
		if !r.Verified || len(r.Defects) > 0 || r.Longest > 998 {
			t.Errorf("letter %d: verified %v, defects %v, longest line %d", i, r.Verified, r.Defects, r.Longest)
		}
	}
	optOut, err := tokenKeys.Token(OptOutToken, full.ID, 2)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"Auto-Submitted": "auto-generated", "Content-Language": "fr", "Date": "Mon, 23 Nov 2026 08:30:00 +0100",
		"In-Reply-To": full.References[0], "References": full.References[0], "MIME-Version": "1.0", "Message-ID": sealed.MessageID,
		"Sender":  "Bureau <bureau@iom.example>",
		"Subject": "De la réforme à la résilience : consolider ce que nous avons bâti ensemble, 23 novembre 2026",
		"From":    "International Organization for Migration <resilience@iom.example>",
		"To":      `"S.E. Aïcha Koné-Ouattara" <ambassade@xn--cte-kna.example>`, "Reply-To": "Resilience Desk <resilience-desk@iom.example>",
		"Cc":                       `"Otieno, Desk Officer" <desk@kenya.mission.example>, registry@kenya.mission.example`,
		"X-Auto-Response-Suppress": "OOF, AutoReply", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"List-Unsubscribe": "<https://iom.example/optout/" + optOut + ">, <mailto:opt%26out@iom.example?subject=" + optOut + ">",
	}
	if diff := cmp.Diff(want, got[0].Headers); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]any{{"application/pdf", full.Attachment.Name, float64(len(pdf))}}, got[0].Files); diff != "" {
		t.Error(diff)
	}
	// What is there stands twice in the list, what is absent once: nothing can be added on the way.
	for i, has := range []map[string]string{got[0].Headers, got[1].Headers} {
		times := map[string]int{}
		for _, name := range got[i].Signed {
			times[name]++
		}
		for _, name := range oversigned {
			n := 1
			if has[name] != "" || name == "Content-Type" {
				n = 2
			}
			if times[name] != n {
				t.Errorf("letter %d: %s is signed %d times, want %d", i, name, times[name], n)
			}
		}
	}
}

// TestSignatureBreaks: what is changed or added on the way is seen.
func TestSignatureBreaks(t *testing.T) {
	s, c, o := everything(t)
	sealed, err := s.Seal(new(bytes.Buffer), c, o)
	if err != nil {
		t.Fatal(err)
	}
	m := string(sealed.Bytes)
	for _, tc := range []struct{ name, old, new string }{
		{"another addressee", "<ambassade@", "<embassy@"},
		{"a second subject", "Subject: ", "Subject: other\r\nSubject: "},
		{"a Cc besides", "Cc: ", "Cc: <x@y.example>\r\nCc: "},
		{"another link", "/optout/", "/other/"},
		{"the text", "1 250 000", "9 250 000"},
		{"the file", "JVBERi0", "JVBERj0"},
	} {
		changed := strings.Replace(m, tc.old, tc.new, 1)
		if changed == m {
			t.Fatalf("%s: nothing to change", tc.name)
		}
		if err := verified(t, s.DKIM, []byte(changed)); err == nil {
			t.Errorf("%s: the signature still holds", tc.name)
		}
	}
	folded := strings.Replace(m, "OOF, AutoReply", "OOF,\r\n AutoReply", 1)
	if err := verified(t, s.DKIM, []byte(folded)); err != nil || folded == m {
		t.Errorf("a header that is folded anew: %v", err)
	}
}

func TestNewSignerRefuses(t *testing.T) {
	short := rsaPEM(1024)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		domain, selector string
		key              []byte
		want             string
	}{
		{"iom", "s", testKey(), `"iom" is not a domain`},
		{"iom.example", "s 1", testKey(), `"s 1" is not a selector: write the name under which the key is published, for example s2026`},
		{"iom.example", "s", []byte("x"), `holds no key in PEM; make one with: openssl genrsa 2048`},
		{"iom.example", "s", short, `the key has 1024 bits, and 2048 to 4096 are accepted everywhere; make one with: openssl genrsa 2048`},
		{"iom.example", "s", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), `holds "PRIVATE KEY", and an RSA private key without a passphrase is wanted; make one with: openssl genrsa 2048`},
		{"iom.example", "s", pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der}), `holds a key that cannot be read (a key with a passphrase cannot); make one with: openssl genrsa 2048`},
	} {
		if _, err := NewSigner(tc.domain, tc.selector, tc.key); err == nil || err.Error() != tc.want {
			t.Errorf("%s %s: %v\nwant %s", tc.domain, tc.selector, err, tc.want)
		}
	}
	block, _ := pem.Decode(testKey())
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if der, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		t.Fatal(err)
	}
	if _, err := NewSigner("iom.example", "s", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		t.Errorf("PKCS #8: %v", err)
	}
}

func TestCovers(t *testing.T) {
	s := signer(t, "mail.iom.example")
	for domain, want := range map[string]bool{
		"mail.iom.example": true, "MAIL.iom.example": true, "x.mail.iom.example": true, "iom.example": true,
		"example": false, "other.example": false, "email.iom.example": false, "xmail.iom.example": false,
	} {
		if err := s.Covers(domain); (err == nil) != want {
			t.Errorf("%s: %v", domain, err)
		}
	}
}

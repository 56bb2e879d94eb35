package letter

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-msgauth/dkim"

	"outreach.example/donor"
)

// minKeyBits is the shortest RSA key that a verifier must accept as good (RFC 8301 3.2); keys up to 4096 are read everywhere.
const minKeyBits, maxKeyBits = 2048, 4096

// A Signer signs letters for a domain (DKIM, RFC 6376).
type Signer struct {
	domain, selector string
	key              *rsa.PrivateKey
}

// NewSigner makes a signer of a private key in PEM, as openssl genrsa writes it.
func NewSigner(domain, selector string, key []byte) (*Signer, error) {
	ascii, err := asciiDomain(domain)
	if err != nil || !strings.Contains(ascii, ".") {
		return nil, fmt.Errorf("%s is not a domain", shown(domain))
	}
	name, err := asciiDomain(selector)
	if err != nil {
		return nil, fmt.Errorf("%s is not a selector: write the name under which the key is published, for example s2026", shown(selector))
	}
	private, err := rsaKey(key)
	if err != nil {
		return nil, err
	}
	if bits := private.N.BitLen(); bits < minKeyBits || bits > maxKeyBits {
		return nil, fmt.Errorf("the key has %d bits, and %d to %d are accepted everywhere; make one with: openssl genrsa 2048", bits, minKeyBits, maxKeyBits)
	}
	return &Signer{domain: strings.ToLower(ascii), selector: name, key: private}, nil
}

func rsaKey(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("holds no key in PEM; make one with: openssl genrsa 2048")
	}
	if block.Type == "RSA PRIVATE KEY" {
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("holds a key that cannot be read (a key with a passphrase cannot); make one with: openssl genrsa 2048")
		}
		return key, nil
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := any.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("holds %s, and an RSA private key without a passphrase is wanted; make one with: openssl genrsa 2048", shown(block.Type))
	}
	return key, nil
}

// Bits is the length of the key.
func (s *Signer) Bits() int { return s.key.N.BitLen() }

// Record is the name under which the key is published, and what stands there.
func (s *Signer) Record() (name, text string, err error) {
	public, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	if err != nil {
		return "", "", err
	}
	return s.selector + "._domainkey." + s.domain, "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(public), nil
}

// Covers says in a sentence why a signature for the domain would not speak for letters from another.
func (s *Signer) Covers(from string) error { return Aligned(s.domain, from) }

// Aligned says in a sentence why letters from one domain may not be signed for another: DMARC wants the two to be of one
// organisation (RFC 7489 3.1.1).
func Aligned(signed, from string) error {
	s, f := strings.ToLower(signed), strings.ToLower(from)
	for _, d := range []*string{&s, &f} {
		if ascii, err := asciiDomain(*d); err == nil {
			*d = ascii
		}
	}
	if f == s || strings.HasSuffix(f, "."+s) || strings.HasSuffix(s, "."+f) && strings.Contains(f, ".") {
		return nil
	}
	return fmt.Errorf("dkim_domain is %s, and letters come from %s: receivers take that for a forgery", s, f)
}

// oversigned are the fields that a signature covers in every letter, also where they are absent: none of them can be added
// on the way (RFC 6376 8.15).
var oversigned = []string{
	"From", "Sender", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
	"Content-Transfer-Encoding", "In-Reply-To", "References", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted",
}

// signed lists the fields of a letter's signature: each that the letter has, and each once more than it has it.
func (d *dated) signed() []string {
	absent := map[string]bool{
		"Sender": d.sender == (donor.Mailbox{}), "Reply-To": d.replyTo == (donor.Mailbox{}), "Cc": len(d.cc) == 0,
		"Content-Transfer-Encoding": true, // each part has its own
		"In-Reply-To":               len(d.References) == 0, "References": len(d.References) == 0,
		"List-Unsubscribe": d.optOut == "", "List-Unsubscribe-Post": d.optOut == "" || !d.OptOut.Web,
	}
	keys := make([]string, 0, 2*len(oversigned))
	for _, name := range oversigned {
		if !absent[name] {
			keys = append(keys, name)
		}
		keys = append(keys, name)
	}
	return keys
}

// sign puts the signature before the message in b. go-mail has a signer of its own, which breaks the list of fields where
// it passes one line.
func (s *Signer) sign(b *bytes.Buffer, fields []string) error {
	signer, err := dkim.NewSigner(&dkim.SignOptions{
		Domain: s.domain, Selector: s.selector, Signer: s.key, HeaderKeys: fields,
		// Relays fold headers anew and drop spaces at the ends of lines.
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	_, err = signer.Write(b.Bytes())
	if err = errors.Join(err, signer.Close()); err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	signature := signer.Signature()
	b.WriteString(signature)
	message := b.Bytes()
	copy(message[len(signature):], message[:len(message)-len(signature)])
	copy(message, signature)
	return nil
}

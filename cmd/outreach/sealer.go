package main

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// tokenKeyEnv may hold the token key itself, where a file is hard to come by.
const tokenKeyEnv = "OUTREACH_TOKEN_KEY"

func checkKeyFile(s string) error {
	if !filepath.IsAbs(s) {
		return fmt.Errorf("%q is not a file from the root on (for example /etc/outreach/token.key)", s)
	}
	return nil
}

// tokenKeys reads the keys that sign tokens; nil where none is set.
func (a *app) tokenKeys(c config) (letter.TokenKeys, error) {
	if text := a.getenv(tokenKeyEnv); text != "" {
		keys, err := letter.ParseTokenKeys(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", tokenKeyEnv, err)
		}
		return keys, nil
	}
	file := c.value["token_key_file"]
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("token_key_file: %s cannot be read: %s", file, plain(err))
	}
	keys, err := letter.ParseTokenKeys(string(text))
	if err != nil {
		return nil, fmt.Errorf("token_key_file: %s: %w", file, err)
	}
	return keys, nil
}

// signer reads the key that letters are signed with; nil where none is set.
func signer(c config) (*letter.Signer, error) {
	file, domain, selector := c.value["dkim_key_file"], c.value["dkim_domain"], c.value["dkim_selector"]
	switch {
	case file == "":
		return nil, nil
	case domain == "" || selector == "":
		return nil, errors.New("dkim_key_file is set, and to sign with it dkim_domain and dkim_selector are wanted, too")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("dkim_key_file: %s cannot be read: %s", file, plain(err))
	}
	s, err := letter.NewSigner(domain, selector, text)
	if err != nil {
		return nil, fmt.Errorf("dkim_key_file: %s: %w", file, err)
	}
	return s, nil
}

// sealer is what this house adds to every letter. A worker without a key that is set does not start: its letters would
// leave otherwise than the others.
func (h *house) sealer() (letter.Sealer, error) {
	if h.trial {
		return letter.Sealer{Tokens: letter.TokenKeys{[]byte(rand.Text() + rand.Text())}, OptOutURL: "https://optout.example"}, nil
	}
	keys, wrong := h.app.tokenKeys(h.config)
	s, err := signer(h.config)
	if err = errors.Join(wrong, err); err != nil {
		return letter.Sealer{}, ledger.Refusal(err.Error())
	}
	return letter.Sealer{Tokens: keys, DKIM: s, OptOutURL: h.config.value["optout_url"]}, nil
}

// checkSealing compares a campaign with the settings that its letters are sealed by. It reads no key: whoever writes
// campaigns need not be able to.
func (p *project) checkSealing(c *campaign.Campaign) (faults donor.Faults) {
	if p.unread != nil {
		return nil // its faults are told beside these
	}
	settings := p.settings
	add := func(path, format string, args ...any) {
		line, column := c.Place(path)
		faults.Addf(c.File(), line, column, path+": "+format, args...)
	}
	signs := settings.value["token_key_file"] != "" || p.app.getenv(tokenKeyEnv) != ""
	if c.OptOut != (campaign.OptOut{}) && !signs {
		add("opt_out", "ways to opt out are signed, and no key is set: have the operator set token_key_file, or remove opt_out")
	}
	if c.OptOut.Web && settings.value["optout_url"] == "" {
		add("opt_out.web", "no address serves the links: have the operator set optout_url, or write web: false")
	}
	if _, err := letter.ReturnPath(c.ReturnPath, ""); signs && c.ReturnPath != "" && err != nil {
		path := "return_path"
		if c.ReturnPath == c.Sender.Address {
			path = "sender.address"
		}
		add(path, "%s", err)
	}
	if _, domain, ok := strings.Cut(c.Sender.Address, "@"); ok && settings.value["dkim_key_file"] != "" {
		if err := letter.Aligned(settings.value["dkim_domain"], domain); err != nil {
			add("sender.address", "%s: write an address of that domain, or have the operator set dkim_domain", err)
		}
	}
	return faults
}

// sealed is a letter as a worker would seal it, but for its signature: a preview speaks for nobody, and needs no key.
func (p *project) sealed(c *letter.Content, o letter.Occasion) (letter.Sealed, error) {
	if p.unread != nil {
		return letter.Sealed{}, p.unread
	}
	s := letter.Sealer{OptOutURL: p.settings.value["optout_url"]}
	if c.OptOut != (letter.OptOut{}) {
		s.Tokens = letter.TokenKeys{bytes.Repeat([]byte("preview."), 4)}
	}
	var err error
	if o.File, err = p.file(c); err != nil {
		return letter.Sealed{}, err
	}
	return s.Seal(new(bytes.Buffer), c, o)
}

// file is what goes with a letter, encoded; nil where nothing does.
func (p *project) file(c *letter.Content) ([]byte, error) {
	if c.Attachment == (letter.Attachment{}) {
		return nil, nil
	}
	if b := p.encoded[c.Attachment.Hash]; b != nil {
		return b, nil
	}
	for _, f := range p.attached.Files {
		if f.Hash != c.Attachment.Hash {
			continue
		}
		content, err := p.attachment(f)
		if err != nil {
			return nil, err
		}
		e := letter.NewEncoded(len(content))
		e.Add(content)
		if f.Everybodys() {
			p.encoded[f.Hash] = e.Bytes()
		}
		return e.Bytes(), nil
	}
	return nil, nil
}

// examineTokens says whether return paths are signed.
func (a *app) examineTokens(c config) finding {
	f := finding{What: "token key", Mend: "openssl rand -hex 32 > FILE, chmod 600 FILE, and name it in token_key_file"}
	keys, err := a.tokenKeys(c)
	switch {
	case err != nil:
		f.Says = err.Error()
	case keys == nil:
		f.Well, f.Says = true, "not set: return paths are plain, so what comes back does not say which letter it was; no way to opt out can be offered"
	default:
		f = keyFile(f, c.value["token_key_file"], fmt.Sprintf("signs with the first of %d, reads with all", len(keys)))
	}
	return f
}

// examineSigner says whether letters are signed, without asking the name server: the key's own record is for a person to
// publish.
func examineSigner(c config) finding {
	f := finding{What: "DKIM", Mend: "openssl genrsa -out FILE 2048, chmod 600 FILE, and set dkim_key_file, dkim_domain and dkim_selector"}
	s, err := signer(c)
	switch {
	case err != nil:
		f.Says = err.Error()
	case s == nil && cmp.Or(c.value["dkim_domain"], c.value["dkim_selector"]) != "":
		f.Says = "dkim_domain or dkim_selector is set without dkim_key_file: letters leave unsigned"
	case s == nil:
		f.Well, f.Says = true, "not set: letters leave unsigned, unless the relay signs them"
	default:
		name, record, err := s.Record()
		if err != nil {
			f.Says = err.Error()
			return f
		}
		f = keyFile(f, c.value["dkim_key_file"], fmt.Sprintf("RSA, %d bits; publish as TXT at %s: %s", s.Bits(), name, record))
	}
	return f
}

// keyFile is well unless everybody on the machine can read the key.
func keyFile(f finding, file, says string) finding {
	f.Well, f.Says = true, says
	if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o004 != 0 {
		f.Well, f.Says, f.Mend = false, "everybody on this machine can read "+file, "chmod 600 "+file
	}
	return f
}

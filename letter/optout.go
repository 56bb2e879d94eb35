package letter

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// tokens puts the letter's tokens where they belong: into the return path, and into the ways to opt out.
func (s *Sealer) tokens(d *dated, generation int) error {
	if len(s.Tokens) > 0 {
		token, err := s.Tokens.Token(ReturnToken, d.ID, generation)
		if err != nil {
			return err
		}
		if d.envelope.From, err = ReturnPath(d.envelope.From, token); err != nil {
			return fmt.Errorf("return path: %w", err)
		}
	}
	if d.OptOut == (OptOut{}) {
		return nil
	}
	if lack := s.Lacks(d.OptOut); lack != "" {
		return HouseFault(lack)
	}
	token, err := s.Tokens.Token(OptOutToken, d.ID, generation)
	if err != nil {
		return err
	}
	var ways []string
	if d.OptOut.Web {
		ways = append(ways, "<"+s.OptOutURL+"/"+token+">")
	}
	if d.OptOut.Address != "" {
		address, err := asciiAddress(d.OptOut.Address)
		if err != nil {
			return fmt.Errorf("opt-out: %w", err)
		}
		local, domain, _ := cutAddress(address)
		ways = append(ways, "<mailto:"+url.QueryEscape(local)+"@"+domain+"?subject="+token+">") // RFC 6068 2
	}
	d.optOut = strings.Join(ways, ", ")
	return nil
}

// Lacks says what the house lacks for letters that offer a way to opt out, "" for nothing.
func (s *Sealer) Lacks(o OptOut) string {
	switch {
	case o == OptOut{}:
	case len(s.Tokens) == 0:
		return "token_key_file is not set, and ways to opt out are signed"
	case o.Web && s.OptOutURL == "":
		return "optout_url is not set, and letters offer a link to opt out"
	}
	return ""
}

// CheckOptOutURL refuses what cannot be the beginning of a one-click link: RFC 8058 3.1 wants https, and the token is put
// behind it as the last part of its path.
func CheckOptOutURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" ||
		strings.HasSuffix(s, "/") || strings.ContainsAny(s, "<>, \t\"#") || len(s) > 200 {
		return errors.New("is not the beginning of a link: write for example https://iom.example/optout, without a slash at its end")
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return errors.New("holds a character that no link may: write it in ASCII")
		}
	}
	return nil
}

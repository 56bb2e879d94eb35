package relaytest

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// steps is a login as the server sees it: each call takes what the client said and gives the next challenge.
type steps func(said []byte) (challenge []byte, done bool, err error)

func (s steps) Next(said []byte) ([]byte, bool, error) { return s(said) }

// login is the server's side of one mechanism.
func (s *session) login(mechanism string) (sasl.Server, error) {
	user, password := s.server.options.User, s.server.options.Password
	check := func(ok bool) error {
		if !ok {
			return smtp.ErrAuthFailed
		}
		s.in = true
		return nil
	}
	switch mechanism {
	case "PLAIN":
		return sasl.NewPlainServer(func(_, u, p string) error { return check(u == user && p == password) }), nil
	case "LOGIN":
		var said []string
		return steps(func(b []byte) ([]byte, bool, error) {
			if b != nil {
				said = append(said, string(b))
			}
			switch len(said) {
			case 0:
				return []byte("Username:"), false, nil
			case 1:
				return []byte("Password:"), false, nil
			}
			return nil, true, check(said[0] == user && said[1] == password)
		}), nil
	case "CRAM-MD5":
		const challenge = "<1.2@relay.example>" // RFC 2195 2
		return steps(func(b []byte) ([]byte, bool, error) {
			if len(b) == 0 {
				return []byte(challenge), false, nil
			}
			mac := hmac.New(md5.New, []byte(password))
			mac.Write([]byte(challenge))
			return nil, true, check(string(b) == user+" "+hex.EncodeToString(mac.Sum(nil)))
		}), nil
	case "XOAUTH2":
		failed := false
		return steps(func(b []byte) ([]byte, bool, error) {
			if failed || string(b) == "user="+user+"\x01auth=Bearer "+password+"\x01\x01" {
				return nil, true, check(!failed)
			}
			failed = true
			return []byte(`{"status":"401"}`), false, nil
		}), nil
	case "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS":
		return s.scram(sha1.New, check)
	case "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS":
		return s.scram(sha256.New, check)
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// scram is RFC 5802 as the server speaks it, with the channel binding of RFC 9266 where the client asks for it.
func (s *session) scram(h func() hash.Hash, check func(bool) error) (sasl.Server, error) {
	const salt, rounds, ours = "relay salt", 4096, "server-nonce"
	salted, err := pbkdf2.Key(h, s.server.options.Password, []byte(salt), rounds, h().Size())
	if err != nil {
		return nil, err
	}
	mac := func(key []byte, text string) []byte {
		m := hmac.New(h, key)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	b64 := base64.StdEncoding.EncodeToString
	var bare, first, header string
	var signed []byte
	return steps(func(said []byte) ([]byte, bool, error) {
		switch {
		case len(said) == 0 && bare == "":
			return []byte{}, false, nil
		case bare == "":
			parts := strings.SplitN(string(said), ",", 3)
			if len(parts) != 3 {
				return nil, false, errors.New("no client-first-message")
			}
			header, bare = parts[0]+","+parts[1]+",", parts[2]
			user, nonce, _ := strings.Cut(strings.TrimPrefix(bare, "n="), ",r=")
			if user != s.server.options.User {
				return nil, false, check(false)
			}
			first = "r=" + nonce + ours + ",s=" + b64([]byte(salt)) + ",i=4096"
			return []byte(first), false, nil
		case signed == nil:
			final, proof, _ := strings.Cut(string(said), ",p=")
			binding := []byte(header)
			if strings.HasPrefix(header, "p=tls-exporter") {
				state, ok := s.conn.TLSConnectionState()
				if !ok {
					return nil, false, check(false)
				}
				key, err := state.ExportKeyingMaterial("EXPORTER-Channel-Binding", []byte{}, 32)
				if err != nil {
					return nil, false, err
				}
				binding = append(binding, key...)
			}
			auth := bare + "," + first + "," + final
			client := mac(salted, "Client Key")
			stored := h()
			stored.Write(client)
			signature := mac(stored.Sum(nil), auth)
			for i := range client {
				client[i] ^= signature[i]
			}
			got, err := base64.StdEncoding.DecodeString(proof)
			if err != nil || !bytes.Equal(got, client) || !strings.HasPrefix(final, "c="+b64(binding)+",") {
				return nil, false, check(false)
			}
			signed = mac(mac(salted, "Server Key"), auth)
			return []byte("v=" + b64(signed)), false, nil
		}
		return nil, true, check(true)
	}), nil
}

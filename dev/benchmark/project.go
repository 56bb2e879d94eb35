package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/letter"
	"outreach.example/templates"
)

// sentence is what the letters of a run are filled with. The HTML is made from the text, so one sets the size of the
// other: together they are the 10 kB of a letter of 2 kB of text and 8 kB of HTML.
const sentence = "This sentence belongs to a letter that nobody will read, and it is as long as a sentence of a letter is. "

const campaignFile = `campaign: bench
title: {en: "Bench"}
goal: {amount: 1000000, currency: USD}
audience: {status: [private]}
sender: {name: "Bench", address: bench@iom.example}
reply_to: {name: "Desk", address: desk@iom.example}
registry: registry@iom.example
signatory: {name: "Robin Sample", title: {en: "Head of Bench"}}
ask: {low: 5, high: 10, base_year: 2024, currency: USD, floor: 100000}
reply_by: %s
schedule: {start: %s, zone: Europe/Zurich, days: [mon, tue, wed, thu, fri, sat, sun], hours: "00:00-24:00"}
steps:
  - name: appeal
block_size: %d
`

func campaignText(blockSize int) string {
	today := donor.DateOf(time.Now())
	return fmt.Sprintf(campaignFile, today.AddDays(60), today, blockSize)
}

func letterText() string {
	var b strings.Builder
	b.WriteString("Subject: A letter of the bench\n\n{{.Date}}\n\n{{.Address}}\n\n{{.Salutation}}\n\n")
	for i := range 15 {
		// As in a real letter, every other paragraph names its reader, so that it is laid out for each donor anew.
		if i%2 == 0 {
			b.WriteString("{{.State.Short}}: ")
		}
		fmt.Fprintf(&b, "paragraph %c. %s\n\n", 'A'+i, strings.TrimSpace(strings.Repeat(sentence, 2)))
	}
	b.WriteString("{{.Close}}\n\n{{.Signatory.Name}}\n")
	return b.String()
}

// project writes the folder of a campaign to as many donors as there are letters.
func (b *bench) project(name string, blockSize int) error {
	dir := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Join(dir, "campaigns", "bench", "texts"), 0o777); err != nil {
		return err
	}
	var donors, contacts strings.Builder
	donors.WriteString("id,name_en,status,state,language\n")
	contacts.WriteString("donor,email,name,rank,salutation,language\n")
	for i := range b.letters {
		fmt.Fprintf(&donors, "P%06d,Giver %06d,private,,en\n", i, i)
		fmt.Fprintf(&contacts, "P%06d,giver%06d@givers.example,Giver %06d,other,\"Dear Giver %06d,\",en\n", i, i, i, i)
	}
	for file, content := range map[string]string{
		"donors.csv": donors.String(), "contacts.csv": contacts.String(),
		"campaigns/bench/campaign.yaml": campaignText(blockSize), "campaigns/bench/texts/appeal.en.txt": letterText(),
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// compose measures rendering and sealing alone, on one core, and the sizes of a letter.
func (b *bench) compose(r *report) error {
	c, faults := campaign.Parse("bench", "campaign.yaml", []byte(campaignText(100)))
	if faults.Refuses() {
		return faults
	}
	set, faults := templates.Load(c, map[string]string{"texts/appeal.en.txt": letterText()})
	if faults.Refuses() {
		return faults
	}
	record := &campaign.Record{Donor: donor.Donor{
		ID: "P000001", Name: map[string]string{"en": "Giver 000001"}, Formal: map[string]string{"en": "Giver 000001"}, Status: "private",
		Language: "en", Contacts: []donor.Contact{{Email: "giver@givers.example", Name: "Giver 000001", Rank: "other", Salutation: "Dear Giver 000001,", Language: "en"}},
	}}
	record.Ask = c.Ask.Ask(nil)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	signer, err := letter.NewSigner("iom.example", "bench", pem.EncodeToMemory(&pem.Block{
		Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key),
	}))
	if err != nil {
		return err
	}
	var content letter.Content
	var sealed letter.Sealed
	at, buffer := time.Now(), new(bytes.Buffer)
	plain := letter.Sealer{Tokens: letter.TokenKeys{bytes.Repeat([]byte("k"), 32)}}
	signed := plain
	signed.DKIM = signer
	seal := func(s *letter.Sealer) func() error {
		return func() (err error) {
			sealed, err = s.Seal(buffer, &content, letter.Occasion{Date: at, Printed: set.PrintDate("en", at)})
			return err
		}
	}
	for _, m := range []struct {
		do         func() error
		micros, kB *float64
	}{
		{func() (err error) { content, err = set.Compose(record, "appeal"); return err }, &r.Render, &r.RenderKB},
		{seal(&signed), &r.SealSigned, &r.SealSignedKB},
		{seal(&plain), &r.Seal, &r.SealKB},
	} {
		if *m.micros, *m.kB, err = each(m.do); err != nil {
			return err
		}
	}
	r.TextBytes, r.HTMLBytes, r.WireBytes = len(content.Text), len(content.HTML), len(sealed.Bytes)
	return nil
}

// each is what one call costs on one core: microseconds, and kilobytes that are allocated.
func each(do func() error) (micros, kB float64, err error) {
	const times = 2000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	for range times {
		if err := do(); err != nil {
			return 0, 0, err
		}
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	return float64(took.Microseconds()) / times, float64(after.TotalAlloc-before.TotalAlloc) / times / 1000, nil
}

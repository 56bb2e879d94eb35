package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"outreach.example/donor"
	"outreach.example/letter"
)

const campaignName = "faults"

const sender = "faults@iom.example"

// sentence is what the letters are filled with: some kilobytes, so that content goes out in several writes.
const sentence = "This sentence belongs to a letter that only the witness reads, and it is as long as a sentence of a letter is. "

const campaignFile = `campaign: %s
title: {en: "Faults"}
goal: {amount: 1000000, currency: USD}
audience: {status: [private]}
sender: {name: "Faults", address: %s}
reply_to: {name: "Desk", address: desk@iom.example}
registry: %s
signatory: {name: "Robin Sample", title: {en: "Head of Faults"}}
ask: {low: 5, high: 10, base_year: 2024, currency: USD, floor: 100000}
reply_by: %s
schedule: {start: %s, zone: Europe/Zurich, days: [mon, tue, wed, thu, fri, sat, sun], hours: "00:00-24:00"}
steps:
  - name: appeal
%sblock_size: %d
`

// campaignIs is the shape of a scenario's campaign.
type campaignIs struct {
	letters int  // donors, each with one letter a step
	block   int  // donors of a block at most
	second  bool // a reminder a day after the appeal
}

func donorID(i int) string { return fmt.Sprintf("P%06d", i) }

// expected is every letter of a step by its Message-ID.
func expected(donors int, steps ...string) map[string]letter.ID {
	_, domain, _ := strings.Cut(sender, "@")
	out := map[string]letter.ID{}
	for _, step := range steps {
		for i := range donors {
			id := letter.ID{Campaign: campaignName, Donor: donorID(i), Step: step}
			out[letter.MessageID(id, domain)] = id
		}
	}
	return out
}

// write makes the project folder.
func (c campaignIs) write(dir string) error {
	texts := filepath.Join(dir, "campaigns", campaignName, "texts")
	if err := os.MkdirAll(texts, 0o700); err != nil {
		return err
	}
	today := donor.DateOf(time.Now().AddDate(0, 0, -1))
	more := ""
	if c.second {
		more = fmt.Sprintf("  - name: reminder-1\n    after: 1 working day\n    approval: standing until %s\n", today.AddDays(50))
	}
	files := map[string]string{
		"campaigns/" + campaignName + "/campaign.yaml":       fmt.Sprintf(campaignFile, campaignName, sender, registryAddress, today.AddDays(60), today, more, c.block),
		"campaigns/" + campaignName + "/texts/appeal.en.txt": text("A letter of the faults"),
	}
	if c.second {
		files["campaigns/"+campaignName+"/texts/reminder-1.en.txt"] = text("Re: A letter of the faults")
	}
	var donors, contacts strings.Builder
	donors.WriteString("id,name_en,status,state,language\n")
	contacts.WriteString("donor,email,name,rank,salutation,language\n")
	for i := range c.letters {
		fmt.Fprintf(&donors, "%s,Giver %06d,private,,en\n", donorID(i), i)
		fmt.Fprintf(&contacts, "%s,giver%06d@givers.example,Giver %06d,other,\"Dear Giver %06d,\",en\n", donorID(i), i, i, i)
	}
	files["donors.csv"], files["contacts.csv"] = donors.String(), contacts.String()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func text(subject string) string {
	var b strings.Builder
	b.WriteString("Subject: " + subject + "\n\n{{.Date}}\n\n{{.Address}}\n\n{{.Salutation}}\n\n")
	for range 6 {
		b.WriteString(strings.TrimSpace(strings.Repeat(sentence, 2)) + "\n\n")
	}
	b.WriteString("{{.Close}}\n\n{{.Signatory.Name}}\n")
	return b.String()
}

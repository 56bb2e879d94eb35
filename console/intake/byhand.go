package intake

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"outreach.example/campaign"
	"outreach.example/donor"
)

// holidays is what changes of holidays are logged under.
const holidays = "holidays"

// Tables are those of which an import or a change by hand can be taken back.
var Tables = append(append([]string{}, donor.Tables...), holidays)

// Contacts are the contacts of a donor as they stand in the table, by column, and as what the table was read.
func (f Folder) Contacts(id string) (rows []map[string]string, base string, err error) {
	root, err := f.open()
	if err != nil {
		return nil, "", err
	}
	defer root.Close()
	rows, read := donor.ContactRows(root.FS(), id)
	if read.Refuses() {
		return nil, "", read.Faults
	}
	return rows, baseOf(read), nil
}

// Donor is the id of a donor that somebody names; ok is false where there is none.
func (f Folder) Donor(word string) (id string, ok bool, err error) {
	root, err := f.open()
	if err != nil {
		return "", false, err
	}
	defer root.Close()
	id, ok = donor.KnownDonor(root.FS(), word)
	return id, ok, nil
}

// ProposeContact says what the table of contacts becomes by an edit, for Take.
func (f Folder) ProposeContact(e donor.ContactEdit) (p *donor.Proposal, base string, err error) {
	root, err := f.open()
	if err != nil {
		return nil, "", err
	}
	defer root.Close()
	p = donor.ProposeContact(root.FS(), donor.DateOf(f.Now()), f.Fresh, e)
	return p, baseOf(p), nil
}

// A HolidayProposal is what the file of a place's holidays becomes, before anything is written.
type HolidayProposal struct {
	File    string
	Faults  donor.Faults
	Base    string // as what the file was read
	New     bool   // there was no such file
	content string
	rows    int
}

// HolidayPlaces are the places that holidays can be written for.
func (f Folder) HolidayPlaces() ([]string, error) {
	root, err := f.open()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	files, err := placeFiles(root.FS())
	return campaign.HolidayPlaces(files), err
}

// ProposeHoliday says what the file of a place's holidays becomes with one more, for TakeHoliday.
func (f Folder) ProposeHoliday(h campaign.NewHoliday) (*HolidayProposal, error) {
	root, err := f.open()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	files, err := placeFiles(root.FS())
	if err != nil {
		return nil, err
	}
	p := &HolidayProposal{}
	p.File, p.content, p.Faults = campaign.AddHoliday(files, h)
	before, there := files[p.File]
	if p.New = !there; there {
		p.Base = hash([]byte(before))
	}
	rows, _ := campaign.Holidays(map[string]string{p.File: p.content})
	p.rows = len(rows)
	return p, nil
}

// TakeHoliday writes what was proposed, unless the file changed since.
func (f Folder) TakeHoliday(who, why string, p *HolidayProposal, base string) (Import, error) {
	if p.Faults.Refuses() {
		return Import{}, p.Faults
	}
	return f.write(Import{Who: who, Why: why, Table: holidays, File: p.File, Added: 1, Rows: p.rows}, []byte(p.content), base)
}

// placeFiles are the files of places and holidays that the folder has.
func placeFiles(fsys fs.FS) (map[string]string, error) {
	files := map[string]string{}
	found, err := fs.Glob(fsys, campaign.HolidaysFolder+"*.yaml")
	if err != nil {
		return nil, fmt.Errorf("holidays: %w", err)
	}
	for _, name := range append(found, campaign.PlacesFile) {
		b, err := fs.ReadFile(fsys, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, unreadable(path.Clean(name), err)
		}
		files[name] = string(b)
	}
	return files, nil
}

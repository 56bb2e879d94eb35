package campaign

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"outreach.example/donor"
)

// Attachments lie in one folder and are named for whom they go to: DONOR.LANG.pdf or DONOR.pdf for one donor, all.LANG.pdf
// or all.pdf for every other. The first of these that there is goes with a letter.

// AttachedFile is the list of a campaign's attachments among an edition's files, as Attached.Encode writes it.
const AttachedFile = "attachments.txt"

// everybody stands for the donor in the name of a file that goes to all who have none of their own.
const everybody = "all"

// maxAttached is how many bytes the attachments of one campaign may have together: they are kept in the ledger.
const maxAttached = 64 << 20

// A File is one attachment.
type File struct {
	Name string // KEN.fr.pdf
	Size int
	Hash string // hex of SHA-256
}

// Everybodys says whether the file goes to all who have none of their own.
func (f File) Everybodys() bool {
	to, _, _ := f.parts()
	return to == everybody
}

// parts are whom a file is for and in which language, "" for any.
func (f File) parts() (to, language string, ok bool) {
	p := strings.Split(f.Name, ".")
	switch {
	case len(p) == 3 && p[2] == "pdf" && p[0] != "" && p[1] != "":
		return p[0], p[1], true
	case len(p) == 2 && p[1] == "pdf" && p[0] != "":
		return p[0], "", true
	}
	return "", "", false
}

// Attached are the attachments of a campaign.
type Attached struct {
	Files []File // by name

	named map[string]int
}

func attached(files []File) Attached {
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	a := Attached{Files: files, named: make(map[string]int, len(files))}
	for i, f := range files {
		a.named[f.Name] = i
	}
	return a
}

// For is the file that goes to a donor.
func (a Attached) For(id, language string) (File, bool) {
	for _, to := range [...]string{id, everybody} {
		for _, end := range [...]string{"." + language + ".pdf", ".pdf"} {
			if i, ok := a.named[to+end]; ok {
				return a.Files[i], true
			}
		}
	}
	return File{}, false
}

// Encode is the list as an edition keeps it: a line "SHA-256 size name" each.
func (a Attached) Encode() string {
	var b strings.Builder
	for _, f := range a.Files {
		fmt.Fprintf(&b, "%s %d %s\n", f.Hash, f.Size, f.Name)
	}
	return b.String()
}

// ParseAttached reads what Encode wrote.
func ParseAttached(list string) (Attached, error) {
	var files []File
	for line := range strings.Lines(list) {
		p := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		if len(p) != 3 || len(p[0]) != hex.EncodedLen(sha256.Size) || p[2] == "" {
			return Attached{}, fmt.Errorf("%s: %s is not a file, its size and its hash", AttachedFile, donor.Quote(line))
		}
		size, err := strconv.Atoi(p[1])
		if err != nil || size < 0 || size > maxAttached {
			return Attached{}, fmt.Errorf("%s: %s is no size", AttachedFile, donor.Quote(p[1]))
		}
		files = append(files, File{Name: p[2], Size: size, Hash: p[0]})
	}
	return attached(files), nil
}

// attachedTo finds what is wrong with the steps that attachments go with.
func (c *Campaign) attachedTo(r *reader) {
	if c.Attached.Folder == "" || len(c.Steps) == 0 {
		return
	}
	if c.Attached.Steps == nil {
		c.Attached.Steps = []string{c.Steps[0].Name}
		return
	}
	var there []string
	for _, s := range c.Steps {
		there = append(there, s.Name)
	}
	for i, name := range c.Attached.Steps {
		if !slices.Contains(there, name) {
			r.fault(r.at("attachments.steps", fmt.Sprintf("attachments.steps[%d]", i)), "there is no step %s (there are: %s)", donor.Quote(name), strings.Join(there, ", "))
		}
	}
}

// ReadAttached reads the attachments of a campaign from its folder and looks at each as it is. Its faults come all at once.
func (c *Campaign) ReadAttached(fsys fs.FS, folder string) (Attached, donor.Faults) {
	if c.Attached.Folder == "" {
		return Attached{}, nil
	}
	var faults donor.Faults
	folder = path.Join(folder, c.Attached.Folder)
	entries, err := fs.ReadDir(fsys, folder)
	if err != nil {
		line, column := c.Place("attachments.folder")
		why := "cannot be read: " + brokenWhy(err)
		if errors.Is(err, fs.ErrNotExist) {
			why = "there is no such folder beside campaign.yaml: make it and put the PDF files there"
		}
		faults.Addf(c.file, line, column, "attachments.folder: %s %s", donor.Quote(c.Attached.Folder), why)
		return Attached{}, faults
	}
	var files []File
	total := 0
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue // what file managers leave behind
		}
		file := path.Join(folder, e.Name())
		f := File{Name: e.Name()}
		if _, _, ok := f.parts(); !ok || e.IsDir() {
			faults.Addf(file, 0, 0, "names nobody: an attachment is named DONOR.LANG.pdf, DONOR.pdf, all.LANG.pdf or all.pdf, for example KEN.fr.pdf")
			continue
		}
		content, why := readPDF(fsys, file, c.Attached.MaxMB<<20)
		if why != "" {
			faults.Addf(file, 0, 0, "%s", why)
			continue
		}
		f.Size, f.Hash = len(content), sum(content)
		total += f.Size
		files = append(files, f)
	}
	if total > maxAttached {
		faults.Addf(folder, 0, 0, "the files have %d MB together, and at most %d MB are kept for one campaign: make them smaller, or use one file for all", total>>20, maxAttached>>20)
	}
	return attached(files), faults
}

func brokenWhy(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// encrypted finds the entry of a trailer that names how a file is encrypted (ISO 32000-1 7.6.1); trailers are never packed.
var encrypted = regexp.MustCompile(`/Encrypt[ \t\r\n\f\x00]*(<<|[0-9]+[ \t\r\n\f\x00]+[0-9]+[ \t\r\n\f\x00]+R)`)

// readPDF reads a file and says what keeps a reader from opening it, "" for nothing.
func readPDF(fsys fs.FS, name string, most int) (content []byte, why string) {
	info, err := fs.Stat(fsys, name)
	if err == nil && info.Size() > int64(most) {
		return nil, fmt.Sprintf("has %.1f MB, and an attachment may have %d (attachments.max_mb): make it smaller", float64(info.Size())/(1<<20), most>>20)
	}
	if err == nil {
		content, err = fs.ReadFile(fsys, name)
	}
	switch {
	case err != nil:
		return nil, "cannot be read: " + brokenWhy(err)
	case len(content) == 0:
		return nil, "is empty: save the PDF again"
	case len(content) > most:
		return nil, "grows while it is read: save the PDF and check again"
	case !bytes.HasPrefix(content, []byte("%PDF-")):
		return nil, "is not a PDF, whatever its name: export it as PDF"
	case !bytes.Contains(content[max(0, len(content)-1024):], []byte("%%EOF")):
		return nil, "is a PDF without its end: it was cut off, so save or copy it again"
	case encrypted.Match(content):
		return nil, "is encrypted, and readers would be asked for a password: export it without protection"
	}
	return content, ""
}

// CheckAttached compares the attachments with the donors of the campaign: each has one, and none is for somebody else.
func (c *Campaign) CheckAttached(a Attached, folder string, donors []donor.Donor) (faults donor.Faults) {
	if c.Attached.Folder == "" {
		return nil
	}
	folder = path.Join(folder, c.Attached.Folder)
	language := make(map[string]string, len(donors))
	for _, d := range donors {
		language[d.ID] = d.Language
	}
	written := slices.Sorted(maps.Keys(c.Title))
	for _, f := range a.Files {
		file := path.Join(folder, f.Name)
		to, lang, _ := f.parts()
		reads, chosen := language[to]
		_, state := donor.Registry().State(to)
		switch {
		case lang != "" && !slices.Contains(written, lang):
			faults.Addf(file, 0, 0, "%s is no language of this campaign (there are: %s): rename the file", donor.Quote(lang), strings.Join(written, ", "))
		case to == everybody:
		case !chosen && state:
			faults.Addf(file, 0, 0, "%s is not written to in this campaign: remove the file, or add the State to the audience", to)
		case !chosen:
			hint := "name it for a donor that is written to, for example KEN.fr.pdf"
			if near := donor.Registry().Suggest(to); near != "" {
				hint = near
			}
			faults.Addf(file, 0, 0, "%s is no donor of this campaign: %s", donor.Quote(to), hint)
		case lang != "" && lang != reads:
			faults.Warnf(file, 0, 0, "goes with no letter: %s is written to in %s", to, reads)
		}
	}
	for _, d := range donors {
		if _, ok := a.For(d.ID, d.Language); !ok {
			faults.Addf(folder, 0, 0, "%s: no file goes with its letter: add %s.%s.pdf, or all.%s.pdf for everybody who reads %s", d.ID, d.ID, cmp.Or(d.Language, "en"), cmp.Or(d.Language, "en"), cmp.Or(d.Language, "en"))
		}
	}
	return faults
}

package campaign

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"outreach.example/donor"
)

const pdf = "%PDF-1.7\n1 0 obj <</Length 3>> stream\n...\nendstream\ntrailer <</Root 1 0 R>>\n%%EOF\n"

func folder(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, content := range files {
		fsys["campaigns/resilience/"+name] = &fstest.MapFile{Data: []byte(content)}
	}
	return fsys
}

func readers(languages ...string) (all []donor.Donor) {
	for i, id := range []string{"CIV", "KEN", "PER"} {
		all = append(all, donor.Donor{ID: id, Language: languages[i]})
	}
	return all
}

// TestAttached: the file that is closest to the reader goes with a letter, and the list reads back as it was written.
func TestAttached(t *testing.T) {
	c := good(t)
	a, faults := c.ReadAttached(folder(map[string]string{
		"attachments/KEN.en.pdf": pdf + "1", "attachments/KEN.pdf": pdf + "2", "attachments/all.fr.pdf": pdf + "3", "attachments/all.pdf": pdf + "4",
		"attachments/.DS_Store": "x",
	}), "campaigns/resilience")
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	again, err := ParseAttached(a.Encode())
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		id, language, want string
		everybodys         bool
	}{
		{"KEN", "en", "KEN.en.pdf", false}, {"KEN", "fr", "KEN.pdf", false}, {"CIV", "fr", "all.fr.pdf", true}, {"PER", "es", "all.pdf", true},
	} {
		got, ok := again.For(tc.id, tc.language)
		if !ok || got.Name != tc.want || got.Everybodys() != tc.everybodys || got.Size != len(pdf)+1 || got.Hash == "" {
			t.Errorf("%s in %s: %+v", tc.id, tc.language, got)
		}
	}
	if faults := c.CheckAttached(a, "campaigns/resilience", readers("fr", "en", "es")); len(faults) > 0 {
		t.Error(faults)
	}
	changed, _ := c.ReadAttached(folder(map[string]string{"attachments/all.pdf": pdf + "5"}), "campaigns/resilience")
	if f, _ := changed.For("PER", "es"); f.Hash == a.Files[len(a.Files)-1].Hash {
		t.Error("another content has the same hash")
	}
	for _, list := range []string{"x", "00 1 a.pdf\n", strings.Repeat("0", 64) + " -1 a.pdf\n", strings.Repeat("0", 64) + " 1 \n"} {
		if _, err := ParseAttached(list); err == nil {
			t.Errorf("%q is read", list)
		}
	}
}

// TestAttachmentFaults: everything that is wrong with attachments is said at once, each with its file and what to do.
func TestAttachmentFaults(t *testing.T) {
	c := good(t)
	fsys := folder(map[string]string{
		"attachments/KEN.pdf": "<html>", "attachments/PER.pdf": pdf[:60], "attachments/all.pt.pdf": pdf, "attachments/FRA.fr.pdf": pdf,
		"attachments/CIV.en.pdf": pdf, "attachments/KNE.pdf": pdf, "attachments/notes.txt": "x", "attachments/CIV.fr.pdf": "",
		"attachments/all.en.pdf": "%PDF-1.7\ntrailer <</Root 1 0 R/Encrypt 12 0 R>>\n%%EOF", "attachments/all.es.pdf": pdf + strings.Repeat("x", 3<<20) + "%%EOF",
		"attachments/sub/all.fr.pdf": pdf, "attachments/CIV.pdf.exe": "x",
	})
	a, faults := c.ReadAttached(fsys, "campaigns/resilience")
	faults = append(faults, c.CheckAttached(a, "campaigns/resilience", readers("fr", "en", "es"))...)
	faults.Sort()
	var got []string
	for _, f := range faults {
		got = append(got, strings.ReplaceAll(f.Error(), "campaigns/resilience/attachments", ""))
	}
	want := []string{
		": CIV: no file goes with its letter: add CIV.fr.pdf, or all.fr.pdf for everybody who reads fr",
		": KEN: no file goes with its letter: add KEN.en.pdf, or all.en.pdf for everybody who reads en",
		": PER: no file goes with its letter: add PER.es.pdf, or all.es.pdf for everybody who reads es",
		"/CIV.en.pdf: warning: goes with no letter: CIV is written to in fr",
		"/CIV.fr.pdf: is empty: save the PDF again",
		"/CIV.pdf.exe: names nobody: an attachment is named DONOR.LANG.pdf, DONOR.pdf, all.LANG.pdf or all.pdf, for example KEN.fr.pdf",
		"/FRA.fr.pdf: FRA is not written to in this campaign: remove the file, or add the State to the audience",
		"/KEN.pdf: is not a PDF, whatever its name: export it as PDF",
		`/KNE.pdf: "KNE" is no donor of this campaign: did you mean KEN (Kenya), KNA (Saint Kitts and Nevis) or MNE (Montenegro)?`,
		"/PER.pdf: is a PDF without its end: it was cut off, so save or copy it again",
		"/all.en.pdf: is encrypted, and readers would be asked for a password: export it without protection",
		"/all.es.pdf: has 3.0 MB, and an attachment may have 3 (attachments.max_mb): make it smaller",
		`/all.pt.pdf: "pt" is no language of this campaign (there are: en, es, fr): rename the file`,
		"/notes.txt: names nobody: an attachment is named DONOR.LANG.pdf, DONOR.pdf, all.LANG.pdf or all.pdf, for example KEN.fr.pdf",
		"/sub: names nobody: an attachment is named DONOR.LANG.pdf, DONOR.pdf, all.LANG.pdf or all.pdf, for example KEN.fr.pdf",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, faults = c.ReadAttached(folder(nil), "campaigns/resilience")
	if want := `campaign.yaml:50:23: attachments.folder: "attachments" there is no such folder beside campaign.yaml: make it and put the PDF files there`; faults.Error() != want {
		t.Errorf("%v\nwant %s", faults, want)
	}
}

// TestAttachedTogether: what is small enough one by one may be too much together.
func TestAttachedTogether(t *testing.T) {
	c := good(t)
	files := map[string]string{}
	big := pdf + strings.Repeat("x", 3<<20-2*len(pdf)) + "%%EOF"
	for range 22 {
		files["attachments/"+strings.Repeat("A", len(files)+3)+".pdf"] = big
	}
	_, faults := c.ReadAttached(folder(files), "campaigns/resilience")
	if want := "campaigns/resilience/attachments: the files have 65 MB together, and at most 64 MB are kept for one campaign: make them smaller, or use one file for all"; faults.Error() != want {
		t.Errorf("%v\nwant %s", faults, want)
	}
}

// TestNotEncrypted: a file that only speaks of encryption is none that is.
func TestNotEncrypted(t *testing.T) {
	for text, want := range map[string]bool{
		"/Encrypt 4 0 R": true, "/Encrypt\r\n4  0\nR": true, "/Encrypt<</V 4>>": true,
		"/EncryptMetadata false": false, "(about /Encrypt in trailers)": false, "/Encrypt 4 R": false,
	} {
		if got := encrypted.MatchString(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

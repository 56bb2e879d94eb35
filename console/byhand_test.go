package console

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"outreach.example/console/intake"
	"outreach.example/donor"
)

// folderDesk is a desk with a project folder.
type folderDesk struct {
	noDesk
	folder intake.Folder
}

func (d folderDesk) Imports() intake.Folder { return d.folder }

const twoContacts = "donor,email,rank,name,gender,verified\nKEN,mission@ken.example,ambassador,Ada Alder,f,2026-11-02\nKEN,desk@ken.example,office,,,\n"

// withFolder gives the console a project folder, whose file it returns.
func (o *office) withFolder() (file string) {
	o.t.Helper()
	dir := o.t.TempDir()
	file = filepath.Join(dir, "contacts.csv")
	if err := os.WriteFile(file, []byte(twoContacts), 0o600); err != nil {
		o.t.Fatal(err)
	}
	o.c.Desk = folderDesk{folder: intake.Folder{Dir: dir, Now: o.c.Now, Fresh: donor.Fresh}}
	return file
}

func content(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// base is what a page's form was filled from.
func (b *browser) base(path string) string {
	b.t.Helper()
	_, rest, _ := strings.Cut(b.get(path).Body.String(), `name="base" value="`)
	base, _, _ := strings.Cut(rest, `"`)
	if len(base) != 64 {
		b.t.Fatalf("%s holds no base: %q", path, base)
	}
	return base
}

// Nothing is written before somebody with the role has seen the difference and said why, nor for a form of another site.
func TestContactIsWrittenByItsFormOnly(t *testing.T) {
	o := openOffice(t, plainAddress)
	file := o.withFolder()
	editor := o.as("editor")
	const path = "/tables/contacts/KEN"
	base := editor.base(path + "?row=1")
	form := []string{"was", "mission@ken.example", "base", base, "email", "mission@ken.example", "rank", "ambassador", "name", "Ada Aspen", "gender", "f", "verified", "2026-11-02", "gets", "letter"}
	with := func(more ...string) []string { return append(append([]string{}, form...), more...) }
	for _, tt := range []struct {
		name string
		who  string
		form []string
		code int
		want string
	}{
		{"a viewer", "viewer", with("do", "take", "reason", "x"), http.StatusForbidden, "Not for your role"},
		{"an approver", "approver", with("do", "take", "reason", "x"), http.StatusForbidden, "Not for your role"},
		{"only looking", "editor", with("do", "show"), http.StatusOK, "name Ada Alder Ada Aspen"},
		{"no reason", "editor", with("do", "take"), http.StatusUnprocessableEntity, "Write why, one line"},
		{"a reason of two lines", "editor", with("do", "take", "reason", "a\nb"), http.StatusUnprocessableEntity, "Write why on one line"},
		{"back to the form", "editor", with("do", "edit", "reason", "x"), http.StatusOK, "This contact gets"},
		{"no button of the page", "editor", with("do", "drop"), http.StatusBadRequest, "The form could not be read"},
		{"nothing else than before", "editor", []string{"was", "mission@ken.example", "base", base, "gets", "letter", "do", "take", "reason", "x"}, http.StatusUnprocessableEntity, "Nothing would change"},
	} {
		w := o.as(tt.who).post(path, tt.form...)
		if got := said(w); w.Code != tt.code || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %d %s", tt.name, w.Code, got)
		}
	}
	for name, header := range map[string]map[string]string{"another site": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, "no token": nil} {
		editor.header = header
		values := url.Values{"do": {"take"}, "reason": {"x"}}
		for i := 0; i < len(form); i += 2 {
			values.Set(form[i], form[i+1])
		}
		if header != nil {
			values.Set("token", o.as("editor").token())
		}
		for _, p := range []string{path, "/tables/holidays"} {
			if w := editor.do(http.MethodPost, p, values); w.Code != http.StatusForbidden {
				t.Errorf("%s at %s: %d", name, p, w.Code)
			}
		}
	}
	editor.header = nil
	if got := content(t, file); got != twoContacts {
		t.Errorf("written: %q", got)
	}
	if w := editor.post(path, with("do", "take", "reason", "she married")...); w.Code != http.StatusSeeOther {
		t.Errorf("confirmed: %d %s", w.Code, said(w))
	}
	if got := content(t, file); got != strings.Replace(twoContacts, "Ada Alder", "Ada Aspen", 1) {
		t.Errorf("after it: %q", got)
	}
	if w := editor.get("/tables/contacts/UTO"); w.Code != http.StatusNotFound {
		t.Errorf("a donor that is none: %d", w.Code)
	}
	if w := editor.get("/tables/contacts?donor=kenya"); w.Header().Get("Location") != path {
		t.Errorf("a State by its name: %d %q", w.Code, w.Header().Get("Location"))
	}
}

// Of two people who change the same table, the one who read the older version is told who was first, sees the difference to the
// file as it is now, and loses nothing of theirs.
func TestTwoPeopleChangeContacts(t *testing.T) {
	o := openOffice(t, plainAddress)
	file := o.withFolder()
	o.add("bea", "editor")
	ada, bea := o.as("editor"), o.as("bea")
	const path = "/tables/contacts/KEN"
	opened := ada.base(path + "?row=2")
	removal := []string{"was", "desk@ken.example", "base", opened, "remove", "1", "do", "take", "reason", "closed"}
	if w := bea.post(path, "was", "mission@ken.example", "base", opened, "name", "Ada Aspen", "gets", "letter", "do", "take", "reason", "she married"); w.Code != http.StatusSeeOther {
		t.Fatalf("the first: %d %s", w.Code, said(w))
	}
	w := ada.post(path, removal...)
	if got := said(w); w.Code != http.StatusUnprocessableEntity || !strings.Contains(got, "Nothing was written: bea changed contacts.csv since you opened the form") || !strings.Contains(got, "desk@ken.example") {
		t.Errorf("the second: %d %s", w.Code, got)
	}
	if got := content(t, file); !strings.Contains(got, "Ada Aspen") || !strings.Contains(got, "desk@ken.example") {
		t.Errorf("after the refusal: %q", got)
	}
	removal[3] = o.as("bea").base(path + "?row=2")
	if w := ada.post(path, removal...); w.Code != http.StatusSeeOther {
		t.Errorf("looked at again: %d %s", w.Code, said(w))
	}
	if got := content(t, file); !strings.Contains(got, "Ada Aspen") || strings.Contains(got, "desk@ken.example") {
		t.Errorf("after both: %q", got)
	}
	if w := bea.post(path, removal...); w.Code != http.StatusUnprocessableEntity || !strings.Contains(said(w), "any more: somebody changed the table meanwhile") {
		t.Errorf("a contact that is gone: %d %s", w.Code, said(w))
	}
}

// What a form holds is refused beside its field, whatever it is, and shown again as text.
func TestHostileForms(t *testing.T) {
	o := openOffice(t, plainAddress)
	file := o.withFolder()
	editor := o.as("editor")
	const path = "/tables/contacts/KEN"
	base := editor.base(path + "?row=1")
	for name, want := range map[string]string{
		"=HYPERLINK(\"https://evil.example\")": "begins as a formula of a spreadsheet",
		"Ada\r\nBcc: x@evil.example":           "Control character U+000A",
		strings.Repeat("n", 10_000):            "keep it to 500",
		"<script>alert(1)</script>\x00":        "U+FFFD in field",
	} {
		w := editor.post(path, "was", "mission@ken.example", "base", base, "name", name, "rank", "ambassador", "gender", "f", "email", "mission@ken.example", "gets", "letter", "do", "take", "reason", "x")
		body := w.Body.String()
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(said(w), want) || !strings.Contains(body, `href="#name"`) || strings.Contains(body, "<script>alert") {
			t.Errorf("%.30q: %d %.600s", name, w.Code, said(w))
		}
	}
	if got := content(t, file); got != twoContacts {
		t.Errorf("written: %q", got)
	}
	for _, tt := range []struct{ place, day, name, field, want string }{
		{"../../etc/passwd", "2026-12-12", "x", "place", "there is no place"},
		{"geneva", "12.12.2026", "x", "day", "is not a day"},
		{"geneva", "2026-12-12", "x\ny", "name", "on one line"},
		{"geneva", "2026-12-12", "x", "whole", "the holidays of 2026 are not known there yet"},
	} {
		w := editor.post("/tables/holidays", "place", tt.place, "day", tt.day, "name", tt.name, "do", "take", "reason", "x")
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(strings.ToLower(said(w)), tt.want) || !strings.Contains(w.Body.String(), `href="#`+tt.field+`"`) {
			t.Errorf("%+v: %d %s", tt, w.Code, said(w))
		}
	}
	if w := o.as("viewer").post("/tables/holidays", "do", "take"); w.Code != http.StatusForbidden {
		t.Errorf("a viewer: %d", w.Code)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(file), "holidays")); err == nil {
		t.Error("a file of holidays was made")
	}
	if w := editor.post("/tables/holidays", "place", "ken", "day", "2026-12-12", "name", "Jamhuri Day", "whole", "1", "do", "take", "reason", "the decree"); w.Code != http.StatusSeeOther {
		t.Errorf("a right one: %d %s", w.Code, said(w))
	}
	if got := content(t, filepath.Join(filepath.Dir(file), "holidays", "KEN.yaml")); !strings.Contains(got, `  - {day: 2026-12-12, name: "Jamhuri Day"}`) {
		t.Errorf("written: %s", got)
	}
}

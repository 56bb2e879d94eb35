package main

import (
	"archive/zip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// unpack writes the files of an evidence pack below a folder and returns the pack's own.
func unpack(t *testing.T, file, into string) string {
	t.Helper()
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	top := ""
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(into, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o644); err != nil {
			t.Fatal(err)
		}
		top, _, _ = strings.Cut(f.Name, "/")
	}
	return filepath.Join(into, top)
}

func checkPack(dir string) (says string, sound bool) {
	for _, c := range [][]string{{"sha256sum", "--quiet", "-c", "SHA256SUMS"}, {"python3", "check.py"}} {
		cmd := exec.Command(c[0], c[1:]...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if says += string(out); err != nil {
			return says, false
		}
	}
	return says, true
}

// A stranger with sha256sum and python3 can prove that the bytes that left are what was approved, and finds whatever is
// changed afterwards.
func TestEvidencePack(t *testing.T) {
	t.Parallel()
	f := newField(t, false)
	copies := t.TempDir()
	f.env["OUTREACH_REGISTRY_COPIES"] = copies
	start(t, f.env, "scheduler")
	start(t, f.env, "worker")
	until(t, "175 sent", func() bool { return f.status(t).Sent == 175 })
	must(t, f.env, "record", "pledge", "KEN", "--amount", "2500000", "--currency", "USD", "--note", "by note verbale")
	must(t, f.env, "hold", "KEN", "--reason", "visit")
	exact := ""
	for i, m := range f.box.Letters() {
		if strings.Contains(strings.ToUpper(m.MessageID), ".KEN.") {
			exact = string(m.Data)
			if err := os.WriteFile(filepath.Join(copies, "copy.eml"), m.Data, 0o644); err != nil {
				t.Fatal(i, err)
			}
		}
	}
	work := t.TempDir()
	first, second := filepath.Join(work, "ken.zip"), filepath.Join(work, "again.zip")
	out := must(t, f.env, "export", "evidence", "ken", "--out", first)
	if !strings.Contains(out, "letters that left: 1, registry copies of them: 1") {
		t.Error(out)
	}
	dir := unpack(t, first, work)
	says, sound := checkPack(dir)
	if !sound || !strings.Contains(says, ", 0 faults") {
		t.Errorf("the pack is not sound:\n%s", says)
	}
	read := func(name string) string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got := read("letters/appeal/registry-copy-1.eml"); got != exact || exact == "" {
		t.Errorf("the registry copy is not what the relay took: %d and %d bytes", len(got), len(exact))
	}
	for name, want := range map[string]string{
		"letters/appeal/letter.txt": "Republic of Kenya", "letters/appeal/row.json": `"relay_said": "250 2.0.0 taken"`,
		"letters/appeal/facts.csv": "IOM", "case.json": "by note verbale", "README.txt": "donor KEN, campaign resilience",
		"timeline.txt": "approve",
	} {
		if !strings.Contains(read(name), want) {
			t.Errorf("%s does not say %q:\n%s", name, want, read(name))
		}
	}
	line := read("timeline.txt")
	for _, want := range []string{"plan", "start", "settle", "record", "donor:KEN; visit"} {
		if !strings.Contains(line, want) {
			t.Errorf("the time line does not tell of %s:\n%s", want, line)
		}
	}

	// Whoever changes a file and its sum is found by the chain behind it.
	for _, forged := range []struct{ file, was, is, says string }{
		{"letters/appeal/content.bin", "Kenya", "Kenia", "is not the letter that was approved"},
		{"audit.jsonl", "by note verbale", "by telephone...", "does not fit its chain hash"},
	} {
		kept := read(forged.file)
		changed := strings.Replace(kept, forged.was, forged.is, 1)
		if changed == kept {
			t.Fatalf("%s does not hold %q", forged.file, forged.was)
		}
		write := func(content string) {
			if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(forged.file)), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			sums := exec.Command("sh", "-c", "find . -type f ! -name SHA256SUMS | sed 's|^./||' | LC_ALL=C sort | xargs sha256sum > SHA256SUMS")
			sums.Dir = dir
			if out, err := sums.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
		write(changed)
		if says, sound := checkPack(dir); sound || !strings.Contains(says, forged.says) {
			t.Errorf("%s changed: %s", forged.file, says)
		}
		write(kept)
	}

	must(t, f.env, "export", "evidence", "KEN", "--out", second)
	if again, sound := checkPack(unpack(t, second, t.TempDir())); !sound {
		t.Error(again)
	}
	if _, errs, code := outreach(t, f.env, "export", "evidence", "Kenya"); code != 4 || !strings.Contains(errs, "did you mean KEN") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

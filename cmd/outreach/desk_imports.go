package main

import (
	"path"
	"path/filepath"

	"outreach.example/console/intake"
)

// Imports is the project folder that outreach import writes.
func (d *consoleDesk) Imports() intake.Folder { return d.app.intake() }

// Campaigns are those that outreach plan can be asked for.
func (d *consoleDesk) Campaigns() ([]string, error) {
	found, err := filepath.Glob(filepath.Join(d.app.dir, "campaigns", "*", "campaign.yaml"))
	var names []string
	for _, f := range found {
		names = append(names, path.Base(filepath.ToSlash(filepath.Dir(f))))
	}
	return names, err
}

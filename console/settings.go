package console

import "strings"

// SettingsDesk is what the page of settings asks.
type SettingsDesk interface {
	// Settings lists every setting as a person may see it: of a secret, that it is set.
	Settings() []Setting
}

// A Setting is one setting of the program.
type Setting struct{ Key, Value, From, Environment, Meaning string }

func (c *Console) settingsRoutes() []route {
	return []route{
		{"GET /settings", See, c.settingsPage}, // the foot of every page
		{"GET /help", See, c.helpPage},         // the foot of every page, and each page's own part of it
	}
}

type settingsList struct {
	frame
	Settings []Setting
}

func (c *Console) settingsPage(v *visit) error {
	return v.show("settings.html", settingsList{v.frame("Settings"), c.Desk.Settings()})
}

// A topic is the help of one page.
type topic struct{ Anchor, Path, Title, Text string }

// topics are the help in place: each page has its own, and the page of help all of them, in the order of the sections. A
// page without its own has that of the page above it.
var topics = []topic{
	{"overview", "/", "Overview", "How much was pledged, where every Member State stands, and what waits for a person. A tile leads to the State. Colour and pattern say the same; the key above the tiles names them."},
	{"campaigns", "/campaigns", "Campaigns", "Every campaign with its letters by state; the states add up to the total. Sent means that the mail server accepted the letter, no more. Pause stops a campaign at once; letters past the commit point may still arrive, and the page says how many."},
	{"texts", "/texts", "Texts", "Every text of a campaign in its languages, paragraph beside paragraph: what one language lacks, and what was changed in one since the approval and not in another. The folder's files are shown as they are, with their faults; an edition's as it was planned. Change a text in its file; letters change when the campaign is planned again and another person approves it."},
	{"letter", "/letter", "Letter", "One letter: as text, as its reader sees it, and beside the text that it is written from. The checks are made while the page is, by what checked the letter before it left. Before a worker has written it, it is shown as it would read."},
	{"calendar", "/campaigns/calendar", "Calendar", "When each letter leaves, or left, by the clocks, the weekend and the holidays of the place where it is read, if nobody answers, holds or pauses it. Hatched days are days of rest and say why. A day of the table leads to its letters, each with the reason for its moment."},
	{"approvals", "/approvals", "Approvals", "An edition is everything that will leave: texts, figures, addresses. Whoever planned it cannot approve it. Look at what changed and at the letters, then approve, or send it back with a reason."},
	{"doubts", "/doubts", "In doubt", "Letters of which nobody knows whether they left. Evidence settles most by itself. A person decides the others half an hour later: sent, send it again, or give it up. Sending again may double a letter; ask the State first."},
	{"tasks", "/tasks", "Tasks", "What only a person can do. Take a task so that nobody else does it too; close it with a word on how it went. It closes by itself when its reason is gone."},
	{"reports", "/reports", "Weekly report", "Where a campaign stands, by group and region, with the date of the data. Pledges and receipts stand side by side and are never added. Print the page, or keep the workbook."},
	{"contacts", "/contacts", "Contacts", "Who letters go to: the first contact of a donor is the addressee, the others get a copy. They are rows of contacts.csv; changes count from the next plan on, which another person approves."},
	{"contributions", "/contributions", "Contributions", "What each donor gave; the ask of a letter is reckoned from the year and the kind that the campaign file names."},
	{"holidays", "/holidays", "Holidays", "Days on which no letter leaves, by the place where it is read, and quiet days of the whole organisation."},
	{"suppressions", "/suppressions", "Do not write", "Addresses that get no letter any more, with reason, source and date. It beats everything else."},
	{"imports", "/imports", "Imports", "Contacts and contributions from Excel or a CSV file. First you see what would change, and every fault with its row; then you confirm. The version before is kept, and the last import can be taken back. No letter changes before the campaign is planned again and another person approves it."},
	{"by-hand", "/tables", "Contacts and holidays by hand", "One contact or one holiday, without a spreadsheet. First you see what would change and what is wrong, beside each field; then you confirm, and say why. It is kept and taken back as an import is, on the page Imports, and no letter changes before the campaign is planned again and another person approves it."},
	{"relays", "/relays", "Relays", "The mail servers that letters are handed to. A relay that fails is left alone for a while by itself; one that was held stays so until an operator frees it."},
	{"audit", "/audit", "Audit", "Who did what, and when. Each entry is chained to the one before by its hash, so that none can be changed unseen."},
	{"people", "/people", "People", "Who may sign in, and as what. One person, one name: nobody approves what was written under the same name."},
	{"settings", "/settings", "Settings", "What the program was told, and where it read it. An operator changes settings in outreach.yaml or the environment and starts the program again; secrets are never shown."},
}

// help is the help of the page at an address: the topic whose address begins it and is longest.
func help(path string) topic {
	if strings.HasPrefix(path, "/campaigns/") && strings.HasSuffix(path, "/calendar") {
		path = "/campaigns/calendar" // one for all campaigns
	}
	var best topic
	for _, t := range topics {
		if (path == t.Path || t.Path != "/" && len(path) > len(t.Path) && path[:len(t.Path)] == t.Path && path[len(t.Path)] == '/') && len(t.Path) > len(best.Path) {
			best = t
		}
	}
	return best
}

type helpList struct {
	frame
	Topics []topic
}

func (c *Console) helpPage(v *visit) error {
	return v.show("help.html", helpList{v.frame("Help"), topics})
}

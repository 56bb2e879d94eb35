package console

import (
	"net/http"
	"strings"

	"outreach.example/ledger"
)

func (c *Console) taskRoutes() []route {
	return []route{
		{"GET /tasks", See, c.tasksPage}, // the section; what waits on the overview
		{"POST /tasks", Record, c.task},  // the buttons of its rows
	}
}

// tasksPage lists what waits for a person, the ones to be done first coming first.
type tasksPage struct {
	frame
	View      view
	Tasks     []ledger.Task
	Pager     pager
	Campaigns []string
	Note      string // that was typed for Wrong
	Wrong     string // the task whose form has a problem
}

// taskMeans says in a few words what each kind of task asks.
var taskMeans = map[ledger.TaskKind]string{
	ledger.TaskCall:      "Telephone the mission",
	ledger.TaskAddress:   "Find another address",
	ledger.TaskUnclear:   "Decide what a mail says",
	ledger.TaskMeeting:   "Arrange a meeting",
	ledger.TaskComplaint: "Answer a complaint",
	ledger.TaskCanary:    "Look at a first letter that others wait for",
}

// Means is what a task asks; for templates.
func (p tasksPage) Means(k ledger.TaskKind) string { return taskMeans[k] }

// Late says whether a person should have looked by now.
func (p tasksPage) Late(t ledger.Task) bool { return t.Open && t.Due.Before(p.Now) }

const taskRows = 100

func (c *Console) tasksPage(v *visit) error { return v.tasks(http.StatusOK, nil, "", "") }

func (v *visit) tasks(status int, form *problems, id, note string) error {
	p := tasksPage{frame: v.frame("Tasks"), View: v.view(), Note: note, Wrong: id}
	p.problems, p.Live = form, form == nil
	var err error
	if p.Campaigns, err = v.Ledger.Campaigns(v.ctx); err != nil {
		return err
	}
	all, err := v.Ledger.Tasks(v.ctx, p.View.Get("campaign"), strings.ToUpper(p.View.Get("donor")))
	if err != nil {
		return err
	}
	var fit []ledger.Task
	for _, t := range all {
		closed, mine := p.View.Get("show") == "closed", p.View.Get("show") == "mine"
		if t.Open != closed && (!mine || ledger.NameOf(t.TakenBy) == v.Person.Name) {
			fit = append(fit, t)
		}
	}
	p.Tasks, p.Pager = cut(p.View, fit, taskRows)
	return v.showAs(status, "tasks.html", p)
}

// task takes a task, or closes it with a word on how it went.
func (c *Console) task(v *visit) error {
	form := &problems{}
	id := v.value("id")
	note, said := "", ""
	var err error
	switch v.value("do") {
	case "take":
		said = "It is yours now."
		_, err = c.Ledger.TakeTask(v.ctx, v.who(), id)
	case "done":
		if note = v.line(form, "note", "how it went", true); form.none() {
			said = "Done."
			_, err = c.Ledger.CloseTask(v.ctx, v.who(), id, note)
		}
	default:
		return refused("unread")
	}
	if err != nil {
		if err := form.refuse("note", err); err != nil {
			return err
		}
	}
	if !form.none() {
		return v.tasks(http.StatusUnprocessableEntity, form, id, note)
	}
	return v.to("/tasks", said)
}

package console

import (
	"errors"
	"net/http"

	"outreach.example/donor"
	"outreach.example/ledger"
)

// fault is what a page says instead of what was asked for: a code for the machine, a sentence for the person.
type fault struct {
	status      int
	title, text string
}

func (f fault) Error() string { return f.title }

// faults are those that have a name.
var faults = map[string]fault{
	"missing":   {http.StatusNotFound, "Page not found", "There is no page at this address. If you typed it, check it; if you followed a link, what it led to may be gone."},
	"method":    {http.StatusMethodNotAllowed, "Not in this way", "This address does not take that kind of request. Go back and use the page's own buttons."},
	"role":      {http.StatusForbidden, "Not for your role", "Your roles do not allow this. An admin can change them on the page People."},
	"elsewhere": {http.StatusForbidden, "This form came from elsewhere", "The console takes forms from its own pages only. Open the page here and send the form again."},
	"stale":     {http.StatusForbidden, "This form is from before you signed in", "Nothing was changed. Go back, reload the page and send the form again."},
	"large":     {http.StatusRequestEntityTooLarge, "That is too much", "The form holds more than the console takes. Nothing was changed."},
	"unread":    {http.StatusBadRequest, "The form could not be read", "Nothing was changed. Go back, reload the page and send the form again."},
	"link":      {http.StatusNotFound, "This link is used up", "The link is wrong, was used already, or is older than a day. Ask an admin for a new one, or type: outreach people reset NAME"},
}

// refused is the fault with a name.
func refused(name string) error { return faults[name] }

// notFound is a page about something that is not there.
func notFound(text string) error {
	return fault{http.StatusNotFound, "Not found", text}
}

// faultOf makes what a person reads of an error. What they need not know goes to the log.
func (c *Console) faultOf(r *http.Request, err error) fault {
	var f fault
	var refusal ledger.Refusal
	var found donor.Faults
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &refusal):
		return fault{http.StatusConflict, "Not done", Sentence(withoutCommands(refusal.Error()))}
	case errors.As(err, &found):
		return fault{http.StatusConflict, "Not done", found.Error()}
	case errors.As(err, &large):
		return faults["large"]
	case errors.Is(err, ledger.ErrNoCampaign):
		return fault{http.StatusNotFound, "No such campaign", "No campaign of this name has been planned."}
	}
	id, _ := r.Context().Value(requestID{}).(string)
	c.Log.Error("page failed", "request", id, "path", clean(r.URL.Path), "error", err)
	return fault{
		http.StatusInternalServerError, "This page failed",
		"Nothing is known to be wrong with what you did. Try again in a moment; if it stays, tell an operator this number: " + id,
	}
}

// broken answers where not even the session can be read.
func (c *Console) broken(w http.ResponseWriter, r *http.Request, err error) {
	f := c.faultOf(r, err)
	plainly(w, f.status, f.title+". "+f.text)
}

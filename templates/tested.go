package templates

import (
	"strings"

	"outreach.example/letter"
)

// testMark is how a test of a letter says in a language that it is one.
type testMark struct{ subject, line string }

var testMarks = map[string]testMark{
	"en": {"[Test] ", "This is a test. Nothing was sent to the addressee of this letter."},
	"fr": {"[Essai] ", "Ceci est un essai. Rien n’a été envoyé au destinataire de cette lettre."},
	"es": {"[Prueba] ", "Esto es una prueba. No se ha enviado nada al destinatario de esta carta."},
}

// headOpen begins the letterhead in the layout.
const headOpen = `<table role="presentation" class="letterhead"`

// styleTest is the frame of the mark. Its ink follows the letter's by day and by night.
const styleTest = `<p class="ink" style="margin:0 0 24px;padding:10px 14px;border:2px solid #b8500f;font-family:Arial,Helvetica,sans-serif;font-size:15px;line-height:1.4;font-weight:bold;">`

// MarkTest gives a letter the marks of a test: on its subject, and above its first line in both parts.
func MarkTest(c letter.Content) letter.Content {
	m := testMarks[c.Language]
	c.Subject = m.subject + c.Subject
	c.Text = m.line + "\n\n" + c.Text
	c.HTML = strings.Replace(c.HTML, headOpen, styleTest+string(appendEscaped(nil, []byte(m.line)))+"</p>\n"+headOpen, 1)
	return c
}

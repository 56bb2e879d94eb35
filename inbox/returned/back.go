package returned

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// months by their names in English, French and Spanish, whole and shortened.
var months = map[string]time.Month{}

var monthNames = [12][]string{
	{"january", "jan", "janvier", "janv", "enero", "ene"},
	{"february", "feb", "février", "fevrier", "févr", "fév", "febrero"},
	{"march", "mar", "mars", "marzo"},
	{"april", "apr", "avril", "avr", "abril", "abr"},
	{"may", "mai", "mayo"},
	{"june", "jun", "juin", "junio"},
	{"july", "jul", "juillet", "juil", "julio"},
	{"august", "aug", "août", "aout", "agosto", "ago"},
	{"september", "sept", "sep", "septembre", "septiembre", "setiembre"},
	{"october", "oct", "octobre", "octubre"},
	{"november", "nov", "novembre", "noviembre"},
	{"december", "dec", "décembre", "decembre", "déc", "diciembre", "dic"},
}

var dayMonth, monthDay *regexp.Regexp

func init() {
	var all []string
	for i, names := range monthNames {
		for _, n := range names {
			months[n] = time.Month(i + 1)
			all = append(all, n)
		}
	}
	// The longest first: "mars" is not "mar" and an s.
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	m := `(` + strings.Join(all, "|") + `)\b\.?`
	year := `(?:,?\s+(?:de\s+|del\s+)?(\d{4}))?`
	dayMonth = regexp.MustCompile(`\b(\d{1,2})(?:st|nd|rd|th|er|º|°)?\.?\s*(?:of\s+|de\s+)?` + m + year)
	monthDay = regexp.MustCompile(`\b` + m + `\s+(\d{1,2})(?:st|nd|rd|th)?\b` + year)
}

var (
	isoDay    = regexp.MustCompile(`\b(20\d\d)-(\d{2})-(\d{2})\b`)
	numberDay = regexp.MustCompile(`\b(\d{1,2})([/.])(\d{1,2})[/.](\d{4}|\d{2})\b`)
)

// What stands before the day on which somebody is back, and before the last day of an absence. Both in the three
// languages of the letters.
var (
	backWords  = regexp.MustCompile(`(\bback\b|\breturn(ing|s)?\b|\bresum(e|ing)\b|available (again )?(from|on|as of)|in the office (again )?(from|on|as of)|at work (again )?(from|on)|de retour|reviendrai|revenir|\bretour\b|reprendrai|reprise|disponible (à nouveau )?(à partir|à compter|dès)|\bregres(o|aré|aremos|ar|e)\b|vuelvo|volveré|de vuelta|reincorpor\S*|retomaré|disponible (nuevamente )?a partir)[^.!?\n]{0,50}$`)
	untilWords = regexp.MustCompile(`(\buntil\b|\btill\b|\bthrough\b|\bthru\b|up to( and including)?|\bjusqu['’ ]?(au|à|en)\b|\bhasta\b)[^.!?\n\d]{0,30}$|(\bto\b|\bau\b|\bal\b|[-–—])\s*(and including\s+|(le|el)\s+|(monday|tuesday|wednesday|thursday|friday|saturday|sunday|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo),?\s+)?$`)
)

// back reads the first day on which the writer of an automatic answer is there again. A day that can be read two ways, is
// over, or lies more than a year ahead, is none.
func (m *Mail) back() {
	if m.Date.IsZero() {
		return
	}
	text := strings.ToLower(shorten(m.Subject+".\n"+m.Text, 8<<10))
	text = strings.ReplaceAll(text, "\u00a0", " ")
	text = singleBreaks(text)
	wrote := m.Date.Truncate(24 * time.Hour)
	doubtful := ""
	consider := func(at int, day time.Time) {
		before := text[max(0, at-90):at]
		switch {
		case backWords.MatchString(before):
		case untilWords.MatchString(before):
			day = day.AddDate(0, 0, 1)
		default:
			return
		}
		if day.After(wrote) && day.Before(wrote.AddDate(1, 0, 1)) && day.After(m.Back) {
			m.Back = day
		}
	}
	for _, f := range dayMonth.FindAllStringSubmatchIndex(text, 30) {
		consider(f[0], m.day(group(text, f, 3), months[group(text, f, 2)], group(text, f, 1)))
	}
	for _, f := range monthDay.FindAllStringSubmatchIndex(text, 30) {
		consider(f[0], m.day(group(text, f, 3), months[group(text, f, 1)], group(text, f, 2)))
	}
	for _, f := range isoDay.FindAllStringSubmatchIndex(text, 30) {
		consider(f[0], m.day(group(text, f, 1), time.Month(number(group(text, f, 2))), group(text, f, 3)))
	}
	for _, f := range numberDay.FindAllStringSubmatchIndex(text, 30) {
		a, b, year := number(group(text, f, 1)), number(group(text, f, 3)), group(text, f, 4)
		if len(year) == 2 {
			year = "20" + year
		}
		day, month := a, b
		switch {
		case a > 12, a == b, group(text, f, 2) == ".", latin.MatchString(text):
		case b > 12:
			day, month = b, a
		default:
			doubtful = group(text, f, 0)
			continue
		}
		consider(f[0], m.day(year, time.Month(month), strconv.Itoa(day)))
	}
	switch {
	case !m.Back.IsZero():
		m.because("back on %s, as it says", m.Back.Format(Day))
	case doubtful != "":
		m.because("its day %s can be read two ways, so it is not used", doubtful)
	}
}

// latin are words of French and Spanish texts, which write the day before the month.
var latin = regexp.MustCompile(`\b(absent|absente|bonjour|retour|jusqu|merci|estaré|hasta|gracias|ausente|regreso|oficina|bureau)\b`)

// singleBreaks joins the lines of a paragraph.
func singleBreaks(s string) string {
	paragraphs := strings.Split(s, "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = strings.ReplaceAll(p, "\n", " ")
	}
	return strings.Join(paragraphs, "\n")
}

func group(s string, f []int, n int) string {
	if f[2*n] < 0 {
		return ""
	}
	return s[f[2*n]:f[2*n+1]]
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// day is a date; one without a year is the next one from the day the mail was written. The zero time is none: 31 February.
func (m *Mail) day(year string, month time.Month, day string) time.Time {
	d, y := number(day), number(year)
	guess := y == 0
	if guess {
		y = m.Date.Year()
	}
	t := time.Date(y, month, d, 0, 0, 0, 0, time.UTC)
	if t.Day() != d || t.Month() != month {
		return time.Time{}
	}
	// A day of some weeks ago is one that is over, and not next year's.
	if guess && t.Before(m.Date.AddDate(0, -6, 0)) {
		t = t.AddDate(1, 0, 0)
	}
	return t
}

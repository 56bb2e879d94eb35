package templates

import (
	"strconv"
	"strings"
	"time"

	"outreach.example/donor"
)

// printDate writes a day as a letter shows it, with no-break spaces inside.
func (p *profile) printDate(d donor.Date) string {
	day := strconv.Itoa(d.Day)
	if d.Day == 1 && p.firstDay != "" {
		day = p.firstDay
	}
	return fill(p.date, "{day}", day, "{month}", p.months[d.Month-time.January], "{year}", strconv.Itoa(d.Year))
}

// plain writes a whole number in figures, with the language's separator between every three digits.
func (p *profile) plain(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, c := range digits {
		if left := len(digits) - i; i > 0 && left%3 == 0 {
			b.WriteString(p.group)
		}
		b.WriteRune(c)
	}
	return b.String()
}

// number writes a whole number that is not negative: with a word such as million where two decimals of it say the
// number exactly, in figures otherwise. It never rounds. worded says which of the two it did.
func (p *profile) number(n int64) (s string, worded bool) {
	for _, sc := range p.scales {
		hundredth := sc.value / 100
		if n < sc.value || n%hundredth != 0 {
			continue
		}
		word := sc.other
		if p.singular(n, sc.value) {
			word = sc.one
		}
		return p.decimals(n/hundredth) + nbsp + word, true
	}
	return p.plain(n), false
}

// decimals writes hundredths, without noughts at the end.
func (p *profile) decimals(hundredths int64) string {
	whole, rest := p.plain(hundredths/100), hundredths%100
	if rest == 0 {
		return whole
	}
	return whole + p.decimal + strings.TrimRight(strconv.FormatInt(100+rest, 10)[1:], "0")
}

// amount writes an amount of money that is not negative, exactly. Where a letter names a currency first, it names it
// in full.
func (p *profile) amount(m donor.Money, first bool) string {
	n, worded := p.units(m)
	name := m.Currency
	if c, ok := p.currency[m.Currency]; ok {
		switch one := !worded && p.singular(m.Minor, 100); {
		case first && one:
			name = c.firstOne
		case first:
			name = c.first
		case one:
			name = c.laterOne
		default:
			name = c.later
		}
	}
	pattern := p.money
	switch {
	case worded && p.elided != "" && p.startsWithVowel(name):
		pattern = p.elided
	case worded:
		pattern = p.millions
	}
	return fill(pattern, "{n}", n, "{currency}", name)
}

// units writes an amount without its currency.
func (p *profile) units(m donor.Money) (s string, worded bool) {
	whole, cents := m.Minor/100, m.Minor%100
	if cents == 0 {
		return p.number(whole)
	}
	return p.plain(whole) + p.decimal + strconv.FormatInt(100+cents, 10)[1:], false
}

// amountRange writes a range of amounts of one currency. Where the currency stands behind figures, it stands once.
func (p *profile) amountRange(low, high donor.Money, first bool) string {
	if low == high {
		return fill(p.amountOnly, "{n}", p.amount(low, first))
	}
	from, worded := p.units(low)
	if _, too := p.units(high); !worded && !too && strings.HasPrefix(p.money, "{n}") {
		return fill(p.amounts, "{low}", from, "{high}", p.amount(high, first))
	}
	return fill(p.amounts, "{low}", p.amount(low, first), "{high}", p.amount(high, false))
}

// percent writes hundredths of a per cent.
func (p *profile) percent(hundredths int64) string {
	return fill(p.perCent, "{n}", p.decimals(hundredths))
}

// percentRange writes a range of whole per cent.
func (p *profile) percentRange(low, high int) string {
	if low == high {
		return fill(p.oneOnly, "{n}", strconv.Itoa(low))
	}
	return fill(p.perCents, "{low}", strconv.Itoa(low), "{high}", strconv.Itoa(high))
}

// fill puts values into the places of a pattern; places and values alternate.
func fill(pattern string, values ...string) string {
	for i := 0; i < len(values); i += 2 {
		pattern = strings.Replace(pattern, values[i], values[i+1], 1)
	}
	return pattern
}

package donor

import (
	"fmt"
	"strconv"
	"strings"
)

// maxUnits is the largest amount, in whole units: no budget reaches it, and ten per cent of it in cents is an int64.
const maxUnits = 1_000_000_000_000_000

// ParseMoney reads an amount as staff write it, digits with a point before cents, in a currency of ISO 4217. Minor
// units are hundredths whatever the currency.
func ParseMoney(amount, currency string) (Money, error) {
	units, cents, point := strings.Cut(amount, ".")
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	switch rest, negative := strings.CutPrefix(amount, "-"); {
	case amount == "":
		return Money{}, fmt.Errorf("no amount: write digits, for example 250000 or 250000.50")
	case negative && digits(strings.Replace(rest, ".", "", 1)):
		return Money{}, fmt.Errorf("%s is negative: write an amount above 0", Quote(amount))
	case !digits(units) || point && !digits(cents):
		return Money{}, fmt.Errorf("%s is not an amount: write digits only, with a point before cents, for example 250000 or 250000.50", Quote(amount))
	case len(cents) > 2:
		return Money{}, fmt.Errorf("%s has %d digits after the point: write no more than 2, for example 250000.50", Quote(amount), len(cents))
	}
	n, err := strconv.ParseInt(units, 10, 64)
	if err != nil || n > maxUnits {
		return Money{}, fmt.Errorf("%s is too large: the limit is %s", Quote(amount), grouped(maxUnits))
	}
	c, _ := strconv.ParseInt((cents + "00")[:2], 10, 64) // digits only, seen above
	if n == 0 && c == 0 {
		return Money{}, fmt.Errorf("%s is nothing: leave it out, or write an amount above 0", Quote(amount))
	}
	if err := CheckCurrency(currency); err != nil {
		return Money{}, err
	}
	return Money{Minor: n*100 + c, Currency: currency}, nil
}

// Decimal is the amount as ParseMoney reads it, without the currency: 250000, or 250000.50 where there are cents.
func (m Money) Decimal() string {
	if m.Minor%100 == 0 {
		return strconv.FormatInt(m.Minor/100, 10)
	}
	return fmt.Sprintf("%d.%02d", m.Minor/100, m.Minor%100)
}

// String shows staff the amount, "USD 250,000"; the words of letters are made by templates.
func (m Money) String() string {
	s := m.Currency + " " + grouped(m.Minor/100)
	if m.Minor%100 != 0 {
		s += fmt.Sprintf(".%02d", m.Minor%100)
	}
	return s
}

// grouped writes a number with a comma between thousands.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

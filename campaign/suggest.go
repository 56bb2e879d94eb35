package campaign

import (
	"strconv"
	"strings"

	"outreach.example/donor"
)

const maxListed = 24 // words that a sentence lists

// didYouMean ends a sentence about a word that nobody knows: with the word that was probably meant, or with all.
func didYouMean(word string, known []string) string {
	if near := donor.Nearest(word, known); near != "" {
		return "did you mean " + strconv.Quote(near) + "?"
	}
	if len(known) > maxListed {
		return "there are: " + strings.Join(known[:maxListed], ", ") + ", ..."
	}
	return "there are: " + strings.Join(known, ", ")
}

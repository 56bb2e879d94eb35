package templates

import (
	"strings"

	"outreach.example/donor"
)

// didYouMean ends a sentence about a word that nobody knows: with the word that was probably meant, or with all.
func didYouMean(word string, known []string) string {
	if near := donor.Nearest(word, known); near != "" {
		return "did you mean " + near + "?"
	}
	return "there are: " + strings.Join(known, ", ")
}

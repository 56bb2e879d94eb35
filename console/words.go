package console

import "strings"

// commands are how sentences of the program lead over to what to type. On a page there is nothing to type: the sentence
// ends before.
var commands = []string{"; type: outreach ", ", type: outreach ", "; another person types: outreach ", ": outreach ", ": add --as"}

// withoutCommands is a sentence of the command line as a page says it.
func withoutCommands(s string) string {
	for _, c := range commands {
		if at := strings.Index(s, c); at > 0 {
			s = s[:at]
		}
	}
	return s
}

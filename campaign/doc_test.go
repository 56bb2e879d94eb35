package campaign

import (
	"regexp"
	"strings"
	"testing"
)

// names lists the keys of a table of the schema.
func names[T any](keys []key[T]) (all []string) {
	for _, k := range keys {
		all = append(all, k.name)
	}
	return all
}

// What a campaign file may say stands in the package comment, in the reference for staff, and in the complete file of
// the tests.
func TestEveryKeyIsDocumented(t *testing.T) {
	comment, _, _ := strings.Cut(read(t, "campaign.go"), "\npackage campaign")
	reference, complete := read(t, "../docs/campaign-file.md"), read(t, "testdata/campaign.yaml")
	for group, keys := range map[string][]string{
		"": names(campaignKeys), "goal": names(goalKeys), "audience": names(audienceKeys), "exclude": names(exclusionKeys),
		"sender": names(mailboxKeys), "signatory": names(signatoryKeys), "opt_out": names(optOutKeys),
		"attachments": names(attachmentKeys), "ask": names(askKeys),
		"schedule": names(scheduleKeys), "steps": names(stepKeys), "variants": names(variantKeys),
	} {
		for _, k := range keys {
			if !regexp.MustCompile(`\b` + k + `\b`).MatchString(comment) {
				t.Errorf("the package comment does not tell %s %s", group, k)
			}
			if !strings.Contains(reference, "`"+k+"`") {
				t.Errorf("docs/campaign-file.md does not tell %s %s", group, k)
			}
			if !strings.Contains(complete, k+":") {
				t.Errorf("testdata/campaign.yaml has no %s %s", group, k)
			}
		}
	}
}

package trial

import (
	"strings"

	"golang.org/x/net/html"
)

// still are elements that can make a browser call another host in spite of a sandbox and a Content-Security-Policy
// (preconnect and DNS prefetch are not covered by either), or that run or load something. None is seen by a reader.
var still = map[string]bool{
	"applet": true, "base": true, "embed": true, "frame": true, "frameset": true, "iframe": true, "link": true,
	"noscript": true, "object": true, "portal": true, "script": true,
}

// wraps are those of them whose content goes with them.
var wraps = map[string]bool{"iframe": true, "noscript": true, "script": true}

// inert is the letter's HTML without those elements' tags, every other byte as it was. It is the third fence: the page
// is also sandboxed, and its policy allows no source.
func inert(source string) string {
	var out strings.Builder
	out.Grow(len(source))
	within := false // an element whose content the tokenizer takes as text, and a browser perhaps not
	for z := html.NewTokenizer(strings.NewReader(source)); ; {
		kind := z.Next()
		raw := string(z.Raw())
		if kind == html.ErrorToken {
			return out.String() // an unfinished last tag is left away
		}
		if kind == html.StartTagToken || kind == html.EndTagToken || kind == html.SelfClosingTagToken {
			name, more := z.TagName()
			if still[string(name)] || string(name) == "meta" && acts(z, more) {
				within = kind == html.StartTagToken && wraps[string(name)]
				continue
			}
		}
		if within && kind == html.TextToken {
			within = false
			continue
		}
		out.WriteString(raw)
	}
}

// acts says whether a meta element tells the browser to do something.
func acts(z *html.Tokenizer, more bool) bool {
	for more {
		var key []byte
		key, _, more = z.TagAttr()
		if string(key) == "http-equiv" {
			return true
		}
	}
	return false
}

package worker

import "runtime/debug"

// LimitMemory bounds the memory of a process whose worker has so many letters in hand, where the environment says nothing of
// it (GOMEMLIMIT, GOGC).
func LimitMemory(inHand int, getenv func(string) string) {
	if getenv("GOMEMLIMIT") == "" {
		// A quarter of this is in use at a time. Where its garbage collector is starved of CPU, letters wait and memory does not
		// grow; each letter in hand takes its bytes twice, and what made them.
		debug.SetMemoryLimit(40<<20 + int64(inHand)<<16)
	}
	if getenv("GOGC") == "" {
		// Memory that is free under the limit saves collections.
		debug.SetGCPercent(140)
	}
}

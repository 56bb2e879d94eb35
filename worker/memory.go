package worker

import "runtime/debug"

// LimitMemory bounds the memory of a process whose worker has so many letters in hand, where the environment says nothing of
// it (GOMEMLIMIT, GOGC).
func LimitMemory(inHand int, getenv func(string) string) {
	if getenv("GOMEMLIMIT") == "" {
		// Twice what is in use: a limit that is met gives pages back and takes them again, which costs more CPU than it saves
		// memory. Where the garbage collector is starved of CPU, letters wait and memory does not grow.
		debug.SetMemoryLimit(56<<20 + int64(inHand)<<16)
	}
	if getenv("GOGC") == "" {
		debug.SetGCPercent(85)
	}
}

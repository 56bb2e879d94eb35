package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"outreach.example/ledger"
	"outreach.example/ledger/intent"
	"outreach.example/worker"
)

// stateFolder is where intent files are unless a setting says otherwise, by the XDG Base Directory Specification.
func (a *app) stateFolder() string {
	if dir := a.getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "outreach", "intents")
	}
	if home := a.getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "outreach", "intents")
	}
	return ""
}

func checkFolder(s string) error {
	if !filepath.IsAbs(s) {
		return fmt.Errorf("%q is not a folder from the root on (for example /var/lib/outreach/intents)", s)
	}
	return nil
}

const noIntents = "there is no folder for the intent files; set OUTREACH_INTENTS to one on a disk of this machine that is kept"

// uselessIntents is the refusal of a folder that intent files cannot be kept in.
func uselessIntents(err error) error {
	return ledger.Refusal(fmt.Sprintf("%v; nothing leaves without one: mend it, or set OUTREACH_INTENTS to another folder", err))
}

// intents opens this process's intent file and adopts those of the dead, first now and then again and again until ctx
// ends. stop is called when the file can be written no more. The function that is returned ends it all, the file last.
func (h *house) intents(ctx context.Context, stop context.CancelCauseFunc) (*intent.File, func(), error) {
	folder := h.config.value["intents"]
	if folder == "" {
		return nil, nil, ledger.Refusal(noIntents)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	at, err := h.ledger.Where(ctx)
	if err != nil {
		return nil, nil, err
	}
	file, err := intent.Open(folder, intent.Options{
		Process: fmt.Sprintf("%s:%d", host, os.Getpid()), Position: ledger.Position{Epoch: at.Epoch}, Now: h.app.now,
	})
	if err != nil {
		return nil, nil, uselessIntents(err)
	}
	adopter := &worker.Adopter{
		Ledger: h.ledger, Folder: folder, Keep: time.Duration(h.config.count("intents_keep")) * 24 * time.Hour, Times: h.times,
		Now: h.app.now, Log: h.log,
	}
	h.adopt(ctx, adopter)
	ctx, end := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(h.times.Adopt)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			h.adopt(ctx, adopter)
			var broken intent.Broken
			if err := file.Ready(); errors.As(err, &broken) {
				stop(broken)
				return
			}
		}
	}()
	return file, func() {
		end()
		<-done
		if err := file.Close(); err != nil {
			h.log.Error("intent file", "error", err)
		}
	}, nil
}

func (h *house) adopt(ctx context.Context, a *worker.Adopter) {
	if err := a.Adopt(ctx); err != nil && ctx.Err() == nil {
		h.log.Error("intent files of the dead are looked at again", "error", err)
	}
}

// examineIntents says what the folder of the intent files is good for.
func examineIntents(folder string) finding {
	f := finding{What: "intent files", Mend: "make " + folder + " a folder that this user may write, or set OUTREACH_INTENTS to one on a disk of this machine that is kept"}
	if folder == "" {
		f.Says, f.Mend = "no folder is set", "set OUTREACH_INTENTS to a folder on a disk of this machine that is kept"
		return f
	}
	h, err := intent.Examine(folder)
	switch {
	case err != nil:
		f.Says = folder + " cannot be used: " + err.Error()
	case h.Free < intent.Floor:
		f.Says = fmt.Sprintf("%s has %d MB free, and no letter leaves below %d MB", folder, h.Free>>20, intent.Floor>>20)
		f.Mend = "make room on its disk, or set OUTREACH_INTENTS to a folder on another"
	case h.Network:
		f.Says = folder + " is on a network disk, where a lock may be lost while its process lives"
		f.Mend = "set OUTREACH_INTENTS to a folder on a disk of this machine"
	default:
		f.Well = true
		f.Says = fmt.Sprintf("%s is written and on the disk, %d MB free; files of living processes: %d, to be adopted: %d, kept: %d",
			folder, h.Free>>20, h.Living, h.Waiting, h.Settled)
	}
	return f
}

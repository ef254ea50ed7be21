package ledger

import (
	"fmt"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestWhatWasAnsweredOutlastsAPowerCut has the file system forget all that was not synced.
func TestWhatWasAnsweredOutlastsAPowerCut(t *testing.T) {
	disk := vfs.NewCrashableMem()
	on := func(fs vfs.FS) *Ledger {
		o := options(nil)
		o.FS = fs
		l, err := open("ledger", o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return l
	}
	l := on(disk)
	var writers sync.WaitGroup
	for i := range 100 {
		writers.Go(func() {
			err := l.Do(t.Context(), func(tx *Tx) error {
				tx.Set(fmt.Appendf(nil, "%03d", i), nil)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	kept := 0
	for _, err := range on(disk.CrashClone(vfs.CrashCloneCfg{})).Scan(nil, nil) {
		if err != nil {
			t.Fatal(err)
		}
		kept++
	}
	if kept != 100 {
		t.Errorf("of 100 answered writes %d are there after the power cut", kept)
	}
}

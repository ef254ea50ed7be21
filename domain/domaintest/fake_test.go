package domaintest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// fakeTB is a test that may fail without failing ours.
type fakeTB struct {
	failures []string
	cleanups []func()
}

func (f *fakeTB) Helper()           {}
func (f *fakeTB) Cleanup(fn func()) { f.cleanups = append(f.cleanups, fn) }
func (f *fakeTB) Errorf(format string, args ...any) {
	f.failures = append(f.failures, fmt.Sprintf(format, args...))
}

func (f *fakeTB) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

// failuresOf runs a test to its end, clean-ups included, and tells how it failed.
func failuresOf(test func(*fakeTB)) string {
	fake := &fakeTB{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(fake)
	}()
	<-done
	for _, clean := range fake.cleanups {
		clean()
	}
	return strings.Join(fake.failures, "\n")
}

// mustFail checks that a test fails and says each of the texts. cmp.Diff writes some spaces as no-break spaces.
func mustFail(t *testing.T, test func(*fakeTB), says ...string) {
	t.Helper()
	failures := strings.ReplaceAll(failuresOf(test), "\u00a0", " ")
	if failures == "" {
		t.Fatal("it passed; it had to fail")
	}
	for _, text := range says {
		if !strings.Contains(failures, text) {
			t.Errorf("the failure does not say %q:\n%s", text, failures)
		}
	}
}

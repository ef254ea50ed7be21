package domain_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ordersaga/ordersaga/domain"
)

type added struct{ N int }

func (added) EventType() string { return "sum.added.v1" }

func TestFoldEvolvesInOrder(t *testing.T) {
	sum := domain.Decider[string, int, added]{
		Evolve: func(s string, e added) string { return fmt.Sprintf("%s%d", s, e.N) },
	}
	if got := sum.Fold("0", added{1}, added{2}, added{3}); got != "0123" {
		t.Errorf("folded to %q", got)
	}
	if got := sum.Fold("0"); got != "0" {
		t.Errorf("nothing changed it to %q", got)
	}
}

func TestMissingEventIsRecognisedThroughWrapping(t *testing.T) {
	wrapped := fmt.Errorf("decide: %w", domain.NotYet(added{}))
	missing, ok := domain.AsNotYet(wrapped)
	if !ok || missing.Type != "sum.added.v1" {
		t.Errorf("got %+v, %v", missing, ok)
	}
	if got := domain.NotYet(added{}).Error(); got != "waits for sum.added.v1" {
		t.Errorf("it says %q", got)
	}
}

func TestOtherErrorsAreNoWaits(t *testing.T) {
	for _, err := range []error{nil, errors.New("waits for sum.added.v1")} {
		if missing, ok := domain.AsNotYet(err); ok {
			t.Errorf("%v was taken for a wait for %+v", err, missing)
		}
	}
}

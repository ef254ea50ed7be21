package domaintest

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/ordersaga/ordersaga/domain"
)

// Decide decides a command and evolves the state through its events, as a service does. It fails the test where a promise
// of every decider is broken: the same question has the same answer, a refusal records nothing, an accepted command asked
// again decides nothing, and whatever [Evolve] checks.
func Decide[S, C any, E domain.Event](t TB, entity domain.Entity[S, C, E], state S, command C) (S, []E, error) {
	t.Helper()
	before := dump(state)
	events, err := entity.Decide(command, state)
	again, errAgain := entity.Decide(command, state)
	if diff := cmp.Diff(before, dump(state)); diff != "" {
		t.Fatalf("when %s: Decide changed the state that it was given (-before +after):\n%s", show(command), diff)
	}
	if diff := cmp.Diff(answer(events, err), answer(again, errAgain)); diff != "" {
		t.Fatalf("when %s: the same question on the same state was answered differently (-first +second):\n%s", show(command), diff)
	}
	if err != nil {
		if len(events) > 0 {
			t.Fatalf("when %s: refused (%v) and recorded at once: %s", show(command), err, showAll(events))
		}
		return state, nil, err
	}
	next := Evolve(t, entity, state, events...)
	if more, err := entity.Decide(command, next); err != nil || len(more) > 0 {
		t.Fatalf("when %s: done twice is not done once: after %s it was decided again:\n%s", show(command), showAll(events), answer(more, err))
	}
	return next, events, nil
}

// Evolve folds events into a state. It fails the test where Evolve changes the state or the event that it was given,
// where the same event on the same state does not lead to the same state, and where a wire type is not
// category.fact.vN with the entity's own category.
func Evolve[S, C any, E domain.Event](t TB, entity domain.Entity[S, C, E], state S, events ...E) S {
	t.Helper()
	for _, event := range events {
		checkType(t, entity.Category, event)
		before, written := dump(state), dump(event)
		next := entity.Evolve(state, event)
		first := dump(next)
		second := dump(entity.Evolve(state, event))
		if diff := cmp.Diff(before, dump(state)); diff != "" {
			t.Fatalf("after %s: Evolve changed the state that it was given (-before +after):\n%s", show(event), diff)
		}
		if diff := cmp.Diff(written, dump(event)); diff != "" {
			t.Fatalf("after %s: Evolve changed the event that it was given (-before +after):\n%s", show(event), diff)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Fatalf("after %s: the same event led to another state (-first +second):\n%s", show(event), diff)
		}
		state = next
	}
	return state
}

var wireType = regexp.MustCompile(`^([a-z]+)\.([a-z]+(?:_[a-z]+)*)\.v[1-9][0-9]*$`)

func checkType(t TB, category string, event domain.Event) {
	t.Helper()
	parts := wireType.FindStringSubmatch(event.EventType())
	switch {
	case parts == nil:
		t.Fatalf("%T: the wire type %q is not a lower-case category.fact.vN", event, event.EventType())
	case parts[1] != category:
		t.Fatalf("%T: the wire type %q is not of the category %q", event, event.EventType(), category)
	}
}

func answer[E domain.Event](events []E, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	return dump(events)
}

func show(v any) string { return fmt.Sprintf("%T%+v", v, v) }

func showAll[E domain.Event](events []E) string {
	if len(events) == 0 {
		return "no events"
	}
	var all []string
	for _, event := range events {
		all = append(all, show(event))
	}
	return strings.Join(all, " and ")
}

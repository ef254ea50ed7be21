// Package domaintest tells deciders' stories: given what happened, when this is asked, then that is recorded.
//
// Why it exists: a rule is understood from examples, and the promises that every decider makes (done twice is done once,
// states are values, wire names are permanent) are too easily forgotten in the hundredth example. So the fixture checks
// them by itself, in every step of every story, and a [Matrix] does so in every state that can be reached at all.
//
// It is for pure rules only: no store, no bus, no clock.
package domaintest

import (
	"errors"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/ordersaga/ordersaga/domain"
)

// TB is what the fixture needs of a test; *testing.T and *rapid.T have it.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Story is one stream so far.
type Story[S, C any, E domain.Event] struct {
	t      TB
	entity domain.Entity[S, C, E]
	state  S
}

// Given begins a story with what has happened already: nothing, or a history of the entity's own events.
func Given[S, C any, E domain.Event](t TB, entity domain.Entity[S, C, E], history ...domain.Event) *Story[S, C, E] {
	t.Helper()
	events := make([]E, len(history))
	for i, event := range history {
		own, ok := event.(E)
		if !ok {
			t.Fatalf("given %s: it is no event of %q", show(event), entity.Category)
		}
		events[i] = own
	}
	return &Story[S, C, E]{t: t, entity: entity, state: Evolve(t, entity, entity.Initial(), events...)}
}

// State is what the stream's events add up to so far.
func (s *Story[S, C, E]) State() S { return s.state }

// Told is a command and its answer. A story that never says what the answer should be fails: it could not fail otherwise.
type Told[S, C any, E domain.Event] struct {
	story   *Story[S, C, E]
	command C
	next    S
	events  []E
	err     error
	judged  bool
}

// When asks something of the stream.
func (s *Story[S, C, E]) When(command C) *Told[S, C, E] {
	s.t.Helper()
	next, events, err := Decide(s.t, s.entity, s.state, command)
	told := &Told[S, C, E]{story: s, command: command, next: next, events: events, err: err}
	s.t.Cleanup(func() {
		if !told.judged {
			s.t.Errorf("when %s: nothing was expected of it; say Then", show(command))
		}
	})
	return told
}

// Then expects exactly these events, and the story goes on after them.
func (a *Told[S, C, E]) Then(want ...E) *Story[S, C, E] {
	a.story.t.Helper()
	a.judged = true
	switch diff := cmp.Diff(want, a.events); {
	case len(want) == 0:
		a.story.t.Fatalf("when %s: Then without events; say ThenNothing", show(a.command))
	case a.err != nil:
		a.story.t.Fatalf("when %s: refused: %v\nwanted %s", show(a.command), a.err, showAll(want))
	case diff != "":
		a.story.t.Fatalf("when %s: other events (-want +got):\n%s", show(a.command), diff)
	}
	a.story.state = a.next
	return a.story
}

// ThenNothing expects that the command is satisfied already, or comes too late to matter.
func (a *Told[S, C, E]) ThenNothing() *Story[S, C, E] {
	a.story.t.Helper()
	a.judged = true
	switch {
	case a.err != nil:
		a.story.t.Fatalf("when %s: refused: %v\nwanted nothing", show(a.command), a.err)
	case len(a.events) > 0:
		a.story.t.Fatalf("when %s: wanted nothing, got events:\n%s", show(a.command), cmp.Diff([]E(nil), a.events))
	}
	return a.story
}

// ThenError expects a refusal that errors.Is the target and that mentions each of the texts.
func (a *Told[S, C, E]) ThenError(target error, mentions ...string) *Story[S, C, E] {
	a.story.t.Helper()
	a.judged = true
	if !errors.Is(a.err, target) {
		a.story.t.Fatalf("when %s: wanted the error %q, got %v and %s", show(a.command), target, a.err, showAll(a.events))
	}
	for _, text := range mentions {
		if !strings.Contains(a.err.Error(), text) {
			a.story.t.Fatalf("when %s: the error %q does not mention %q", show(a.command), a.err, text)
		}
	}
	return a.story
}

// ThenWaitsFor expects that the command waits until such an event is recorded.
func (a *Told[S, C, E]) ThenWaitsFor(event domain.Event) *Story[S, C, E] {
	a.story.t.Helper()
	a.judged = true
	missing, ok := domain.AsNotYet(a.err)
	if !ok || missing.Type != event.EventType() {
		a.story.t.Fatalf("when %s: wanted to wait for %s, got %v and %s", show(a.command), event.EventType(), a.err, showAll(a.events))
	}
	return a.story
}

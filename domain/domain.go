// Package domain holds what every service's rules are made of: events, deciders and money.
//
// Why it exists: a rule that reads no clock, calls nobody and draws no random number can be tested in a line, replayed
// years later, and walked through every interleaving by a machine. So all that a service decides is a [Decider], and
// everything that is not a decision (time, ids, I/O) arrives in a command.
//
// The packages below hold one service each, in the order events → commands → state → decide → evolve. They never import
// each other: only package sagas sees two of them.
package domain

import (
	"errors"
	"fmt"
)

// Event is a fact that has happened and will never change.
type Event interface {
	// EventType is the permanent name on the wire, category.fact.vN: "order.placed.v1".
	EventType() string
}

// Decider is one kind of stream's rules (Jérémie Chassaing, "Functional event sourcing decider", 2021).
// States are values: Evolve returns a new one and never changes what it was given.
type Decider[S, C any, E Event] struct {
	Initial func() S
	// Decide returns what has to be recorded for a command: no events where it is already satisfied, an error where it
	// is refused. The same command on the state that its own events led to decides nothing.
	Decide func(C, S) ([]E, error)
	// Evolve never fails and never decides.
	Evolve func(S, E) S
}

// Fold evolves a state through events.
func (d Decider[S, C, E]) Fold(state S, events ...E) S {
	for _, e := range events {
		state = d.Evolve(state, e)
	}
	return state
}

// Entity is a decider with the category of its streams: the stream of one entity is called category-id.
type Entity[S, C any, E Event] struct {
	Category string
	Decider[S, C, E]
}

// MissingEvent says that a command came before an event that it needs. It is no failure: the command waits.
type MissingEvent struct {
	Type string // wire type of the event that must come first
}

func (m *MissingEvent) Error() string { return fmt.Sprintf("waits for %s", m.Type) }

// NotYet is what a decider answers to a command that needs e recorded first. The row of the choreography that sends the
// command declares the same need.
func NotYet(e Event) error { return &MissingEvent{Type: e.EventType()} }

// AsNotYet tells whether an error says that an event is missing, and which.
func AsNotYet(err error) (*MissingEvent, bool) {
	var missing *MissingEvent
	ok := errors.As(err, &missing)
	return missing, ok
}

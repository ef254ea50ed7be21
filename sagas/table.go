// Package sagas is the choreography: who reacts to whose events, as one table.
//
// Why a table: nobody conducts this dance, so the only place where it can be seen whole is the list of its steps. The
// dispatcher runs that list, the documentation and the diagram are drawn from it, and static checks prove what can be
// proved without running it: that every failure leads to a pivot, that every step that holds something is undone, that
// no wait can last for ever. Start reading at choreography.go.
//
// This is the only package that sees two services. A policy is a pure function from somebody's event to a command of
// its own service.
package sagas

import (
	"context"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/domain"
)

// Trigger is what a policy may know about an event besides its fact.
type Trigger struct {
	ID         uuid.UUID
	Source     string // the service that recorded it
	Number     uint64 // its place among that service's events; 0 where it is tried again by a person
	Subject    string // the id in its stream's name: for most, the order's
	RecordedAt time.Time
}

// Kind says what makes a row happen.
type Kind string

// The kinds of rows.
const (
	Reaction Kind = "reaction" // somebody's event
	Asks     Kind = "effect"   // its own intent: the outside world is asked
	Deadline Kind = "deadline" // time
	Door     Kind = "edge"     // a request or a webhook
)

// Row is one step of the dance. It is built by On, Undo, Effect, At and Edge.
type Row struct {
	Kind    Kind
	On      []string // wire types of the events that trigger it; none for an edge
	Name    string   // the policy's, or the edge's
	Machine *Machine // whose streams it decides in
	Emits   []string // all that it may record
	Needs   []string // must be recorded in its own stream before it can decide; until then it waits
	Undoes  []string // what it takes back
	Closes  []string // deadline: the events after which it does not matter any more

	// Policy names the stream and the command of a trigger; Everywhere addresses each stream of a single-owner category.
	Policy func(domain.Event, Trigger) (id string, command any)
	// Due is when a deadline row's policy is due.
	Due func(domain.Event, Trigger) time.Time
	// Perform asks the outside world and answers with the command that records the outcome, nil where none is owed.
	Perform func(context.Context, World, domain.Event, Trigger, any) (command any, err error)
}

// Everywhere is the stream id of a policy that does not know which of its service's streams it concerns: each is asked.
const Everywhere = "*"

// On is a reaction to another service's event.
func On[T domain.Event, S, C any, E domain.Event](entity domain.Entity[S, C, E], policy func(T, Trigger) (string, C)) Row {
	return Row{
		Kind: Reaction, On: typesOf[T](), Name: nameOf(policy), Machine: machineOf(entity),
		Policy: func(e domain.Event, t Trigger) (string, any) { return policy(e.(T), t) },
	}
}

// Undo is a reaction to any of the order's pivots.
func Undo[S, C any, E domain.Event](entity domain.Entity[S, C, E], policy func(Trigger) (string, C), pivots ...domain.Event) Row {
	return Row{
		Kind: Reaction, On: types(pivots), Name: nameOf(policy), Machine: machineOf(entity),
		Policy: func(_ domain.Event, t Trigger) (string, any) { return policy(t) },
	}
}

// Effect asks the outside world on behalf of an intent event of the same stream. It is told the stream's state, so that
// it asks for nothing whose outcome is known.
func Effect[T domain.Event, S, C any, E domain.Event](entity domain.Entity[S, C, E], perform func(context.Context, World, T, Trigger, S) (C, error)) Row {
	return Row{
		Kind: Asks, On: typesOf[T](), Name: nameOf(perform), Machine: machineOf(entity),
		Policy: func(_ domain.Event, t Trigger) (string, any) { return t.Subject, nil },
		Perform: func(ctx context.Context, w World, e domain.Event, t Trigger, state any) (any, error) {
			command, err := perform(ctx, w, e.(T), t, state.(S))
			return any(command), err
		},
	}
}

// At is a deadline that an event of the same stream carries.
func At[T domain.Event, S, C any, E domain.Event](entity domain.Entity[S, C, E], policy func(T) (time.Time, C)) Row {
	return Row{
		Kind: Deadline, On: typesOf[T](), Name: nameOf(policy), Machine: machineOf(entity),
		Due:    func(e domain.Event, _ Trigger) time.Time { due, _ := policy(e.(T)); return due },
		Policy: func(e domain.Event, t Trigger) (string, any) { _, c := policy(e.(T)); return t.Subject, c },
	}
}

// Edge is a door: a request, or the outside world's own word.
func Edge[S, C any, E domain.Event](name string, entity domain.Entity[S, C, E]) Row {
	return Row{Kind: Door, Name: name, Machine: machineOf(entity)}
}

// Emitting declares all that a row may record. Whatever else its decider decides is refused by the dispatcher.
func (r Row) Emitting(events ...domain.Event) Row { r.Emits = types(events); return r }

// Needing declares the events that the row waits for in its own stream.
func (r Row) Needing(events ...domain.Event) Row { r.Needs = types(events); return r }

// Undoing declares what the row takes back.
func (r Row) Undoing(events ...domain.Event) Row { r.Undoes = types(events); return r }

// Until declares the events that close a deadline.
func (r Row) Until(events ...domain.Event) Row { r.Closes = types(events); return r }

// Choreography is a table of rows.
type Choreography struct{ Rows []*Row }

// New makes a table.
func New(rows ...Row) Choreography {
	var c Choreography
	for _, row := range rows {
		c.Rows = append(c.Rows, &row)
	}
	return c
}

// Edge finds an edge by its name; a missing one is a programmer's error.
func (c Choreography) Edge(name string) *Row {
	for _, row := range c.Rows {
		if row.Kind == Door && row.Name == name {
			return row
		}
	}
	panic("no such edge: " + name)
}

// Machine is an entity with its types forgotten, for whoever runs all of them alike.
type Machine struct {
	Category string
	Initial  func() any
	Decide   func(command, state any) ([]domain.Event, error)
	Evolve   func(state any, e domain.Event) any
}

func machineOf[S, C any, E domain.Event](entity domain.Entity[S, C, E]) *Machine {
	return &Machine{
		Category: entity.Category,
		Initial:  func() any { return entity.Initial() },
		Decide: func(command, state any) ([]domain.Event, error) {
			decided, err := entity.Decide(command.(C), state.(S))
			if len(decided) == 0 {
				return nil, err
			}
			events := make([]domain.Event, len(decided))
			for i, e := range decided {
				events[i] = e
			}
			return events, err
		},
		Evolve: func(state any, e domain.Event) any { return entity.Evolve(state.(S), any(e).(E)) },
	}
}

func typesOf[T domain.Event]() []string { var zero T; return []string{zero.EventType()} }

func types(events []domain.Event) []string {
	names := make([]string, len(events))
	for i, e := range events {
		names[i] = e.EventType()
	}
	return names
}

func nameOf(policy any) string {
	name := runtime.FuncForPC(reflect.ValueOf(policy).Pointer()).Name()
	return name[strings.LastIndexByte(name, '.')+1:]
}

// Reaction names what a row is to its trigger: no two rows with one trigger share it.
func (r *Row) Reaction() string { return string(r.Kind) + "/" + r.Machine.Category }

// EventID derives the id of the i-th event that a row records for a trigger: the same again gets the same id, so that a
// repeated append is recognised.
func EventID(trigger uuid.UUID, row *Row, eventType string, i int) uuid.UUID {
	name := make([]byte, 0, 96)
	name = append(name, row.Kind...)
	name = append(name, '/')
	name = append(name, row.Machine.Category...)
	name = append(name, '/')
	name = append(name, eventType...)
	name = append(name, '/')
	name = strconv.AppendInt(name, int64(i), 10)
	return uuid.NewSHA1(trigger, name)
}

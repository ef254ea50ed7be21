package domaintest_test

import (
	"errors"

	"github.com/ordersaga/ordersaga/domain"
)

// A door is the smallest stream that has a fact, a refusal and a wait.

type doorEvent interface {
	domain.Event
	doorEvent()
}

type (
	opened  struct{ By string }
	closed  struct{}
	knocked struct{}
)

func (opened) EventType() string  { return "door.opened.v1" }
func (closed) EventType() string  { return "door.closed.v1" }
func (knocked) EventType() string { return "door.Knocked.v1" }

func (opened) doorEvent()  {}
func (closed) doorEvent()  {}
func (knocked) doorEvent() {}

type doorCommand interface{ doorCommand() }

type (
	open    struct{ By string }
	shut    struct{}
	passes  struct{}
	destroy struct{}
)

func (open) doorCommand()    {}
func (shut) doorCommand()    {}
func (passes) doorCommand()  {}
func (destroy) doorCommand() {}

var errSteel = errors.New("it is made of steel")

type doorState struct {
	Open  bool
	log   map[string]int
	past  []string
	times int
}

var door = domain.Entity[doorState, doorCommand, doorEvent]{
	Category: "door",
	Decider: domain.Decider[doorState, doorCommand, doorEvent]{
		Initial: func() doorState { return doorState{log: map[string]int{}} },
		Decide: func(c doorCommand, s doorState) ([]doorEvent, error) {
			switch c := c.(type) {
			case open:
				if !s.Open {
					return []doorEvent{opened(c)}, nil
				}
			case shut:
				if s.Open {
					return []doorEvent{closed{}}, nil
				}
			case passes:
				if !s.Open {
					return nil, domain.NotYet(opened{})
				}
			case destroy:
				return nil, errSteel
			}
			return nil, nil
		},
		Evolve: func(s doorState, e doorEvent) doorState {
			_, s.Open = e.(opened)
			return s
		},
	},
}

// deciding is the door with another Decide, evolving with another Evolve.
func deciding(decide func(doorCommand, doorState) ([]doorEvent, error)) domain.Entity[doorState, doorCommand, doorEvent] {
	other := door
	other.Decide = decide
	return other
}

func evolving(evolve func(doorState, doorEvent) doorState) domain.Entity[doorState, doorCommand, doorEvent] {
	other := door
	other.Evolve = evolve
	return other
}

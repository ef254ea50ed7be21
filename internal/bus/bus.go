// Package bus carries each service's events to the others, over NATS JetStream.
//
// Why a bus beside the stores: services must not read each other's stores, and a store must not know who listens. The
// bus is no truth: it holds the stores' events again, numbered, and can be deleted at any time; each service's relay
// fills it from its store.
//
// A message is a run of consecutive events, as a CloudEvents batch. Number n is the n-th event of the service's own
// categories, which are never truncated, so numbers mean the same after a stream was lost and refilled. Sequences of
// JetStream mean nothing beyond one incarnation of a stream and never leave this package as a place to go on from.
//
// [Bus.Relay] fills a stream. [Bus.Consume] is for services: a durable on the server remembers what was acknowledged.
// [Bus.Read] is for read models, which remember the number themselves. What is unavailable is waited for by all three;
// they give up only where a person has to decide: [*Fork] and [*Foreign].
package bus

import (
	"github.com/ordersaga/ordersaga/eventstore"
)

// Event is a recorded event with its number among its service's events, from 1.
type Event struct {
	Number uint64
	eventstore.Recorded
}

// Run is one message: consecutive events of one service. Events[i].Number == Events[0].Number + i.
type Run struct {
	Source string // the service that recorded the events: "payment"
	Events []Event
}

// First is the number of the run's first event.
func (r Run) First() uint64 { return r.Events[0].Number }

// Last is the number of the run's last event.
func (r Run) Last() uint64 { return r.Events[len(r.Events)-1].Number }

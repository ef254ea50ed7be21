package bus

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
)

// Fork says that a stream holds events that its store does not: the store was replaced or restored from a backup, or
// the stream is somebody else's. Nothing may go on from there, and only a person can know which of the two is right.
type Fork struct {
	Source   string
	Sequence uint64              // of the stream's last message
	Number   uint64              // of its last event
	Position eventstore.Position // that this event has, according to the stream
	InStream uuid.UUID           // the event's id in the stream
	InStore  uuid.UUID           // the id of the event at that position in the store; zero where there is none
}

func (f *Fork) Error() string {
	found := "the store has no event there"
	if f.InStore != uuid.Nil {
		found = "the store has event " + f.InStore.String() + " there"
	}
	return fmt.Sprintf("the bus and the store of %[1]s tell different histories: stream %[2]s ends with event %[3]s, number %[4]d "+
		"at position %[5]d of the store, but %[6]s. The store was replaced by an older copy or by another one, and other services "+
		"have reacted to events that it no longer knows. Bring the newer copy back if there is one. If there is none, restore the "+
		"whole data directory as it was at one time, without the bus (%[2]s and the other streams, or the embedded server's "+
		"directory), which is filled again from the stores",
		f.Source, StreamName(f.Source), f.InStream, f.Number, f.Position, found)
}

// Foreign says that a stream holds a message that no relay wrote.
type Foreign struct {
	Stream   string
	Sequence uint64
	Err      error // what is wrong with it
}

func (f *Foreign) Error() string {
	return fmt.Sprintf("message %d of stream %s was not written by a relay: %v. Find out who publishes there and forbid it, "+
		"then delete the stream; it is filled again from the store", f.Sequence, f.Stream, f.Err)
}

func (f *Foreign) Unwrap() error { return f.Err }

// final tells the errors that waiting does not mend.
func final(err error) bool {
	var fork *Fork
	var foreign *Foreign
	return errors.Is(err, ErrClosed) || errors.As(err, &fork) || errors.As(err, &foreign)
}

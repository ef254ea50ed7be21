package eventstore

import "fmt"

// Settle decides an append against its stream before anything is written. Settled means that nothing is to be written
// and result is the answer: a conflict, or the first result of an append that is recorded already. Otherwise the drafts
// are to be recorded after head. This is the one place that knows EventStoreDB's rules of idempotency.
//
// head is the stream's last revision, NoStream where it has none; at reads the event at a revision from 0 to head.
func (a Append) Settle(head Revision, at func(Revision) (Recorded, error)) (result Result, settled bool) {
	count := Revision(len(a.Drafts))
	place := a.Expected + 1 // where the drafts lie if they are recorded already
	switch {
	case a.Expected == Exists && head == NoStream:
		return a.conflict(head), true
	case count == 0 && (a.Expected == head || a.Expected == Any || a.Expected == Exists):
		return Result{Revision: head}, true
	case a.Expected == Any || a.Expected == Exists:
		place = head + 1 - count
	case a.Expected == head:
		return Result{}, false
	case a.Expected > head || count == 0:
		return a.conflict(head), true
	}
	known, last, err := a.known(place, head, at)
	switch {
	case err != nil:
		return Result{Err: err}, true
	case known == len(a.Drafts):
		return Result{Revision: last.Revision, Position: last.Position, At: last.At}, true
	case known > 0:
		return Result{Err: fmt.Errorf("%w: only some of the %d events are recorded already", a.conflict(head).Err, count)}, true
	case a.Expected >= NoStream:
		return a.conflict(head), true
	}
	return Result{}, false
}

// known counts the drafts that are recorded from place on, and yields the last of them. With an expected revision it
// stops at the first that is not.
func (a Append) known(place, head Revision, at func(Revision) (Recorded, error)) (count int, last Recorded, err error) {
	for i := range a.Drafts {
		revision := place + Revision(i)
		if revision > head {
			break
		}
		if revision < 0 {
			continue
		}
		recorded, err := at(revision)
		if err != nil {
			return 0, last, fmt.Errorf("look for a repeated append: %w", err)
		}
		switch {
		case recorded.ID == a.Drafts[i].ID:
			count, last = count+1, recorded
		case a.Expected >= NoStream:
			return count, last, nil
		}
	}
	return count, last, nil
}

func (a Append) conflict(head Revision) Result {
	return Result{Err: &Conflict{Stream: a.Stream, Expected: a.Expected, Actual: head}}
}

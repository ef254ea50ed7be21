package audit

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/sagas"
)

// kind is what kind of row recorded an event, as its id says.
type kind uint8

const (
	underived kind = iota // the id is not derived from the cause
	outside               // it has no cause
	reaction
	effect
	deadline
	door
)

var kinds = map[sagas.Kind]kind{sagas.Reaction: reaction, sagas.Asks: effect, sagas.Deadline: deadline, sagas.Door: door}

// previous is the newest event of a log as far as it matters for the next one's id.
type previous struct {
	stream eventstore.StreamID
	cause  uuid.UUID
	row    *sagas.Row
	index  int // in its decision
}

// emitters are the rows that may record a type, one of each kind: ids are derived from the kind.
var emitters = func() map[string][]*sagas.Row {
	rows := map[string][]*sagas.Row{}
	for _, row := range sagas.Checkout.Rows {
		for _, name := range row.Emits {
			if !slices.ContainsFunc(rows[name], func(r *sagas.Row) bool { return r.Reaction() == row.Reaction() }) {
				rows[name] = append(rows[name], row)
			}
		}
	}
	return rows
}()

// declared are the steps of the choreography: what kind of row records which type on hearing which. Doors are declared
// under no cause.
type declared struct {
	kind          kind
	event, caused string
}

var declarations = func() map[declared]bool {
	steps := map[declared]bool{}
	for _, row := range sagas.Checkout.Rows {
		for _, name := range row.Emits {
			if row.Kind == sagas.Door {
				steps[declared{door, name, ""}] = true
			}
			for _, trigger := range row.On {
				steps[declared{kinds[row.Kind], name, trigger}] = true
			}
		}
	}
	return steps
}()

// derive finds out what kind of row recorded an event: the one under which its id is derived from its cause. Events of
// one decision lie together, and count up.
func (a *auditor) derive(l *log, e eventstore.Recorded) kind {
	before := l.previous
	l.previous = previous{}
	if e.Metadata.Causation == uuid.Nil {
		return outside
	}
	is := func(row *sagas.Row, index int) bool {
		if sagas.EventID(e.Metadata.Causation, row, e.Type, index) != e.ID {
			return false
		}
		l.previous = previous{e.Stream, e.Metadata.Causation, row, index}
		return true
	}
	if before.row != nil && before.stream == e.Stream && before.cause == e.Metadata.Causation && is(before.row, before.index+1) {
		return kinds[before.row.Kind]
	}
	for _, row := range emitters[e.Type] {
		if is(row, 0) {
			return kinds[row.Kind]
		}
	}
	return underived
}

// visit is how far the search for circles is with an event.
type visit uint8

const (
	unvisited visit = iota
	onPath
	visited
	afterCut // recorded while the stores were read: its cause need not be visible
)

// checkCauses looks at the cause of every event that was there after the first reading.
func (a *auditor) checkCauses() {
	for _, l := range a.logs {
		for i := a.cut[l.index]; i < len(l.nodes); i++ {
			l.nodes[i].visited = afterCut
		}
	}
	a.checkHeards()
	for _, l := range a.logs {
		for i := range a.cut[l.index] {
			a.checked[6]++
			a.causeOf(l.ref(i))
			a.follow(l.ref(i))
		}
	}
}

func (a *auditor) causeOf(at ref) {
	n := a.node(at)
	name := a.names.of(n.fact)
	say := func(format string, args ...any) {
		place := fmt.Sprintf("%s/%d (%s): ", a.streams.all[n.stream].id, n.revision, name)
		a.found(finding{6, n.order, "", place + fmt.Sprintf(format, args...), []ref{at}})
	}
	if n.cause == uuid.Nil {
		if !declarations[declared{door, name, ""}] {
			say("it has no cause, and nothing from outside records it")
		}
		return
	}
	cause, known := a.byID[n.cause]
	if !known {
		say("its cause %s does not exist", n.cause)
		return
	}
	c := a.node(cause)
	caused := a.names.of(c.fact)
	switch {
	case n.order != noOrder && c.order != n.order:
		say("its cause %s (%s) is of another order", n.cause, caused)
	case n.kind == door: // doors are told of events too: of those that asked for nothing
	case n.kind == underived && !a.declaredAtAll(name, caused):
		say("the choreography does not record it on %s", caused)
	case n.kind == underived:
		say("its id %s is not derived from its cause %s (%s)", n.id, n.cause, caused)
	case !declarations[declared{n.kind, name, caused}]:
		say("the choreography does not record it on %s in that way", caused)
	}
}

func (a *auditor) declaredAtAll(name, caused string) bool {
	for _, k := range kinds {
		if declarations[declared{k, name, caused}] {
			return true
		}
	}
	return false
}

// follow goes from an event to its cause and on, and finds out when it comes back to where it was.
func (a *auditor) follow(from ref) {
	var path []ref
	at, more := from, true
	for ; more && a.node(at).visited == unvisited; at, more = a.byID[a.node(at).cause] {
		a.node(at).visited = onPath
		path = append(path, at)
	}
	if more && a.node(at).visited == onPath {
		a.found(finding{6, a.node(at).order, "", fmt.Sprintf("event %s is a cause of itself", a.node(at).id), path})
	}
	for _, passed := range path {
		a.node(passed).visited = visited
	}
}

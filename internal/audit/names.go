package audit

import (
	"reflect"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/sagas"
)

// names numbers the event types, so that an event can be kept in few bytes.
type names struct {
	all   []string
	index map[string]uint8
	bare  map[string]domain.Event // the types that hold no data: they need not be decoded
}

// unknown is the number of every type that is in no registry.
const unknown = 255

func newNames() names {
	n := names{all: sagas.Events.Types(), index: map[string]uint8{}, bare: map[string]domain.Event{}}
	for i, name := range n.all {
		n.index[name] = uint8(i)
		if shape, _ := sagas.Events.GoType(name); shape.NumField() == 0 {
			n.bare[name] = reflect.Zero(shape).Interface().(domain.Event)
		}
	}
	return n
}

func (n names) of(fact uint8) string {
	if int(fact) < len(n.all) {
		return n.all[fact]
	}
	return "an unknown type"
}

func (n names) number(eventType string) uint8 {
	if fact, known := n.index[eventType]; known {
		return fact
	}
	return unknown
}

func (n names) decode(recorded eventstore.Recorded) (domain.Event, error) {
	if e, bare := n.bare[recorded.Type]; bare {
		return e, nil
	}
	return sagas.Events.Decode(recorded)
}

// facts is a set of event types.
type facts [4]uint64

func (f *facts) add(fact uint8)      { f[fact/64] |= 1 << (fact % 64) }
func (f *facts) has(fact uint8) bool { return f[fact/64]&(1<<(fact%64)) != 0 }

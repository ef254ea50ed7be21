package eventstore

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/goccy/go-json"

	"github.com/ordersaga/ordersaga/domain"
)

// Registry knows how to read every event type that was ever written. A type's name and shape are permanent: a new shape
// is a new version (order.placed.v2), and the old one stays registered with an upcaster.
type Registry struct {
	decoders map[string]func([]byte) (domain.Event, error)
	types    map[string]reflect.Type
}

// NewRegistry makes a registry of event types; it panics when two of them share a name, which is a programmer's error.
func NewRegistry(types ...Type) *Registry {
	r := &Registry{decoders: map[string]func([]byte) (domain.Event, error){}, types: map[string]reflect.Type{}}
	for _, t := range types {
		if _, taken := r.decoders[t.name]; taken {
			panic("event type registered twice: " + t.name)
		}
		r.decoders[t.name], r.types[t.name] = t.decode, t.goType
	}
	return r
}

// Type is one entry of a [Registry].
type Type struct {
	name   string
	goType reflect.Type
	decode func([]byte) (domain.Event, error)
}

// TypeOf registers the current version of an event.
func TypeOf[E domain.Event]() Type {
	var zero E
	return Type{name: zero.EventType(), goType: reflect.TypeFor[E](), decode: func(data []byte) (domain.Event, error) {
		var e E
		if err := json.Unmarshal(data, &e); err != nil {
			return nil, err
		}
		return e, nil
	}}
}

// Upcast registers an old version under the name it was written with; it is read as the event that up makes of it.
func Upcast[Old any, New domain.Event](name string, up func(Old) New) Type {
	return Type{name: name, goType: reflect.TypeFor[Old](), decode: func(data []byte) (domain.Event, error) {
		var old Old
		if err := json.Unmarshal(data, &old); err != nil {
			return nil, err
		}
		return up(old), nil
	}}
}

// Decode reads the fact of a recorded event. An unknown type or unreadable data is an error that names the event.
func (r *Registry) Decode(recorded Recorded) (domain.Event, error) {
	decode, known := r.decoders[recorded.Type]
	if !known {
		return nil, fmt.Errorf("event %s at %s/%d: unknown type %q", recorded.ID, recorded.Stream, recorded.Revision, recorded.Type)
	}
	e, err := decode(recorded.Data)
	if err != nil {
		return nil, fmt.Errorf("event %s at %s/%d: %s: %w", recorded.ID, recorded.Stream, recorded.Revision, recorded.Type, err)
	}
	return e, nil
}

// Encode writes the fact of an event as its JSON.
func Encode(e domain.Event) ([]byte, error) { return json.Marshal(e) }

// Types lists the names that can be read, sorted.
func (r *Registry) Types() []string {
	names := make([]string, 0, len(r.decoders))
	for name := range r.decoders {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// GoType is the shape behind a name.
func (r *Registry) GoType(name string) (reflect.Type, bool) {
	t, known := r.types[name]
	return t, known
}

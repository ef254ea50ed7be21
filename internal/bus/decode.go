package bus

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/goccy/go-json"
	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
)

// cloudEvent is one element of a batch.
type cloudEvent struct {
	ID          uuid.UUID       `json:"id"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject"`
	Time        time.Time       `json:"time"`
	Number      uint64          `json:"number,string"`
	Position    uint64          `json:"position,string"`
	Revision    int64           `json:"revision,string"`
	Correlation string          `json:"correlationid"`
	Causation   uuid.UUID       `json:"causationid"`
	Traceparent string          `json:"traceparent"`
	Actor       string          `json:"actor"`
	Schema      int             `json:"schema"`
	Data        json.RawMessage `json:"data"`
	Bytes       []byte          `json:"data_base64"`
}

// decode reads a message. The events' data are parts of the body, which must not be changed afterwards.
func decode(source string, s span, body []byte) (Run, error) {
	if s.last-s.first >= uint64(len(body)) {
		return Run{}, fmt.Errorf("%d bytes cannot hold the events %d to %d", len(body), s.first, s.last)
	}
	events := make([]Event, 0, s.last-s.first+1)
	events, quick := decodeQuickly(events, body)
	if !quick {
		var err error
		if events, err = decodeAny(events[:0], body); err != nil {
			return Run{}, err
		}
	}
	run := Run{Source: source, Events: events}
	return run, s.check(run)
}

// check compares a batch with what its headers say.
func (s span) check(run Run) error {
	if len(run.Events) == 0 {
		return errors.New("batch is empty")
	}
	for i := range run.Events {
		if want := s.first + uint64(i); run.Events[i].Number != want {
			return fmt.Errorf("batch has event %d where %d belongs", run.Events[i].Number, want)
		}
	}
	if end := run.Events[len(run.Events)-1]; end.Number != s.last || end.ID != s.id || end.Position != s.position {
		return fmt.Errorf("batch ends with event %d (%s), its headers say %d (%s)", end.Number, end.ID, s.last, s.id)
	}
	return nil
}

func decodeAny(events []Event, body []byte) ([]Event, error) {
	var batch []cloudEvent
	if err := json.Unmarshal(body, &batch); err != nil {
		return nil, fmt.Errorf("decode batch: %w", err)
	}
	for _, c := range batch {
		data := []byte(c.Data)
		if len(c.Bytes) > 0 {
			data = c.Bytes
		}
		events = append(events, Event{Number: c.Number, Recorded: eventstore.Recorded{
			Position: eventstore.Position(c.Position), Stream: eventstore.StreamID(c.Subject),
			Revision: eventstore.Revision(c.Revision), At: c.Time.UTC(),
			Draft: eventstore.Draft{ID: c.ID, Type: c.Type, Data: data, Metadata: eventstore.Metadata{
				Correlation: c.Correlation, Causation: c.Causation, Traceparent: c.Traceparent,
				Actor: c.Actor, Schema: c.Schema,
			}},
		}})
	}
	return events, nil
}

// decodeQuickly reads what appendBatch writes in a fraction of a general decoder's time. It gives up on anything else:
// an escape, a member out of place.
func decodeQuickly(events []Event, body []byte) ([]Event, bool) {
	p := parser{rest: body}
	p.skip(`[`)
	for !p.failed {
		events = append(events, p.event())
		if !p.try(`,`) {
			break
		}
	}
	p.skip(`]`)
	return events, !p.failed && len(p.rest) == 0
}

// parser walks over bytes it has a clear expectation of. After a failure every answer is zero.
type parser struct {
	rest   []byte
	failed bool
	last   string // type of the event before: mostly that of the next
	actor  string
}

func (p *parser) event() (e Event) {
	p.skip(`{"specversion":"1.0","id":"`)
	e.ID = p.uuid()
	p.skip(`,"source":"`)
	p.text()
	p.skip(`,"type":"`)
	e.Type = p.repeated(&p.last)
	p.skip(`,"subject":"`)
	e.Stream = eventstore.StreamID(p.text())
	p.skip(`,"time":"`)
	e.At = p.time()
	p.skip(`,"number":"`)
	e.Number = p.number()
	p.skip(`,"position":"`)
	e.Position = eventstore.Position(p.number())
	p.skip(`,"revision":"`)
	e.Revision = eventstore.Revision(p.number())
	if p.try(`,"correlationid":"`) {
		if correlation := p.text(); string(correlation) == e.Stream.ID() {
			e.Metadata.Correlation = e.Stream.ID()
		} else {
			e.Metadata.Correlation = string(correlation)
		}
	}
	if p.try(`,"causationid":"`) {
		e.Metadata.Causation = p.uuid()
	}
	if p.try(`,"traceparent":"`) {
		e.Metadata.Traceparent = string(p.text())
	}
	if p.try(`,"actor":"`) {
		e.Metadata.Actor = p.repeated(&p.actor)
	}
	if p.try(`,"schema":`) {
		e.Metadata.Schema = p.digits()
	}
	if p.try(`,"datacontenttype":"application/json","data":`) {
		e.Data = p.value()
	}
	p.skip(`}`)
	return e
}

func (p *parser) skip(s string) {
	if !p.try(s) {
		p.failed = true
	}
}

func (p *parser) try(s string) bool {
	if p.failed || len(p.rest) < len(s) || string(p.rest[:len(s)]) != s {
		return false
	}
	p.rest = p.rest[len(s):]
	return true
}

// text reads up to the closing quote, which it takes.
func (p *parser) text() []byte {
	end := bytes.IndexByte(p.rest, '"')
	if p.failed || end < 0 || bytes.IndexByte(p.rest[:end], '\\') >= 0 {
		p.failed = true
		return nil
	}
	text := p.rest[:end]
	p.rest = p.rest[end+1:]
	return text
}

// repeated is text that is often the same as the last time.
func (p *parser) repeated(last *string) string {
	if text := p.text(); string(text) != *last {
		*last = string(text)
	}
	return *last
}

func (p *parser) uuid() uuid.UUID {
	id, err := uuid.ParseBytes(p.text())
	if err != nil {
		p.failed = true
	}
	return id
}

func (p *parser) time() time.Time {
	at, err := time.Parse(time.RFC3339Nano, string(p.text()))
	if err != nil {
		p.failed = true
	}
	return at.UTC()
}

func (p *parser) number() uint64 {
	n, err := strconv.ParseUint(string(p.text()), 10, 64)
	if err != nil {
		p.failed = true
	}
	return n
}

func (p *parser) digits() (n int) {
	end := 0
	for end < len(p.rest) && p.rest[end] >= '0' && p.rest[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(string(p.rest[:end]))
	if err != nil {
		p.failed = true
	}
	p.rest = p.rest[end:]
	return n
}

// value takes one JSON value by counting brackets outside of strings.
func (p *parser) value() []byte {
	if p.failed {
		return nil
	}
	end := valueEnd(p.rest)
	if end <= 0 {
		p.failed = true
		return nil
	}
	value := p.rest[:end:end]
	p.rest = p.rest[end:]
	return value
}

// valueEnd is where the JSON value at the start of b ends, -1 where it does not.
func valueEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			if i = stringEnd(b, i+1); i < 0 {
				return -1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 { // the enclosing object's: the value was a bare number or word
				return i
			}
			if depth == 0 {
				return i + 1
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return -1
}

// stringEnd is the place of the quote that closes the string whose inside starts at i, -1 where there is none.
func stringEnd(b []byte, i int) int {
	for {
		end := bytes.IndexByte(b[i:], '"')
		if end < 0 {
			return -1
		}
		end += i
		slashes := 0
		for end-1-slashes >= i && b[end-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return end
		}
		i = end + 1
	}
}

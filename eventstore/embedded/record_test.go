package embedded

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordersaga/ordersaga/eventstore"
)

func drawEvent(t *rapid.T) eventstore.Recorded {
	id := func(label string) uuid.UUID { return uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, label)) }
	return eventstore.Recorded{
		Position: eventstore.Position(rapid.Uint64().Draw(t, "position")),
		Stream:   eventstore.StreamID(rapid.String().Draw(t, "stream")),
		Revision: eventstore.Revision(rapid.Int64Min(0).Draw(t, "revision")),
		At:       time.UnixMicro(rapid.Int64Range(0, math.MaxInt64/2000).Draw(t, "at")).UTC(),
		Draft: eventstore.Draft{
			ID: id("id"), Type: rapid.String().Draw(t, "type"), Data: rapid.SliceOf(rapid.Byte()).Draw(t, "data"),
			Metadata: eventstore.Metadata{
				Correlation: rapid.String().Draw(t, "correlation"), Causation: id("causation"),
				Traceparent: rapid.String().Draw(t, "traceparent"), Actor: rapid.String().Draw(t, "actor"),
				Schema: rapid.Int().Draw(t, "schema"),
			},
		},
	}
}

func TestARecordReadsAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEvent(t)
		value := make([]byte, eventSize(&e))
		encodeEvent(value, &e)
		got, err := decodeEvent(appendEventKey(nil, e.Position), value)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, got); diff != "" {
			t.Fatal(diff)
		}
		at := rapid.IntRange(0, len(value)-1).Draw(t, "damaged at")
		value[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := decodeEvent(appendEventKey(nil, e.Position), value); err == nil {
			t.Fatalf("a flipped bit in byte %d went unnoticed", at)
		}
	})
}

func FuzzDecodeEvent(f *testing.F) {
	e := eventstore.Recorded{Stream: "order-1", Draft: eventstore.Draft{Type: "t", Data: []byte("{}")}}
	value := make([]byte, eventSize(&e))
	encodeEvent(value, &e)
	f.Add(value)
	f.Fuzz(func(_ *testing.T, value []byte) {
		_, _ = decodeEvent(appendEventKey(nil, 1), value)
		var e eventstore.Recorded
		_ = decodeTexts(&e, value) // behind the checksum too, nothing may panic
	})
}

package bus

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
)

var update = flag.Bool("update", false, "write the golden files")

func sample() []Event {
	at := time.Date(2026, 3, 1, 12, 30, 15, 123456000, time.UTC)
	id := func(n byte) uuid.UUID { return uuid.UUID{15: n, 0: 0xab, 6: 0x50, 8: 0x80} }
	return []Event{
		{Number: 41, Recorded: eventstore.Recorded{
			Position: 977, Stream: "payment-5f3a", Revision: 0, At: at,
			Draft: eventstore.Draft{
				ID: id(1), Type: "payment.requested.v1", Data: []byte(`{"amount":255,"currency":"GBP"}`),
				Metadata: eventstore.Metadata{
					Correlation: "5f3a", Causation: id(9), Actor: "payment", Schema: 1,
					Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
				},
			},
		}},
		{Number: 42, Recorded: eventstore.Recorded{
			Position: 1<<63 + 1, Stream: "payment-5f3a", Revision: 1, At: at.Truncate(time.Second),
			Draft: eventstore.Draft{ID: id(2), Type: "payment.declined.v1", Data: []byte(`{"reason":"no \"funds\"","codes":[1,{"a":"]}"}]}`)},
		}},
	}
}

// Other languages read these batches: the golden file is a promise.
func TestGoldenBatch(t *testing.T) {
	got := appendBatch(nil, "payment", sample())
	if *update {
		if err := os.WriteFile("testdata/batch.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/batch.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the wire format has changed (-golden +now):\n%s", diff)
	}
}

func TestRoundTrip(t *testing.T) {
	plain := sample()
	odd := sample()
	odd[0].Stream = "payment-\"a\\b\"\n\t\x01é\u2028😀"
	odd[0].Type = `\`
	odd[0].Metadata.Correlation = "</script>\x7f"
	odd[0].Metadata.Actor = "\""
	odd[1].Metadata.Correlation = "another"
	values := sample()[:0]
	for i, data := range []string{`null`, `true`, `-1.5e3`, `"a,]}\\\""`, `[]`, `{}`, ` {"a": [1, 2]}`, "{\n}\n", `""`, `[["}"],{"b":{}}]`} {
		e := sample()[0]
		e.Number = 41 + uint64(i)
		e.Data = []byte(data)
		values = append(values, e)
	}
	broken := sample()
	broken[0].Data = []byte(`{"half":`)
	broken[1].Data = nil
	for name, events := range map[string][]Event{"plain": plain, "odd": odd, "values": values, "no JSON": broken} {
		t.Run(name, func(t *testing.T) {
			body := appendBatch(nil, "payment", events)
			if !json.Valid(body) {
				t.Fatalf("no JSON: %s", body)
			}
			end := events[len(events)-1]
			s, err := parseSpan(header(events[0].Number, end))
			if err != nil {
				t.Fatal(err)
			}
			run, err := decode("payment", s, body)
			if err != nil {
				t.Fatal(err)
			}
			slow, err := decodeAny(nil, body)
			if err != nil {
				t.Fatal(err)
			}
			for i := range events {
				events[i].Data = bytes.TrimSpace(events[i].Data)
			}
			if diff := cmp.Diff(events, run.Events, bytesAlike); diff != "" {
				t.Errorf("round trip (-sent +received):\n%s", diff)
			}
			if diff := cmp.Diff(events, slow, bytesAlike); diff != "" {
				t.Errorf("the slow way (-sent +received):\n%s", diff)
			}
		})
	}
}

var bytesAlike = cmp.Comparer(bytes.Equal)

func TestQuickWayTakesWhatWeWrite(t *testing.T) {
	body := appendBatch(nil, "payment", sample())
	if events, ok := decodeQuickly(nil, body); !ok || cmp.Diff(sample(), events) != "" {
		t.Errorf("not taken, or wrongly: %v", events)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(appendBatch(nil, "payment", sample()))
	f.Add([]byte(`[{"specversion":"1.0","id":""}]`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		events, quick := decodeQuickly(nil, body)
		if !quick || !json.Valid(body) {
			return
		}
		slow, err := decodeAny(nil, body)
		if err != nil {
			return // the slow way is stricter
		}
		if diff := cmp.Diff(slow, events, bytesAlike); diff != "" {
			t.Errorf("the two ways differ (-slow +quick):\n%s", diff)
		}
	})
}

func TestHeadersMustFitTheBatch(t *testing.T) {
	events := sample()
	body := appendBatch(nil, "payment", events)
	for name, s := range map[string]span{
		"too few":   {first: 40, last: 42, position: events[1].Position, id: events[1].ID},
		"too many":  {first: 41, last: 41, position: events[1].Position, id: events[1].ID},
		"wrong id":  {first: 41, last: 42, position: events[1].Position, id: events[0].ID},
		"absurd":    {first: 1, last: 1 << 62, position: events[1].Position, id: events[1].ID},
		"elsewhere": {first: 41, last: 42, position: 1, id: events[1].ID},
	} {
		if run, err := decode("payment", s, body); err == nil {
			t.Errorf("%s: taken as %d to %d", name, run.First(), run.Last())
		}
	}
}

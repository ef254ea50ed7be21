package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
)

// Keys, all numbers big endian so that they sort:
//
//	e/<position>              the event
//	s/<stream> 0 <revision>   its position; the NUL keeps "a-1" and "a-10" apart
//	m/format                  what wrote this directory
var formatKey = []byte("m/format")

const (
	format      = "ordersaga events 1"
	eventPrefix = "e/"
	placePrefix = "s/"
	maxPosition = eventstore.Position(math.MaxUint64)
)

const eventKeySize = len(eventPrefix) + 8

func appendEventKey(key []byte, p eventstore.Position) []byte {
	return binary.BigEndian.AppendUint64(append(key, eventPrefix...), uint64(p))
}

func appendPlaceKey(key []byte, stream eventstore.StreamID, r eventstore.Revision) []byte {
	return binary.BigEndian.AppendUint64(appendPlacePrefix(key, stream), uint64(r))
}

func appendPlacePrefix(key []byte, stream eventstore.StreamID) []byte {
	return append(append(append(key, placePrefix...), stream...), 0)
}

func placeKeySize(stream eventstore.StreamID) int { return len(placePrefix) + len(stream) + 1 + 8 }

// revisionOf reads the revision off the end of a place key.
func revisionOf(key []byte) eventstore.Revision {
	return eventstore.Revision(binary.BigEndian.Uint64(key[len(key)-8:]))
}

// eventBounds are the events above after, up to and with upTo.
func eventBounds(after, upTo eventstore.Position) *pebble.IterOptions {
	upper := []byte("e0") // behind every e/ key
	if upTo < maxPosition {
		upper = appendEventKey(nil, upTo+1)
	}
	return &pebble.IterOptions{LowerBound: appendEventKey(nil, after+1), UpperBound: upper}
}

// An event's value, after the layout's version and the CRC-32C of all that follows it: revision, microseconds since
// 1970, id, causation, schema, then stream, type, correlation, traceparent and actor, each with its length before it,
// and the data to the end. The position is in the key.
const (
	layout     = 1
	headerSize = 1 + 4
	fixedSize  = 8 + 8 + 16 + 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func texts(e *eventstore.Recorded) [5]string {
	return [5]string{string(e.Stream), e.Type, e.Metadata.Correlation, e.Metadata.Traceparent, e.Metadata.Actor}
}

func uvarintSize(n uint64) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

func zigzag(n int) uint64 { return uint64(n)<<1 ^ uint64(n>>63) }

func eventSize(e *eventstore.Recorded) int {
	size := headerSize + fixedSize + uvarintSize(zigzag(e.Metadata.Schema)) + len(e.Data)
	for _, text := range texts(e) {
		size += uvarintSize(uint64(len(text))) + len(text)
	}
	return size
}

// encodeEvent fills to, which has the event's size.
func encodeEvent(to []byte, e *eventstore.Recorded) {
	b := append(to[:0], layout, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Revision))
	b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMicro()))
	b = append(b, e.ID[:]...)
	b = append(b, e.Metadata.Causation[:]...)
	b = binary.AppendUvarint(b, zigzag(e.Metadata.Schema))
	for _, text := range texts(e) {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	b = append(b, e.Data...)
	binary.BigEndian.PutUint32(b[1:], crc32.Checksum(b[headerSize:], castagnoli))
}

var errDamaged = errors.New("the record is damaged")

// decodeEvent reads an event from its key and value; the event shares no memory with them.
func decodeEvent(key, value []byte) (e eventstore.Recorded, err error) {
	if len(key) != eventKeySize {
		return e, fmt.Errorf("key %q: %w", key, errDamaged)
	}
	e.Position = eventstore.Position(binary.BigEndian.Uint64(key[len(eventPrefix):]))
	switch {
	case len(value) < headerSize+fixedSize:
		return e, fmt.Errorf("event %d: %w", e.Position, errDamaged)
	case value[0] != layout:
		return e, fmt.Errorf("event %d: written in layout %d, this program reads %d", e.Position, value[0], layout)
	case binary.BigEndian.Uint32(value[1:]) != crc32.Checksum(value[headerSize:], castagnoli):
		return e, fmt.Errorf("event %d: %w", e.Position, errDamaged)
	}
	rest := value[headerSize:]
	e.Revision = eventstore.Revision(binary.BigEndian.Uint64(rest))
	e.At = time.UnixMicro(int64(binary.BigEndian.Uint64(rest[8:]))).UTC()
	e.ID = uuid.UUID(rest[16:32])
	e.Metadata.Causation = uuid.UUID(rest[32:48])
	schema, n := binary.Uvarint(rest[fixedSize:])
	if n <= 0 {
		return e, fmt.Errorf("event %d: %w", e.Position, errDamaged)
	}
	e.Metadata.Schema = int(schema>>1) ^ -int(schema&1)
	return e, decodeTexts(&e, rest[fixedSize+n:])
}

func decodeTexts(e *eventstore.Recorded, rest []byte) error {
	var fields [5][]byte
	for i := range fields {
		size, n := binary.Uvarint(rest)
		if n <= 0 || uint64(len(rest)-n) < size {
			return fmt.Errorf("event %d: %w", e.Position, errDamaged)
		}
		fields[i], rest = rest[n:n+int(size)], rest[n+int(size):]
	}
	e.Stream = eventstore.StreamID(fields[0])
	e.Type = names.of(fields[1])
	e.Metadata.Correlation = string(fields[2])
	e.Metadata.Traceparent = string(fields[3])
	e.Metadata.Actor = names.of(fields[4])
	e.Data = append(make([]byte, 0, len(rest)), rest...)
	return nil
}

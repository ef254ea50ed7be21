package bus

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// appendBatch appends a run as a CloudEvents 1.0 JSON batch. The order of the members is fixed: decode relies on it for
// its quick way, other readers need not.
//
// Numbers, positions and revisions are strings, as CloudEvents' integers have only 32 bits.
func appendBatch(b []byte, source string, events []Event) []byte {
	b = append(b, '[')
	for i := range events {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendEvent(b, source, &events[i])
	}
	return append(b, ']')
}

func appendEvent(b []byte, source string, e *Event) []byte {
	b = append(b, `{"specversion":"1.0","id":"`...)
	b = appendUUID(b, e.ID)
	b = append(b, `","source":`...)
	b = appendString(b, "/"+source)
	b = append(b, `,"type":`...)
	b = appendString(b, e.Type)
	b = append(b, `,"subject":`...)
	b = appendString(b, string(e.Stream))
	b = append(b, `,"time":"`...)
	b = e.At.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","number":"`...)
	b = strconv.AppendUint(b, e.Number, 10)
	b = append(b, `","position":"`...)
	b = strconv.AppendUint(b, uint64(e.Position), 10)
	b = append(b, `","revision":"`...)
	b = strconv.AppendInt(b, int64(e.Revision), 10)
	b = append(b, '"')
	b = appendOptional(b, `,"correlationid":`, e.Metadata.Correlation)
	if e.Metadata.Causation != uuid.Nil {
		b = append(b, `,"causationid":"`...)
		b = appendUUID(b, e.Metadata.Causation)
		b = append(b, '"')
	}
	b = appendOptional(b, `,"traceparent":`, e.Metadata.Traceparent)
	b = appendOptional(b, `,"actor":`, e.Metadata.Actor)
	if e.Metadata.Schema != 0 {
		b = append(b, `,"schema":`...)
		b = strconv.AppendInt(b, int64(e.Metadata.Schema), 10)
	}
	return append(appendData(b, e.Data), '}')
}

// appendOptional leaves an empty attribute out, as CloudEvents demands.
func appendOptional(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	return appendString(append(b, key...), value)
}

// appendData appends JSON as it is. Anything else would spoil the whole batch, so it goes as bytes.
func appendData(b, data []byte) []byte {
	switch {
	case len(data) == 0:
		return b
	case json.Valid(data):
		b = append(b, `,"datacontenttype":"application/json","data":`...)
		return append(b, data...)
	}
	b = append(b, `,"datacontenttype":"application/octet-stream","data_base64":"`...)
	b = base64.StdEncoding.AppendEncode(b, data)
	return append(b, '"')
}

func appendUUID(b []byte, id uuid.UUID) []byte {
	const digits = "0123456789abcdef"
	for i, x := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b = append(b, '-')
		}
		b = append(b, digits[x>>4], digits[x&15])
	}
	return b
}

// appendString appends a JSON string. What is no UTF-8 becomes U+FFFD, as everywhere in JSON.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		b = append(b, s[start:i]...)
		b = appendEscaped(b, c)
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

// appendEscaped appends one byte that may not stand in a JSON string.
func appendEscaped(b []byte, c byte) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(b, '\\', c)
	case c >= utf8.RuneSelf:
		return append(b, `\ufffd`...)
	}
	const digits = "0123456789abcdef"
	return append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
}

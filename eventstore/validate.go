package eventstore

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

const (
	// MaxAppend is what one append may hold by default: the bytes of its drafts' data, types and metadata.
	MaxAppend = 1 << 20
	// MaxStreamName is the longest name of a stream, in bytes.
	MaxStreamName = 1024
)

// Validate says whether a stream can have this name: valid UTF-8 without NUL, neither empty nor above MaxStreamName.
// The error matches ErrInvalid.
func (s StreamID) Validate() error {
	switch {
	case s == "":
		return fmt.Errorf("%w: the stream has no name", ErrInvalid)
	case len(s) > MaxStreamName:
		return fmt.Errorf("%w: a stream name of %d bytes, the limit is %d", ErrInvalid, len(s), MaxStreamName)
	case strings.IndexByte(string(s), 0) >= 0 || !utf8.ValidString(string(s)):
		return fmt.Errorf("%w: stream name %q is not plain UTF-8 text", ErrInvalid, string(s))
	}
	return nil
}

// Validate says whether a store could ever accept the append: the error matches ErrInvalid or, where its drafts are
// above limit bytes together, ErrTooLarge.
func (a Append) Validate(limit int) error {
	if err := a.Stream.Validate(); err != nil {
		return err
	}
	if a.Expected < NoStream && a.Expected != Any && a.Expected != Exists {
		return fmt.Errorf("%w: stream %s: no such expectation: %d", ErrInvalid, a.Stream, int64(a.Expected))
	}
	size := 0
	for i, d := range a.Drafts {
		switch {
		case d.ID == uuid.Nil:
			return fmt.Errorf("%w: stream %s: draft %d has no id", ErrInvalid, a.Stream, i)
		case d.Type == "":
			return fmt.Errorf("%w: stream %s: draft %d has no type", ErrInvalid, a.Stream, i)
		}
		size += len(d.Data) + len(d.Type) + len(d.Metadata.Correlation) + len(d.Metadata.Traceparent) + len(d.Metadata.Actor)
	}
	if size > limit {
		return fmt.Errorf("%w: stream %s: %d bytes, the limit is %d", ErrTooLarge, a.Stream, size, limit)
	}
	if id, twice := repeatedID(a.Drafts); twice {
		return fmt.Errorf("%w: stream %s: event %s is there twice", ErrInvalid, a.Stream, id)
	}
	return nil
}

func repeatedID(drafts []Draft) (uuid.UUID, bool) {
	if len(drafts) <= 16 { // comparing pairs is cheaper than a map
		for i := range drafts {
			for j := range i {
				if drafts[i].ID == drafts[j].ID {
					return drafts[i].ID, true
				}
			}
		}
		return uuid.Nil, false
	}
	seen := make(map[uuid.UUID]struct{}, len(drafts))
	for i := range drafts {
		if _, known := seen[drafts[i].ID]; known {
			return drafts[i].ID, true
		}
		seen[drafts[i].ID] = struct{}{}
	}
	return uuid.Nil, false
}

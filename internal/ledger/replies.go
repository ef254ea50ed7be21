package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrKeyReused is the answer to an idempotency key that came with another request before.
var ErrKeyReused = errors.New("this idempotency key was used for another request")

// Reply is the first answer to a request, which every repetition of it gets.
type Reply struct {
	Status int // of HTTP
	Body   []byte
}

// Fingerprint tells requests apart that carry the same idempotency key.
type Fingerprint [16]byte

// FingerprintOf hashes what makes up a request.
func FingerprintOf(parts ...string) Fingerprint {
	text := make([]byte, 0, 256)
	for _, part := range parts {
		text = binary.AppendUvarint(text, uint64(len(part)))
		text = append(text, part...)
	}
	sum := sha256.Sum256(text)
	return Fingerprint(sum[:16])
}

// Replies remembers first answers by idempotency key, for ever.
type Replies struct{ prefix string }

// NewReplies keeps its keys below a prefix.
func NewReplies(prefix string) Replies { return Replies{prefix} }

// Find returns the answer to an earlier request of this key, and false where there was none. It is ErrKeyReused where
// that was another request.
func (r Replies) Find(tx *Tx, key string, request Fingerprint) (Reply, bool, error) {
	kept, found, err := tx.Get([]byte(r.prefix + key))
	if err != nil || !found {
		return Reply{}, false, err
	}
	if len(kept) < len(request)+2 {
		return Reply{}, false, fmt.Errorf("read ledger: the answer of key %q is cut short", key)
	}
	if Fingerprint(kept[:len(request)]) != request {
		return Reply{}, false, ErrKeyReused
	}
	kept = kept[len(request):]
	return Reply{int(binary.BigEndian.Uint16(kept)), kept[2:]}, true, nil
}

// Keep remembers the first answer.
func (r Replies) Keep(tx *Tx, key string, request Fingerprint, reply Reply) {
	kept := make([]byte, 0, len(request)+2+len(reply.Body))
	kept = append(kept, request[:]...)
	kept = binary.BigEndian.AppendUint16(kept, uint16(reply.Status))
	tx.Set([]byte(r.prefix+key), append(kept, reply.Body...))
}

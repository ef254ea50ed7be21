package inventory

import "fmt"

// The kinds of references: a receipt's and an adjustment's have nothing to do with each other.
const (
	receipt    = "received"
	adjustment = "adjusted"
)

// knownReference tells whether a reference was used for this very quantity; ErrReferenceReused where it was for another.
func (s State) knownReference(kind, sku, reference string, quantity int64) (bool, error) {
	before, known := s.references.Get(referenceKey(kind, sku, reference))
	if known && before != quantity {
		return true, fmt.Errorf("%w: %d, not %d", ErrReferenceReused, before, quantity)
	}
	return known, nil
}

func referenceKey(kind, sku, reference string) string {
	return kind + "\x00" + sku + "\x00" + reference
}

package ledger

import (
	"encoding/base32"
	"fmt"

	"github.com/google/uuid"
)

var idText = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// NewID makes an id that sorts after all that this process made before, and practically after those of earlier ones:
// a prefix such as "ch_" and 26 letters and digits.
func NewID(prefix string) (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return prefix + idText.EncodeToString(id[:]), nil
}

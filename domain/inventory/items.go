package inventory

import (
	"fmt"
	"math"
)

// positive refuses items of which there would be none or fewer: they would turn a promise into its opposite.
func positive(items ...Item) error {
	for _, item := range items {
		if item.Quantity < 1 {
			return fmt.Errorf("%w: %d of %s", ErrQuantity, item.Quantity, item.SKU)
		}
	}
	return nil
}

// perSKU adds positive items of the same SKU up, in the order of their first appearance. A sum that an int64 does not
// hold stays at the most that it holds, which is more than there ever is.
func perSKU(items []Item) []Item {
	sums := make([]Item, 0, len(items))
	at := make(map[string]int, len(items))
	for _, item := range items {
		i, seen := at[item.SKU]
		if !seen {
			at[item.SKU] = len(sums)
			sums = append(sums, item)
			continue
		}
		if sums[i].Quantity > math.MaxInt64-item.Quantity {
			sums[i].Quantity = math.MaxInt64
			continue
		}
		sums[i].Quantity += item.Quantity
	}
	return sums
}

package inventory_test

import (
	"math"
	"testing"

	"github.com/ordersaga/ordersaga/domain/inventory"
)

func TestOrderOfNothingOrLessIsNotPromised(t *testing.T) {
	for _, quantity := range []int64{0, -1, math.MinInt64} {
		items := []inventory.Item{{SKU: "heart", Quantity: 1}, {SKU: "lamp", Quantity: quantity}}
		given(t, received("heart", 5), received("lamp", 5)).When(reserve("o-1", 1, items...)).ThenError(inventory.ErrQuantity, "lamp")
	}
}

func TestReturnOfNothingOrLessIsNotTakenIn(t *testing.T) {
	for _, quantity := range []int64{0, -1} {
		given(t, received("heart", 5)).
			When(inventory.Restock{OrderID: "o-1", Items: hearts(quantity), Heard: fromShipping(1)}).ThenError(inventory.ErrQuantity)
	}
}

func TestTriggerThatIsAccountedForIsNotRefusedLater(t *testing.T) {
	given(t, received("heart", 5), reserved("o-1", 2, hearts(1)...)).
		When(reserve("o-2", 2, hearts(0)...)).ThenNothing(). // passed
		When(reserve("o-1", 3, hearts(0)...)).ThenNothing()  // promised already
}

func TestLinesOfOneSKUArePromisedTogetherOrNotAtAll(t *testing.T) {
	lines := func(a, b int64) []inventory.Item {
		return []inventory.Item{{SKU: "heart", Quantity: a}, {SKU: "lamp", Quantity: 1}, {SKU: "heart", Quantity: b}}
	}
	together := []inventory.Item{{SKU: "heart", Quantity: 5}, {SKU: "lamp", Quantity: 1}}
	story := given(t, received("heart", 5), received("lamp", 1)).
		When(reserve("o-1", 1, lines(3, 2)...)).Then(reserved("o-1", 1, together...))
	wantLevel(t, story.State(), "heart", 5, 5)
	wantLevel(t, story.State(), "lamp", 1, 1)

	given(t, received("heart", 5), received("lamp", 1)).
		When(reserve("o-1", 1, lines(3, 3)...)).
		Then(inventory.Refused{OrderID: "o-1", Shortages: []inventory.Shortage{{SKU: "heart", Requested: 6, Available: 5}}, Heard: fromOrder(1)})
}

func TestLinesThatAddUpToMoreThanCanBeCountedAreRefused(t *testing.T) {
	all := inventory.Refused{
		OrderID: "o-1", Shortages: []inventory.Shortage{{SKU: "heart", Requested: math.MaxInt64, Available: 5}}, Heard: fromOrder(1),
	}
	for _, lines := range [][2]int64{{math.MaxInt64 - 1, 1}, {math.MaxInt64, 1}, {1, math.MaxInt64}, {math.MaxInt64, math.MaxInt64}} {
		items := []inventory.Item{{SKU: "heart", Quantity: lines[0]}, {SKU: "heart", Quantity: lines[1]}}
		given(t, received("heart", 5)).When(reserve("o-1", 1, items...)).Then(all)
	}
}

package inventory_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordersaga/ordersaga/domain/inventory"
)

func reserve(order string, number uint64, items ...inventory.Item) inventory.Reserve {
	return inventory.Reserve{OrderID: order, Items: items, Heard: fromOrder(number)}
}

func reserved(order string, number uint64, items ...inventory.Item) inventory.Reserved {
	return inventory.Reserved{OrderID: order, Items: items, Heard: fromOrder(number)}
}

func TestOrderIsPromisedAllOfItsItems(t *testing.T) {
	both := []inventory.Item{{SKU: "heart", Quantity: 6}, {SKU: "lamp", Quantity: 1}}
	story := given(t, received("heart", 10), received("lamp", 1)).When(reserve("o-1", 1, both...)).Then(reserved("o-1", 1, both...))
	wantLevel(t, story.State(), "heart", 10, 6)
	wantLevel(t, story.State(), "lamp", 1, 1)
	if diff := cmp.Diff(both, story.State().Open("o-1")); diff != "" {
		t.Errorf("the open promise (-want +got):\n%s", diff)
	}
}

func TestOneLineOfSeveralOutOfStockPromisesNothing(t *testing.T) {
	story := given(t, received("heart", 10), received("lamp", 2), received("rug", 5), reserved("o-0", 1, hearts(7)...)).
		When(reserve("o-1", 2, []inventory.Item{{SKU: "heart", Quantity: 4}, {SKU: "lamp", Quantity: 3}, {SKU: "rug", Quantity: 5}, {SKU: "vase", Quantity: 1}}...)).
		Then(inventory.Refused{OrderID: "o-1", Heard: fromOrder(2), Shortages: []inventory.Shortage{
			{SKU: "heart", Requested: 4, Available: 3},
			{SKU: "lamp", Requested: 3, Available: 2},
			{SKU: "vase", Requested: 1, Available: 0},
		}})
	wantLevel(t, story.State(), "rug", 5, 0)
	if open := story.State().Open("o-1"); open != nil {
		t.Errorf("promised all the same: %v", open)
	}
}

func TestTwoBuyersOfOneUnitExactlyOneWinsAndTheOtherIsTold(t *testing.T) {
	story := given(t, received("heart", 1)).
		When(reserve("o-1", 1, hearts(1)...)).Then(reserved("o-1", 1, hearts(1)...)).
		When(reserve("o-2", 2, hearts(1)...)).
		Then(inventory.Refused{OrderID: "o-2", Shortages: []inventory.Shortage{{SKU: "heart", Requested: 1}}, Heard: fromOrder(2)})
	wantLevel(t, story.State(), "heart", 1, 1)
}

func TestUnitThatIsReleasedGoesToTheNextBuyer(t *testing.T) {
	released := inventory.Released{OrderID: "o-1", Items: hearts(1), Heard: fromOrder(2)}
	story := given(t, received("heart", 1), reserved("o-1", 1, hearts(1)...)).
		When(inventory.Release{OrderID: "o-1", Heard: fromOrder(2)}).Then(released).
		When(reserve("o-2", 3, hearts(1)...)).Then(reserved("o-2", 3, hearts(1)...))
	wantLevel(t, story.State(), "heart", 1, 1)
}

func TestReleaseHappensOnceHoweverOftenTheOrderEnds(t *testing.T) {
	story := given(t, received("heart", 5), reserved("o-1", 1, hearts(2)...), reserved("o-2", 2, hearts(2)...)).
		When(inventory.Release{OrderID: "o-1", Heard: fromOrder(3)}).
		Then(inventory.Released{OrderID: "o-1", Items: hearts(2), Heard: fromOrder(3)}).
		When(inventory.Release{OrderID: "o-1", Heard: fromOrder(3)}).ThenNothing().
		When(inventory.Release{OrderID: "o-1", Heard: fromOrder(4)}).ThenNothing()
	wantLevel(t, story.State(), "heart", 5, 2)
}

func TestReleaseOfAnOrderThatWasRefusedTouchesNothing(t *testing.T) {
	refused := inventory.Refused{OrderID: "o-1", Shortages: []inventory.Shortage{{SKU: "heart", Requested: 9, Available: 5}}, Heard: fromOrder(1)}
	story := given(t, received("heart", 5), refused).When(inventory.Release{OrderID: "o-1", Heard: fromOrder(2)}).ThenNothing()
	wantLevel(t, story.State(), "heart", 5, 0)
}

func TestParcelThatLeavesTakesItsItemsAlong(t *testing.T) {
	story := given(t, received("heart", 5), reserved("o-1", 1, hearts(2)...)).
		When(inventory.Ship{OrderID: "o-1", Heard: fromShipping(1)}).
		Then(inventory.Shipped{OrderID: "o-1", Items: hearts(2), Heard: fromShipping(1)}).
		When(inventory.Ship{OrderID: "o-1", Heard: fromShipping(2)}).ThenNothing().
		When(inventory.Release{OrderID: "o-1", Heard: fromOrder(2)}).ThenNothing() // what has left cannot be released
	wantLevel(t, story.State(), "heart", 3, 0)
}

func TestParcelThatComesBackIsStockAgain(t *testing.T) {
	restock := inventory.Restock{OrderID: "o-1", Items: hearts(2), Heard: fromShipping(2)}
	story := given(t, received("heart", 5), reserved("o-1", 1, hearts(2)...), inventory.Shipped{OrderID: "o-1", Items: hearts(2), Heard: fromShipping(1)}).
		When(restock).Then(inventory.Restocked(restock)).
		When(restock).ThenNothing()
	wantLevel(t, story.State(), "heart", 5, 0)
}

func TestReturnThatWasHeardBeforeTheDispatchImpliesIt(t *testing.T) {
	restock := inventory.Restock{OrderID: "o-1", Items: hearts(1), Heard: fromShipping(2)}
	story := given(t, received("heart", 5), reserved("o-1", 1, hearts(2)...)).
		When(restock).Then(inventory.Shipped{OrderID: "o-1", Items: hearts(2), Heard: fromShipping(2)}, inventory.Restocked(restock)).
		When(inventory.Ship{OrderID: "o-1", Heard: fromShipping(1)}).ThenNothing()
	wantLevel(t, story.State(), "heart", 4, 0)
}

func TestLostParcelIsWrittenOff(t *testing.T) {
	story := given(t, received("heart", 5), reserved("o-1", 1, hearts(2)...), inventory.Shipped{OrderID: "o-1", Items: hearts(2), Heard: fromShipping(1)}).
		When(inventory.Release{OrderID: "o-1", Heard: fromOrder(2)}).ThenNothing()
	wantLevel(t, story.State(), "heart", 3, 0)
}

package inventory_test

import (
	"math"
	"testing"

	"github.com/ordersaga/ordersaga/domain/inventory"
)

func TestGoodsComeInAndAreAvailable(t *testing.T) {
	story := given(t).
		When(inventory.Receive{Received: received("heart", 10)}).Then(received("heart", 10)).
		When(inventory.Receive{Received: received("lamp", 3)}).Then(received("lamp", 3))
	wantLevel(t, story.State(), "heart", 10, 0)
	wantLevel(t, story.State(), "lamp", 3, 0) // a delivery note may name several SKUs
	wantLevel(t, story.State(), "unheard-of", 0, 0)
	if available := story.State().Level("heart").Available(); available != 10 {
		t.Errorf("available: %d", available)
	}
}

func TestSameReceiptTwiceIsReceivedOnce(t *testing.T) {
	story := given(t, received("heart", 10)).When(inventory.Receive{Received: received("heart", 10)}).ThenNothing()
	wantLevel(t, story.State(), "heart", 10, 0)
}

func TestReceiptOfAnotherQuantityUnderTheSameReferenceIsRefused(t *testing.T) {
	given(t, received("heart", 10)).
		When(inventory.Receive{Received: received("heart", 11)}).ThenError(inventory.ErrReferenceReused, "10", "11")
}

func TestMoreThanCanBeCountedIsRefused(t *testing.T) {
	full := received("heart", inventory.MaxOnHand)
	one := inventory.Received{SKU: "heart", Quantity: 1, Reference: "PO-2"}
	story := given(t).
		When(inventory.Receive{Received: full}).Then(full).
		When(inventory.Receive{Received: one}).ThenError(inventory.ErrTooMuch).
		When(inventory.Adjust{Adjusted: adjusted("heart", 1)}).ThenError(inventory.ErrTooMuch).
		When(inventory.Adjust{Adjusted: adjusted("heart", -1)}).Then(adjusted("heart", -1)).
		When(inventory.Receive{Received: one}).Then(one)
	wantLevel(t, story.State(), "heart", inventory.MaxOnHand, 0)
	for _, quantity := range []int64{inventory.MaxOnHand + 1, math.MaxInt64} {
		given(t).When(inventory.Receive{Received: received("heart", quantity)}).ThenError(inventory.ErrTooMuch)
		given(t).When(inventory.Adjust{Adjusted: adjusted("heart", quantity)}).ThenError(inventory.ErrTooMuch)
	}
}

func TestCountMayGoUpToTheMostThatCanBeCounted(t *testing.T) {
	story := given(t, received("heart", inventory.MaxOnHand-5)).
		When(inventory.Adjust{Adjusted: adjusted("heart", 6)}).ThenError(inventory.ErrTooMuch).
		When(inventory.Adjust{Adjusted: adjusted("heart", 5)}).Then(adjusted("heart", 5))
	wantLevel(t, story.State(), "heart", inventory.MaxOnHand, 0)
}

func TestGoodsThatComeBackToAFullWarehouseAreTakenIn(t *testing.T) {
	restock := inventory.Restock{OrderID: "o-1", Items: hearts(5), Heard: fromShipping(1)}
	story := given(t, received("heart", inventory.MaxOnHand)).
		When(restock).Then(inventory.Restocked(restock)).
		When(inventory.Adjust{Adjusted: adjusted("heart", 1)}).ThenError(inventory.ErrTooMuch).
		When(inventory.Adjust{Adjusted: adjusted("heart", -7)}).Then(adjusted("heart", -7))
	wantLevel(t, story.State(), "heart", inventory.MaxOnHand-2, 0)
}

func TestReceiptOfNothingOrLessIsRefused(t *testing.T) {
	for _, quantity := range []int64{0, -1, math.MinInt64} {
		given(t, inventory.Received{SKU: "heart", Quantity: 5, Reference: "PO-0"}).
			When(inventory.Receive{Received: received("heart", quantity)}).ThenError(inventory.ErrQuantity, "heart")
	}
	given(t).When(inventory.Receive{Received: received("heart", 1)}).Then(received("heart", 1))
}

func TestReceiptAndCountMayBearTheSameReference(t *testing.T) {
	count := inventory.Adjusted{SKU: "heart", Delta: -3, Reason: "broken", Reference: "PO-1"}
	story := given(t).
		When(inventory.Receive{Received: received("heart", 10)}).Then(received("heart", 10)).
		When(inventory.Adjust{Adjusted: count}).Then(count).
		When(inventory.Adjust{Adjusted: count}).ThenNothing().
		When(inventory.Receive{Received: received("heart", 10)}).ThenNothing()
	wantLevel(t, story.State(), "heart", 7, 0)
}

func TestReferencesOfTwoSKUsAreNeverTakenForEachOther(t *testing.T) {
	one := inventory.Received{SKU: "heart", Quantity: 10, Reference: "s-1"}
	other := inventory.Received{SKU: "hearts", Quantity: 3, Reference: "-1"}
	given(t, one).When(inventory.Receive{Received: other}).Then(other)
}

func TestCountCorrectsWhatIsOnHand(t *testing.T) {
	story := given(t, received("heart", 10)).
		When(inventory.Adjust{Adjusted: adjusted("heart", -3)}).Then(adjusted("heart", -3)).
		When(inventory.Adjust{Adjusted: adjusted("heart", -3)}).ThenNothing().
		When(inventory.Adjust{Adjusted: adjusted("heart", -4)}).ThenError(inventory.ErrReferenceReused, "-3", "-4")
	wantLevel(t, story.State(), "heart", 7, 0)
}

func TestCountMayGoDownToWhatIsPromisedAndNoFurther(t *testing.T) {
	promised := inventory.Reserved{OrderID: "o-1", Items: hearts(6), Heard: fromOrder(1)}
	given(t, received("heart", 10), promised).
		When(inventory.Adjust{Adjusted: adjusted("heart", -5)}).
		ThenError(inventory.ErrBelowReserved, "10 on hand", "6 reserved", "-5")
	story := given(t, received("heart", 10), promised).
		When(inventory.Adjust{Adjusted: adjusted("heart", -4)}).Then(adjusted("heart", -4))
	wantLevel(t, story.State(), "heart", 6, 6)
}

func TestCountNeverGoesBelowNothing(t *testing.T) {
	given(t).When(inventory.Adjust{Adjusted: adjusted("heart", -1)}).ThenError(inventory.ErrBelowReserved)
	given(t, received("heart", math.MaxInt64)).
		When(inventory.Adjust{Adjusted: adjusted("heart", math.MinInt64)}).ThenError(inventory.ErrBelowReserved)
	given(t).When(inventory.Adjust{Adjusted: adjusted("heart", math.MinInt64)}).ThenError(inventory.ErrBelowReserved)
}

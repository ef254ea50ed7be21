package inventory_test

import (
	"testing"

	"github.com/ordersaga/ordersaga/domain/inventory"
)

func TestTriggerThatWasPassedIsNeverHeardAgain(t *testing.T) {
	passed := given(t, received("heart", 9), reserved("o-1", 7, hearts(1)...), inventory.Released{OrderID: "o-1", Items: hearts(1), Heard: fromOrder(9)})
	passed.
		When(reserve("o-1", 7, hearts(1)...)).ThenNothing(). // delivered again after its own release
		When(reserve("o-2", 8, hearts(1)...)).ThenNothing().
		When(reserve("o-3", 9, hearts(1)...)).ThenNothing().
		When(inventory.CatchUp{Heard: fromOrder(9)}).ThenNothing()
	if number := passed.State().Heard("order"); number != 9 {
		t.Errorf("heard up to %d", number)
	}
}

func TestPositionNeverGoesBack(t *testing.T) {
	story := given(t, inventory.CaughtUp{Heard: fromOrder(9)}, inventory.CaughtUp{Heard: fromOrder(4)})
	if number := story.State().Heard("order"); number != 9 {
		t.Errorf("heard up to %d, after 9 and a late 4", number)
	}
}

func TestFactWithoutASourceMovesNoPosition(t *testing.T) {
	state := given(t, inventory.CaughtUp{Heard: inventory.Heard{Number: 7}}).State()
	if positions := state.Snapshot().Heard; len(positions) > 0 {
		t.Errorf("positions without a source: %v", positions)
	}
}

func TestEachSourceIsCountedByItself(t *testing.T) {
	story := given(t, received("heart", 9), reserved("o-1", 9, hearts(1)...)).
		When(inventory.Ship{OrderID: "o-1", Heard: fromShipping(1)}).
		Then(inventory.Shipped{OrderID: "o-1", Items: hearts(1), Heard: fromShipping(1)})
	if order, shipping := story.State().Heard("order"), story.State().Heard("shipping"); order != 9 || shipping != 1 {
		t.Errorf("heard order up to %d and shipping up to %d", order, shipping)
	}
}

func TestEveryFactSaysHowFarItsSourceWasHeard(t *testing.T) {
	refused := inventory.Refused{OrderID: "o-2", Shortages: []inventory.Shortage{{SKU: "lamp", Requested: 1}}, Heard: fromOrder(2)}
	story := given(t, received("heart", 9), reserved("o-1", 1, hearts(1)...), refused)
	for number, next := range map[uint64]inventory.Event{
		2: refused,
		3: inventory.Released{OrderID: "o-1", Items: hearts(1), Heard: fromOrder(3)},
		4: inventory.Shipped{OrderID: "o-1", Items: hearts(1), Heard: fromOrder(4)},
		5: inventory.Restocked{OrderID: "o-1", Items: hearts(1), Heard: fromOrder(5)},
		6: inventory.CaughtUp{Heard: fromOrder(6)},
	} {
		if heard := inventory.Entity.Evolve(story.State(), next).Heard("order"); heard != number {
			t.Errorf("after %T: heard up to %d, want %d", next, heard, number)
		}
	}
}

func TestCatchingUpSkipsWhatAskedForNothing(t *testing.T) {
	given(t, received("heart", 9)).
		When(inventory.CatchUp{Heard: fromOrder(500)}).Then(inventory.CaughtUp{Heard: fromOrder(500)}).
		When(inventory.CatchUp{Heard: fromOrder(499)}).ThenNothing().
		When(reserve("o-1", 500, hearts(1)...)).ThenNothing().
		When(reserve("o-2", 501, hearts(1)...)).Then(reserved("o-2", 501, hearts(1)...))
}

func TestOrderThatIsPlacedTwiceIsPromisedOnce(t *testing.T) {
	story := given(t, received("heart", 9), reserved("o-1", 1, hearts(3)...)).When(reserve("o-1", 2, hearts(3)...)).ThenNothing()
	wantLevel(t, story.State(), "heart", 9, 3)
}

// A trigger that was set aside and is tried again by a person has no place among its source's events any more.
func TestTriggerThatWasSetAsideIsDecidedThoughLaterOnesWerePassed(t *testing.T) {
	promised := inventory.Reserved{OrderID: "o-1", Items: hearts(2)}
	story := given(t, received("heart", 9), inventory.CaughtUp{Heard: fromOrder(50)}).
		When(inventory.Reserve{OrderID: "o-1", Items: hearts(2)}).Then(promised).
		When(inventory.Release{OrderID: "o-1"}).Then(inventory.Released{OrderID: "o-1", Items: hearts(2)})
	wantLevel(t, story.State(), "heart", 9, 0)
	story = given(t, received("heart", 9), promised).
		When(inventory.Ship{OrderID: "o-1"}).Then(inventory.Shipped{OrderID: "o-1", Items: hearts(2)})
	wantLevel(t, story.State(), "heart", 7, 0)
	if number := story.State().Heard("order"); number != 0 {
		t.Errorf("heard up to %d", number)
	}
}

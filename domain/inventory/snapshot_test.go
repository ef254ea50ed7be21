package inventory_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordersaga/ordersaga/domain/domaintest"
	"github.com/ordersaga/ordersaga/domain/inventory"
)

// written is a state that was written down as a snapshot and read again.
func written(t domaintest.TB, s inventory.State) inventory.State {
	t.Helper()
	body, err := json.Marshal(s.Snapshot())
	if err != nil {
		t.Fatalf("write: %v", err)
	}
	var snapshot inventory.Snapshot
	if err := json.Unmarshal(body, &snapshot); err != nil {
		t.Fatalf("read: %v", err)
	}
	return snapshot.Restore()
}

func TestSnapshotRemembersAllThatIsDecidedOn(t *testing.T) {
	before := given(t, received("heart", 9), adjusted("heart", -1), reserved("o-1", 4, hearts(3)...),
		inventory.Shipped{OrderID: "o-0", Items: hearts(1), Heard: fromShipping(2)}).State()
	after := written(t, before)
	if diff := cmp.Diff(before.Snapshot(), after.Snapshot()); diff != "" {
		t.Fatalf("the restored state differs (-before +after):\n%s", diff)
	}
	for _, command := range []inventory.Command{
		inventory.Receive{Received: received("heart", 9)},
		inventory.Receive{Received: received("heart", 8)},
		inventory.Adjust{Adjusted: adjusted("heart", -1)},
		inventory.Adjust{Adjusted: inventory.Adjusted{SKU: "heart", Delta: -9, Reference: "ADJ-2"}},
		inventory.Adjust{Adjusted: inventory.Adjusted{SKU: "heart", Delta: -1, Reference: "PO-1"}}, // a receipt's reference
		inventory.Receive{Received: inventory.Received{SKU: "heart", Quantity: 1, Reference: "ADJ-1"}},
		reserve("o-2", 4, hearts(1)...),
		reserve("o-2", 5, hearts(5)...),
		inventory.Release{OrderID: "o-1", Heard: fromOrder(5)},
		inventory.Ship{OrderID: "o-1", Heard: fromShipping(2)},
		inventory.Ship{OrderID: "o-1", Heard: fromShipping(3)},
	} {
		want, wantErr := inventory.Entity.Decide(command, before)
		got, gotErr := inventory.Entity.Decide(command, after)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%+v is decided otherwise after a restart (-before +after):\n%s", command, diff)
		}
		if (wantErr == nil) != (gotErr == nil) || wantErr != nil && wantErr.Error() != gotErr.Error() {
			t.Errorf("%+v is refused otherwise after a restart: %v, then %v", command, wantErr, gotErr)
		}
	}
}

func TestSnapshotOfNothingIsNothing(t *testing.T) {
	for name, state := range map[string]inventory.State{
		"a new warehouse":   written(t, inventory.Entity.Initial()),
		"no snapshot taken": inventory.Snapshot{}.Restore(),
	} {
		_, events, err := domaintest.Decide(t, inventory.Entity, state, inventory.Command(inventory.Receive{Received: received("heart", 9)}))
		if err != nil || len(events) != 1 {
			t.Errorf("%s: goods do not come in: %v, %v", name, events, err)
		}
	}
}

func TestLaterEventsLeaveASnapshotAsItWas(t *testing.T) {
	story := given(t, received("heart", 9), reserved("o-1", 1, hearts(3)...))
	snapshot := story.State().Snapshot()
	body, err := json.Marshal(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	story.When(inventory.Release{OrderID: "o-1", Heard: fromOrder(2)}).
		Then(inventory.Released{OrderID: "o-1", Items: hearts(3), Heard: fromOrder(2)})
	again, err := json.Marshal(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(body), string(again)); diff != "" {
		t.Errorf("the snapshot changed (-then +now):\n%s", diff)
	}
}

func TestSnapshotAndStateShareNoPositions(t *testing.T) {
	state := given(t, inventory.CaughtUp{Heard: fromOrder(9)}).State()
	snapshot := state.Snapshot()
	restored := snapshot.Restore()
	snapshot.Heard["order"] = 500
	if a, b := state.Heard("order"), restored.Heard("order"); a != 9 || b != 9 {
		t.Errorf("writing to a snapshot moved the state to %d and the restored one to %d", a, b)
	}
}

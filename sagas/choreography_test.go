package sagas_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/domain/order"
	"github.com/ordersaga/ordersaga/domain/payment"
	"github.com/ordersaga/ordersaga/sagas"
)

func TestTheCheckoutKeepsItsClaims(t *testing.T) {
	for _, wrong := range sagas.Checkout.Check(sagas.CheckoutClaims, sagas.Events.Types()) {
		t.Error(wrong)
	}
}

// Each check must be able to fail: the checkout without one of its rows breaks a claim.
func TestTheChecksNoticeAMissingRow(t *testing.T) {
	for _, c := range []struct{ row, says string }{
		{"releaseStock", "stock.reserved.v1: not undone on order.rejected.v1"},
		{"undoPayment", "payment.captured.v1: not undone on order.lost.v1"},
		{"rejectDeclined", "payment.declined.v1: leads to no pivot and to no person"},
		{"cancelUnshippable", "shipment.failed.v1: nobody reacts to it, and it is not declared an end"},
		{"requestPayment", "payment.requested.v1: no row records it"},
		{"loseAuthorization", "payment.authorization_lost.v1: leads to no pivot and to no person"},
	} {
		t.Run("without "+c.row, func(t *testing.T) {
			less := sagas.Choreography{}
			for _, row := range sagas.Checkout.Rows {
				if row.Name != c.row {
					less.Rows = append(less.Rows, row)
				}
			}
			if len(less.Rows) == len(sagas.Checkout.Rows) {
				t.Fatalf("there is no row %s", c.row)
			}
			wrong := less.Check(sagas.CheckoutClaims, sagas.Events.Types())
			if !contains(wrong, c.says) {
				t.Errorf("the checks say %q, not %q", wrong, c.says)
			}
		})
	}
}

func TestTheChecksNoticeACircleOfWaits(t *testing.T) {
	request := func(order.Placed, sagas.Trigger) (string, payment.Command) { return "", nil }
	reserve := func(order.Placed, sagas.Trigger) (string, inventory.Command) { return "", nil }
	circle := sagas.New(
		sagas.Edge("POST /v1/orders", order.Entity).Emitting(order.Placed{}),
		sagas.On[order.Placed](payment.Entity, request).Needing(inventory.Reserved{}).Emitting(payment.Requested{}),
		sagas.On[order.Placed](inventory.Entity, reserve).Needing(payment.Requested{}).Emitting(inventory.Reserved{}),
	)
	known := []string{order.Placed{}.EventType(), payment.Requested{}.EventType(), inventory.Reserved{}.EventType()}
	wrong := circle.Check(sagas.Claims{}, known)
	if !contains(wrong, "payment.requested.v1: cannot happen, something that it needs waits for it") {
		t.Errorf("the circle was not noticed: %q", wrong)
	}
}

func TestTheDocumentIsCurrent(t *testing.T) {
	var want bytes.Buffer
	if err := sagas.Checkout.Document(&want, sagas.CheckoutClaims); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../docs/choreography.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("docs/choreography.md is out of date, run `make docs` (-table +document):\n%s", diff)
	}
}

func contains(all []string, says string) bool {
	for _, one := range all {
		if strings.Contains(one, says) {
			return true
		}
	}
	return false
}

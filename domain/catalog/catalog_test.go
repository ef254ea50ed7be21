package catalog_test

import (
	"testing"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/domain/catalog"
	"github.com/ordersaga/ordersaga/domain/domaintest"
)

var (
	heart   = catalog.Put{Name: "White hanging heart", UnitPrice: domain.Money{Amount: 255, Currency: "GBP"}}
	dearer  = catalog.Put{Name: "White hanging heart", UnitPrice: domain.Money{Amount: 295, Currency: "GBP"}}
	renamed = catalog.Put{Name: "Hanging heart, white", UnitPrice: domain.Money{Amount: 255, Currency: "GBP"}}
	abroad  = catalog.Put{Name: "White hanging heart", UnitPrice: domain.Money{Amount: 255, Currency: "EUR"}}
)

func TestProductIsListedOnceAndThenChanged(t *testing.T) {
	story := domaintest.Given(t, catalog.Entity).
		When(heart).Then(catalog.Listed(heart)).
		When(heart).ThenNothing().
		When(dearer).Then(catalog.Changed(dearer)).
		When(renamed).Then(catalog.Changed(renamed)).
		When(abroad).Then(catalog.Changed(abroad)).
		When(heart).Then(catalog.Changed(heart))
	if got, want := story.State(), (catalog.State{Exists: true, Name: heart.Name, UnitPrice: heart.UnitPrice}); got != want {
		t.Errorf("the product is %+v, want %+v", got, want)
	}
}

func TestEveryCommandInEveryPhase(t *testing.T) {
	domaintest.Matrix[catalog.State, catalog.Command, catalog.Event]{
		Entity:   catalog.Entity,
		Commands: map[string]catalog.Command{"Put": heart, "Put dearer": dearer},
		Sealed:   "productCommand",
		Phase: func(s catalog.State) string {
			switch {
			case !s.Exists:
				return "unknown"
			case s.UnitPrice == heart.UnitPrice:
				return "listed"
			}
			return "dearer"
		},
		Grids: []string{`
			           | unknown | listed  | dearer
			Put        | listed  | -       | changed
			Put dearer | listed  | changed | -
		`},
	}.Check(t)
}

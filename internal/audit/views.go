package audit

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/internal/bus"
	"github.com/ordersaga/ordersaga/projections"
	"github.com/ordersaga/ordersaga/sagas"
)

// checkViews builds the read models again, from the stores and up to where the live ones are, and compares.
func (a *auditor) checkViews(ctx context.Context) error {
	if a.Views == nil {
		return nil
	}
	if failure := a.Views.Failure(); failure != nil {
		a.found(finding{8, noOrder, "", failure.Error(), nil})
	}
	for _, mark := range a.Views.Positions() {
		a.checked[8] += int(mark.Number)
	}
	for d, err := range a.Views.Audit(ctx, a.ViewsDir, Reader(a.Stores)) {
		if err != nil {
			return err
		}
		a.found(finding{8, a.orderOfRow(d), "", d.String(), nil})
	}
	return nil
}

// orderOfRow also finds orders that only the live views know: those get an account.
func (a *auditor) orderOfRow(d projections.Difference) int32 {
	row := d.Live
	if row == nil {
		row = d.Rebuilt
	}
	if row.View != "orders" {
		return noOrder
	}
	if i, known := a.orderIndex[row.Key]; known && a.orders[i].placed {
		return i
	}
	i := a.account(row.Key)
	a.found(finding{9, i, "", "the read models have the order, and it is in no store", nil})
	return i
}

// Reader reads the stores' events as the bus would carry them, to their ends.
type Reader map[string]eventstore.Store

var _ projections.Reader = Reader{}

const readerRun = 500

// Read implements [projections.Reader].
func (r Reader) Read(ctx context.Context, source string, after uint64) iter.Seq2[bus.Run, error] {
	return func(yield func(bus.Run, error) bool) {
		categories := sagas.Categories(source)
		run := bus.Run{Source: source}
		number := uint64(0)
		for recorded, err := range r[source].All(ctx, 0) {
			if err != nil {
				yield(bus.Run{}, fmt.Errorf("read the store of %s: %w", source, err))
				return
			}
			if !slices.Contains(categories, recorded.Stream.Category()) {
				continue
			}
			if number++; number <= after {
				continue
			}
			run.Events = append(run.Events, bus.Event{Number: number, Recorded: recorded})
			if len(run.Events) == readerRun {
				if !yield(run, nil) {
					return
				}
				run.Events = nil
			}
		}
		if len(run.Events) > 0 {
			yield(run, nil)
		}
	}
}

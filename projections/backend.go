package projections

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/ordersaga/ordersaga/eventstore"
)

// Mark is how far a source was read.
type Mark struct {
	Number   uint64              `json:"number"`   // of the last event among its source's, 0: none
	Position eventstore.Position `json:"position"` // of the last event in its store
	ID       uuid.UUID           `json:"id"`       // of the last event
}

// backend is a database that keeps the views. All SQL is behind it.
//
// One writer calls load and commit; all else may be called at any time.
type backend interface {
	// marks are those of the last commit, by source.
	marks(ctx context.Context) (map[string]Mark, error)
	// load reads the rows of some keys; those that are not there are left out.
	load(t *table, keys []string, found func(key string, doc []byte) error) error
	// commit writes rows and marks, all or none. It is errFenced where the marks are not what they were after the
	// last commit, and errLost where the database is not there any more.
	commit(from, to map[string]Mark, write func(put func(*table, record) error) error) error

	// reader is the rows as they are. What it answers to one call is of one moment; see snapshot for more.
	reader
	// snapshot is the rows at one moment. It must be closed soon: as long as it is open the database grows.
	snapshot(ctx context.Context) (snapshot, error)

	// present is errLost where the database's files were taken away.
	present() error
	close() error
}

type reader interface {
	get(ctx context.Context, t *table, key string) (doc []byte, found bool, err error)
	// stock reads the rows of a SKU, by warehouse.
	stock(ctx context.Context, sku string, each func(doc []byte) error) error
	// orders reads placed orders, newest first.
	orders(ctx context.Context, q orderQuery, each func(id string, doc []byte) error) error
	// products reads products by SKU.
	products(ctx context.Context, after string, limit int, each func(doc []byte) error) error
	sums(ctx context.Context) (Sums, error)
}

type snapshot interface {
	reader
	marks(ctx context.Context) (map[string]Mark, error)
	// dump reads a table by key: the columns with their names, in the table's order, and the document.
	dump(ctx context.Context, t *table, each func(key string, columns []any, doc []byte) error) error
	close() error
}

// orderQuery is a page of orders. Empty fields do not restrict.
type orderQuery struct {
	customer, status string
	before           uint64 // number of placing, 0: from the newest
	limit            int    // 0: no limit
	oldestFirst      bool
}

var (
	// errLost says that the database is gone or unreadable: it is built again from nothing.
	errLost = errors.New("the views' database is gone or damaged")
	// errForked says that the source's events are not the ones that the views were folded from.
	errForked = errors.New("the source's history is another one than the views were folded from")
)

// ErrFenced says that somebody else writes the same views.
var ErrFenced = errors.New("the views are written by another process")

// tables are all that the views keep, with how they are folded.
var tables = []*table{&orderTable, &stockTable, &productTable}

func newViews(cacheBytes int) []view {
	return []view{
		newRows(orders, &orderTable, cacheBytes),
		newRows(stock, &stockTable, cacheBytes/4),
		newRows(products, &productTable, cacheBytes/4),
	}
}

package projections

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/goccy/go-json"
)

// ErrCursor is the answer to a cursor that no listing gave out.
var ErrCursor = errors.New("unknown cursor")

const (
	defaultPage = 50
	largestPage = 1000
)

// Filter says which orders are listed. Empty fields do not restrict.
type Filter struct {
	Customer string
	Status   string
	Limit    int    // 50 unless told, at most 1,000
	After    string // the cursor that the page before gave
}

func pageSize(limit int) int {
	if limit <= 0 {
		return defaultPage
	}
	return min(limit, largestPage)
}

func decodeOrder(doc []byte) (row orderRow, err error) {
	if err = json.Unmarshal(doc, &row); err != nil {
		err = fmt.Errorf("read order: %w", err)
	}
	return row, err
}

// Order finds an order. It is not found before the views have heard of its placing.
func (v *Views) Order(ctx context.Context, id string) (order OrderView, found bool, err error) {
	doc, err := read(v, func(db backend) ([]byte, error) {
		doc, _, err := db.get(ctx, &orderTable, id)
		return doc, err
	})
	if err != nil || len(doc) == 0 {
		return OrderView{}, false, err
	}
	row, err := decodeOrder(doc)
	if err != nil || row.Order.Placed == 0 {
		return OrderView{}, false, err
	}
	return row.view(id), true, nil
}

// Orders lists orders, newest first. next is the cursor of the page after, empty on the last one. Orders that are placed
// meanwhile do not shift the pages. An After that is no cursor is ErrCursor.
func (v *Views) Orders(ctx context.Context, f Filter) (page []OrderView, next string, err error) {
	limit := pageSize(f.Limit)
	q := orderQuery{customer: f.Customer, status: f.Status, limit: limit + 1}
	if f.After != "" {
		if q.before, err = parseCursor(f.After); err != nil {
			return nil, "", err
		}
	}
	var last uint64
	page, err = read(v, func(db backend) ([]OrderView, error) {
		page := make([]OrderView, 0, min(limit, defaultPage))
		next = ""
		return page, db.orders(ctx, q, func(id string, doc []byte) error {
			if len(page) == limit {
				next = cursor(last)
				return nil
			}
			row, err := decodeOrder(doc)
			page, last = append(page, row.view(id)), row.Order.Placed
			return err
		})
	})
	if err != nil {
		return nil, "", err
	}
	return page, next, nil
}

func cursor(placed uint64) string {
	return base64.RawURLEncoding.EncodeToString([]byte("o" + strconv.FormatUint(placed, 10)))
}

func parseCursor(cursor string) (placed uint64, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) < 2 || raw[0] != 'o' {
		return 0, fmt.Errorf("%w %q", ErrCursor, cursor)
	}
	placed, err = strconv.ParseUint(string(raw[1:]), 10, 64)
	if err != nil || placed == 0 {
		return 0, fmt.Errorf("%w %q", ErrCursor, cursor)
	}
	return placed, nil
}

// AllOrders yields every placed order as of one moment, oldest first. The database grows as long as it takes.
func (v *Views) AllOrders(ctx context.Context) iter.Seq2[OrderView, error] {
	return func(yield func(OrderView, error) bool) {
		shot, err := read(v, func(db backend) (snapshot, error) { return db.snapshot(ctx) })
		if err != nil {
			yield(OrderView{}, err)
			return
		}
		defer shot.close()
		err = shot.orders(ctx, orderQuery{oldestFirst: true}, func(id string, doc []byte) error {
			row, err := decodeOrder(doc)
			if err == nil && !yield(row.view(id), nil) {
				return errStop
			}
			return err
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(OrderView{}, err)
		}
	}
}

// Stock tells how much of a SKU there is in all warehouses. A SKU of which nothing was ever heard is not found.
func (v *Views) Stock(ctx context.Context, sku string) (StockView, bool, error) {
	rows, err := read(v, func(db backend) (rows []stockRow, err error) {
		err = db.stock(ctx, sku, func(doc []byte) error {
			var row stockRow
			err := json.Unmarshal(doc, &row)
			rows = append(rows, row)
			return err
		})
		return rows, err
	})
	if err != nil || len(rows) == 0 {
		return StockView{}, false, err
	}
	return stockView(sku, rows), true, nil
}

// Product finds a product.
func (v *Views) Product(ctx context.Context, sku string) (product ProductView, found bool, err error) {
	doc, err := read(v, func(db backend) ([]byte, error) {
		doc, _, err := db.get(ctx, &productTable, sku)
		return doc, err
	})
	if err != nil || len(doc) == 0 {
		return ProductView{}, false, err
	}
	return product, true, json.Unmarshal(doc, &product)
}

// Products lists products by SKU. after is the cursor that the page before gave, empty for the first; next is empty on
// the last page. limit is 50 where it is 0, and at most 1,000.
func (v *Views) Products(ctx context.Context, after string, limit int) (page []ProductView, next string, err error) {
	sku := ""
	if after != "" {
		raw, err := base64.RawURLEncoding.DecodeString(after)
		if err != nil || len(raw) < 2 || raw[0] != 'p' {
			return nil, "", fmt.Errorf("%w %q", ErrCursor, after)
		}
		sku = string(raw[1:])
	}
	limit = pageSize(limit)
	page, err = read(v, func(db backend) (page []ProductView, err error) {
		err = db.products(ctx, sku, limit+1, func(doc []byte) error {
			var p ProductView
			err := json.Unmarshal(doc, &p)
			page = append(page, p)
			return err
		})
		return page, err
	})
	if err != nil {
		return nil, "", err
	}
	if len(page) > limit {
		page = page[:limit]
		next = base64.RawURLEncoding.EncodeToString([]byte("p" + page[limit-1].SKU))
	}
	return page, next, nil
}

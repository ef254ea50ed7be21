package projections

import (
	"context"
	"database/sql"
	"errors"
	"math"

	"github.com/ordersaga/ordersaga/domain"
)

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each calls next for every row and closes the rows.
func each(rows *sql.Rows, next func() error) error {
	defer rows.Close()
	for rows.Next() {
		if err := next(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// sqliteReader reads through a pool or through one transaction.
type sqliteReader struct{ in queryer }

func (s sqliteReader) docs(ctx context.Context, yield func(doc []byte) error, query string, args ...any) error {
	result, err := s.in.QueryContext(ctx, query, args...)
	if err != nil {
		return lost(err)
	}
	return lost(each(result, func() error {
		var doc sql.RawBytes
		if err := result.Scan(&doc); err != nil {
			return err
		}
		return yield(doc)
	}))
}

func (s sqliteReader) get(ctx context.Context, t *table, key string) (doc []byte, found bool, err error) {
	err = s.docs(ctx, func(d []byte) error {
		doc, found = append(doc, d...), true
		return nil
	}, "SELECT doc FROM "+t.name+" WHERE key = ?", key)
	return doc, found, err
}

func (s sqliteReader) stock(ctx context.Context, sku string, each func(doc []byte) error) error {
	return s.docs(ctx, each, "SELECT doc FROM stock WHERE sku = ? ORDER BY key", sku)
}

func (s sqliteReader) products(ctx context.Context, after string, limit int, each func(doc []byte) error) error {
	return s.docs(ctx, each, "SELECT doc FROM products WHERE key > ? ORDER BY key LIMIT ?", after, limit)
}

func (s sqliteReader) orders(ctx context.Context, q orderQuery, yield func(id string, doc []byte) error) error {
	query, args := "SELECT key, doc FROM orders WHERE placed < ?", []any{int64(math.MaxInt64)}
	if q.before > 0 {
		args[0] = int64(min(q.before, math.MaxInt64))
	}
	if q.customer != "" {
		query, args = query+" AND customer = ?", append(args, q.customer)
	}
	switch {
	case q.status != "" && q.customer != "": // few orders are a customer's, many are completed: the + bars the other index
		query, args = query+" AND +status = ?", append(args, q.status)
	case q.status != "":
		query, args = query+" AND status = ?", append(args, q.status)
	}
	query += " ORDER BY placed"
	if !q.oldestFirst {
		query += " DESC"
	}
	if q.limit > 0 {
		query, args = query+" LIMIT ?", append(args, q.limit)
	}
	result, err := s.in.QueryContext(ctx, query, args...)
	if err != nil {
		return lost(err)
	}
	return lost(each(result, func() error {
		var id string
		var doc sql.RawBytes
		if err := result.Scan(&id, &doc); err != nil {
			return err
		}
		return yield(id, doc)
	}))
}

const sumOrders = `SELECT status, currency, count(*), sum(total), sum(authorized), sum(captured), sum(voided), sum(expired), sum(refunded)
	FROM orders WHERE placed IS NOT NULL GROUP BY status, currency ORDER BY status, currency`

const sumStock = `SELECT (SELECT count(*) FROM products), count(DISTINCT sku), coalesce(sum(on_hand), 0), coalesce(sum(reserved), 0) FROM stock`

func (s sqliteReader) sums(ctx context.Context) (Sums, error) {
	sums := Sums{
		Orders: map[string]int64{}, Money: map[domain.Currency]Amounts{}, ByStatus: map[string]map[domain.Currency]Amounts{},
	}
	result, err := s.in.QueryContext(ctx, sumStock)
	if err != nil {
		return sums, lost(err)
	}
	if err := lost(each(result, func() error {
		return result.Scan(&sums.Products, &sums.SKUs, &sums.OnHand, &sums.Reserved)
	})); err != nil {
		return sums, err
	}
	if result, err = s.in.QueryContext(ctx, sumOrders); err != nil {
		return sums, lost(err)
	}
	return sums, lost(each(result, func() error {
		var status, currency string
		var a Amounts
		if err := result.Scan(&status, &currency, &a.Orders, &a.Total, &a.Authorized, &a.Captured, &a.Voided, &a.Expired, &a.Refunded); err != nil {
			return err
		}
		sums.add(status, domain.Currency(currency), a)
		return nil
	}))
}

// sqliteSnapshot is a read transaction, which sees the rows of one moment.
type sqliteSnapshot struct {
	sqliteReader
	tx *sql.Tx
}

func (s *sqlite) snapshot(ctx context.Context) (snapshot, error) {
	tx, err := s.pool.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, lost(err)
	}
	shot := &sqliteSnapshot{sqliteReader{tx}, tx}
	if _, err := shot.marks(ctx); err != nil { // the moment is that of the first read
		return nil, errors.Join(err, tx.Rollback())
	}
	return shot, nil
}

func (s *sqliteSnapshot) marks(ctx context.Context) (map[string]Mark, error) {
	return readMarks(ctx, s.tx)
}

func (s *sqliteSnapshot) dump(ctx context.Context, t *table, yield func(key string, columns []any, doc []byte) error) error {
	names := ""
	for _, c := range t.columns() {
		names += ", " + c.name
	}
	result, err := s.tx.QueryContext(ctx, "SELECT key, doc"+names+" FROM "+t.name+" ORDER BY key")
	if err != nil {
		return lost(err)
	}
	var key string
	var doc sql.RawBytes
	columns := make([]any, len(t.columns()))
	into := []any{&key, &doc}
	for i := range columns {
		into = append(into, &columns[i])
	}
	return lost(each(result, func() error {
		if err := result.Scan(into...); err != nil {
			return err
		}
		return yield(key, columns, doc)
	}))
}

func (s *sqliteSnapshot) close() error { return s.tx.Rollback() }

package projections

import (
	"fmt"

	"github.com/goccy/go-json"
)

// table is where a projection's rows are kept: a key, columns that are searched or summed up, and the row as JSON.
type table struct {
	name string
	// fixed columns are set once, before anything asks for them; that saves touching their indexes again.
	fixed, moving []column
	indexes       [][]string
}

type column struct {
	name string
	kind kind
}

type kind uint8

const (
	text kind = iota
	integer
)

// keeper is a row that knows its columns: the fixed ones, then the moving ones, in the order of its table. fixed tells
// whether the fixed ones are final.
type keeper interface {
	columns(key string, to []any) (columns []any, fixed bool)
}

// record is a row on its way into the database.
type record struct {
	key     string
	columns []any
	doc     []byte
	stored  bool // there is a row of this key already
	fixed   bool // and its fixed columns are final
}

// view folds one projection's rows and knows which of them are to be written.
type view interface {
	of() *table
	// touch finds the rows that an event touches, or makes them. Rows that the database may have are asked for in fill.
	touch(f Fact)
	// fill reads what touch did not find in memory.
	fill(db backend) error
	// fold applies all touches.
	fold(facts []Fact)
	// write hands every changed row over. The columns are valid until it returns.
	write(to func(*table, record) error) error
	// settle is told that all rows are written; it returns their keys.
	settle() (keys []string)
}

type touched[R any] struct {
	entry *entry[R]
	fact  int // index
}

type rows[R keeper] struct {
	Projection[R]
	table   *table
	cache   *cache[R]
	touches []touched[R]
	missing []string
	dirty   []*entry[R]
	facts   int // touched so far
	columns []any
	keys    []string
	key     func(string)
}

func newRows[R keeper](p Projection[R], t *table, cacheBytes int) view {
	r := &rows[R]{Projection: p, table: t, cache: newCache[R](cacheBytes)}
	r.key = r.touchKey
	return r
}

func (r *rows[R]) of() *table { return r.table }

func (r *rows[R]) touch(f Fact) {
	r.Keys(f, r.key)
	r.facts++
}

func (r *rows[R]) touchKey(key string) {
	e, found := r.cache.get(key)
	if !found {
		e = r.cache.add(key, r.New(key))
		r.missing = append(r.missing, key)
	}
	r.touches = append(r.touches, touched[R]{e, r.facts})
}

func (r *rows[R]) fill(db backend) error {
	if len(r.missing) == 0 {
		return nil
	}
	err := db.load(r.table, r.missing, func(key string, doc []byte) error {
		e, found := r.cache.get(key)
		if !found {
			return fmt.Errorf("%s: row %q was not asked for", r.Name, key)
		}
		if err := json.Unmarshal(doc, &e.row); err != nil {
			return fmt.Errorf("%s: row %q: %w: %w", r.Name, key, errLost, err)
		}
		e.stored = true
		_, e.fixed = e.row.columns(key, nil)
		return nil
	})
	r.missing = r.missing[:0]
	return err
}

func (r *rows[R]) fold(facts []Fact) {
	for _, t := range r.touches {
		t.entry.row = r.Evolve(t.entry.row, facts[t.fact])
		if !t.entry.dirty {
			t.entry.dirty = true
			r.dirty = append(r.dirty, t.entry)
		}
	}
	clear(r.touches)
	r.touches, r.facts = r.touches[:0], 0
}

// overhead is what a row takes in memory besides its content, in bytes.
const overhead = 1 << 10

func (r *rows[R]) write(to func(*table, record) error) error {
	for _, e := range r.dirty {
		doc, err := json.Marshal(&e.row)
		if err != nil {
			return fmt.Errorf("%s: row %q: %w", r.Name, e.key, err)
		}
		columns, fixed := e.row.columns(e.key, r.columns[:0])
		r.columns = columns
		if err := to(r.table, record{e.key, columns, doc, e.stored, e.fixed}); err != nil {
			return fmt.Errorf("%s: row %q: %w", r.Name, e.key, err)
		}
		e.stored, e.fixed = true, fixed
		r.cache.weigh(e, overhead+len(doc))
	}
	return nil
}

func (r *rows[R]) settle() []string {
	r.keys = r.keys[:0]
	for _, e := range r.dirty {
		e.dirty = false
		r.keys = append(r.keys, e.key)
	}
	clear(r.dirty)
	r.dirty = r.dirty[:0]
	r.cache.trim()
	return r.keys
}

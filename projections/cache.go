package projections

// entry is a row in memory.
type entry[R any] struct {
	key    string
	row    R
	stored bool // the database has a row of this key
	fixed  bool // and its fixed columns are as they will stay
	dirty  bool
	size   int // bytes, about

	newer, older *entry[R]
}

// cache keeps the rows that were touched last, so that the next event about them need not read them. Dirty rows must
// not be lost, so nothing is dropped but by trim, which is called when all rows are written.
type cache[R any] struct {
	entries        map[string]*entry[R]
	newest, oldest *entry[R]
	size, limit    int // bytes
}

func newCache[R any](limit int) *cache[R] {
	return &cache[R]{entries: map[string]*entry[R]{}, limit: limit}
}

// get finds a row and makes it the newest.
func (c *cache[R]) get(key string) (e *entry[R], found bool) {
	if e = c.entries[key]; e == nil {
		return nil, false
	}
	if e != c.newest {
		c.unlink(e)
		c.link(e)
	}
	return e, true
}

func (c *cache[R]) add(key string, row R) *entry[R] {
	e := &entry[R]{key: key, row: row}
	c.entries[key] = e
	c.link(e)
	return e
}

// weigh says how large a row has become.
func (c *cache[R]) weigh(e *entry[R], size int) {
	c.size += size - e.size
	e.size = size
}

func (c *cache[R]) trim() {
	for c.size > c.limit && c.oldest != nil {
		e := c.oldest
		c.unlink(e)
		c.size -= e.size
		delete(c.entries, e.key)
	}
}

func (c *cache[R]) link(e *entry[R]) {
	e.older = c.newest
	if c.newest != nil {
		c.newest.newer = e
	} else {
		c.oldest = e
	}
	c.newest = e
}

func (c *cache[R]) unlink(e *entry[R]) {
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		c.newest = e.older
	}
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		c.oldest = e.newer
	}
	e.newer, e.older = nil, nil
}

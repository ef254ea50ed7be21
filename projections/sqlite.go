package projections

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/goccy/go-json"
	"github.com/google/uuid"
	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/ordersaga/ordersaga/eventstore"
)

// sqlite keeps the views in one SQLite file with a write-ahead log. It syncs at checkpoints only: what a power failure
// takes is rows and marks together, and is folded again.
type sqlite struct {
	path  string
	files map[string]os.FileInfo // as opened; others of the same name are not ours
	write *sql.DB
	conn  *sql.Conn // the writer's
	table map[*table]*statements
	mark  *sql.Stmt
	sqliteReader
	pool *sql.DB
}

// statements write one table.
type statements struct {
	load, insert, update, move *sql.Stmt // move leaves the fixed columns alone
	fixed                      int       // how many columns are fixed
}

const pragmas = "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)" +
	"&_pragma=cache_size(-65536)&_pragma=wal_autocheckpoint(8000)&_pragma=journal_size_limit(67108864)&_txlock=immediate"

const readPragmas = "mode=ro&_pragma=busy_timeout(10000)&_pragma=query_only(1)"

// readers is how many reads can be under way at once.
const readers = 8

// openSQLite opens the file or makes it. Where its content is of another version or damaged it is errLost.
func openSQLite(ctx context.Context, path string) (*sqlite, error) {
	s := &sqlite{path: path}
	if err := s.open(ctx); err != nil {
		s.close()
		return nil, lost(err)
	}
	return s, nil
}

// openSQLiteReadOnly never makes or changes the file.
func openSQLiteReadOnly(ctx context.Context, path string) (*sqlite, error) {
	s := &sqlite{path: path}
	err := s.openReaders(ctx)
	if err == nil {
		err = checkVersion(ctx, s.pool)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *sqlite) open(ctx context.Context) (err error) {
	if s.write, err = sql.Open("sqlite", dsn(s.path, pragmas)); err != nil {
		return err
	}
	if s.conn, err = s.write.Conn(ctx); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	s.files = map[string]os.FileInfo{}
	for _, file := range []string{s.path, s.path + "-wal"} {
		if s.files[file], err = os.Stat(file); err != nil {
			return err
		}
	}
	return s.openReaders(ctx)
}

func (s *sqlite) openReaders(ctx context.Context) (err error) {
	if s.pool, err = sql.Open("sqlite", dsn(s.path, readPragmas)); err != nil {
		return err
	}
	s.pool.SetMaxOpenConns(readers)
	s.pool.SetMaxIdleConns(readers)
	if err := s.pool.PingContext(ctx); err != nil {
		return err
	}
	s.sqliteReader = sqliteReader{s.pool}
	return nil
}

func dsn(path, options string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + options
}

func (s *sqlite) prepare(ctx context.Context) (err error) {
	prepare := func(query string) (stmt *sql.Stmt) {
		if err == nil {
			if stmt, err = s.conn.PrepareContext(ctx, query); err != nil {
				err = fmt.Errorf("%s: %w", query, err)
			}
		}
		return stmt
	}
	s.table = map[*table]*statements{}
	for _, t := range tables {
		names, marks, set := "", "", ""
		for _, c := range t.columns() {
			names += ", " + c.name
			marks += ", ?"
			set += c.name + " = ?, "
		}
		move := ""
		for _, c := range t.moving {
			move += c.name + " = ?, "
		}
		s.table[t] = &statements{
			load:   prepare("SELECT t.key, t.doc FROM json_each(?) AS wanted CROSS JOIN " + t.name + " AS t ON t.key = wanted.value"),
			insert: prepare("INSERT INTO " + t.name + " (key" + names + ", doc) VALUES (?" + marks + ", ?)"),
			update: prepare("UPDATE " + t.name + " SET " + set + "doc = ? WHERE key = ?"),
			move:   prepare("UPDATE " + t.name + " SET " + move + "doc = ? WHERE key = ?"),
			fixed:  len(t.fixed),
		}
	}
	s.mark = prepare("INSERT INTO marks (source, number, position, id) VALUES (?1, ?2, ?3, ?4)" +
		" ON CONFLICT (source) DO UPDATE SET number = ?2, position = ?3, id = ?4 WHERE number = ?5 AND id = ?6")
	return err
}

// load does not stop with a context: it is short, and a driver that watches one is slower.
func (s *sqlite) load(t *table, keys []string, found func(key string, doc []byte) error) error {
	list, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	result, err := s.table[t].load.QueryContext(context.Background(), string(list))
	if err != nil {
		return lost(err)
	}
	return lost(each(result, func() error {
		var key string
		var doc sql.RawBytes
		if err := result.Scan(&key, &doc); err != nil {
			return err
		}
		return found(key, doc)
	}))
}

func (s *sqlite) commit(from, to map[string]Mark, write func(put func(*table, record) error) error) error {
	if err := s.present(); err != nil {
		return err
	}
	background := context.Background() // a commit is all or nothing, also when the process is told to end
	if _, err := s.conn.ExecContext(background, "BEGIN IMMEDIATE"); err != nil {
		return lost(err)
	}
	err := s.advance(from, to)
	if err == nil {
		err = write(s.put)
	}
	if err == nil {
		_, err = s.conn.ExecContext(background, "COMMIT")
	}
	if err != nil {
		_, back := s.conn.ExecContext(background, "ROLLBACK")
		return lost(errors.Join(err, back))
	}
	return nil
}

func (s *sqlite) put(t *table, r record) error {
	stmts, args, doc := s.table[t], make([]any, 0, len(r.columns)+2), string(r.doc)
	var err error
	switch {
	case !r.stored:
		_, err = stmts.insert.Exec(append(append(append(args, r.key), r.columns...), doc)...)
	case r.fixed:
		_, err = stmts.move.Exec(append(append(args, r.columns[stmts.fixed:]...), doc, r.key)...)
	default:
		_, err = stmts.update.Exec(append(append(args, r.columns...), doc, r.key)...)
	}
	return err
}

func (s *sqlite) advance(from, to map[string]Mark) error {
	for source, mark := range to {
		before := from[source]
		result, err := s.mark.Exec(source, int64(mark.Number), int64(mark.Position), mark.ID.String(),
			int64(before.Number), before.ID.String())
		if err != nil {
			return err
		}
		written, err := result.RowsAffected()
		if err != nil {
			return err
		}
		if written != 1 {
			return fmt.Errorf("%s is not at %d any more: %w", source, before.Number, ErrFenced)
		}
	}
	return nil
}

func (s *sqlite) marks(ctx context.Context) (map[string]Mark, error) { return readMarks(ctx, s.pool) }

func readMarks(ctx context.Context, in queryer) (map[string]Mark, error) {
	result, err := in.QueryContext(ctx, "SELECT source, number, position, id FROM marks")
	if err != nil {
		return nil, lost(err)
	}
	marks := map[string]Mark{}
	return marks, lost(each(result, func() error {
		var source, id string
		var number, position int64
		if err := result.Scan(&source, &number, &position, &id); err != nil {
			return err
		}
		parsed, err := uuid.Parse(id)
		marks[source] = Mark{Number: uint64(number), Position: eventstore.Position(position), ID: parsed}
		return err
	}))
}

func (s *sqlite) present() error {
	for file, opened := range s.files {
		if now, err := os.Stat(file); err != nil || !os.SameFile(opened, now) {
			return fmt.Errorf("%s was taken away: %w", file, errLost)
		}
	}
	return nil
}

func (s *sqlite) close() error {
	var errs []error
	if s.pool != nil {
		errs = append(errs, s.pool.Close())
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.write != nil {
		errs = append(errs, s.write.Close())
	}
	return errors.Join(errs...)
}

// removeSQLite deletes the database with its log.
func removeSQLite(path string) error {
	for _, file := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// lost makes errLost of what SQLite says about a damaged file.
func lost(err error) error {
	var e *driver.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff {
		case codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB:
			return fmt.Errorf("%w: %w", errLost, err)
		}
	}
	return err
}

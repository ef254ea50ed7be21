package projections

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// migrate makes the tables of a new database.
func (s *sqlite) migrate(ctx context.Context) error {
	tx, err := s.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var found int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&found); err != nil {
		return err
	}
	if found > 0 {
		return checkVersion(ctx, tx)
	}
	for _, statement := range schema() {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return tx.Commit()
}

func checkVersion(ctx context.Context, in interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
},
) error {
	var found int
	if err := in.QueryRowContext(ctx, "PRAGMA user_version").Scan(&found); err != nil {
		return err
	}
	if found != version {
		return fmt.Errorf("%w: version %d, not %d", errLost, found, version)
	}
	return nil
}

func schema() []string {
	statements := []string{
		"PRAGMA user_version = " + strconv.Itoa(version),
		"CREATE TABLE marks (source TEXT PRIMARY KEY, number INTEGER NOT NULL, position INTEGER NOT NULL, id TEXT NOT NULL) WITHOUT ROWID",
	}
	types := map[kind]string{text: "TEXT", integer: "INTEGER"}
	for _, t := range tables {
		var columns strings.Builder
		for _, c := range t.columns() {
			fmt.Fprintf(&columns, ", %s %s", c.name, types[c.kind])
		}
		statements = append(statements, fmt.Sprintf("CREATE TABLE %s (key TEXT PRIMARY KEY%s, doc TEXT NOT NULL)", t.name, &columns))
		for _, index := range t.indexes {
			statements = append(statements, fmt.Sprintf("CREATE INDEX %s_by_%s ON %s (%s)",
				t.name, strings.Join(index, "_"), t.name, strings.Join(index, ", ")))
		}
	}
	return statements
}

func (t *table) columns() []column { return append(t.fixed[:len(t.fixed):len(t.fixed)], t.moving...) }

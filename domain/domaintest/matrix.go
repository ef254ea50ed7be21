package domaintest

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/ordersaga/ordersaga/domain"
)

// Matrix says what every command does in every phase, as a grid that people can read:
//
//	        | closed | open
//	Open    | opened | -
//	Close   | !Shut  | closed
//
// It walks through all states that any sequence of the commands can reach and tries every command in each. So no cell
// can be forgotten, and none can be kept that has no meaning any more.
//
// A cell names the facts that are recorded, joined by "+"; "-" is nothing, "!name" one of Errors, "~fact" a wait.
type Matrix[S, C any, E domain.Event] struct {
	Entity   domain.Entity[S, C, E]
	Commands map[string]C // a row each: the command's type, and where there are several of one type, more words
	Sealed   string       // the method that seals the union of commands, "orderCommand": each of its types must have a row
	Phase    func(S) string
	Errors   map[string]error
	Grids    []string // rows and columns may be spread over several
}

// maxStates bounds the walk: commands that make ever new states have no matrix.
const maxStates = 1_000

// Check walks and compares. A failure names the commands that lead to the state.
func (m Matrix[S, C, E]) Check(t TB) {
	t.Helper()
	cells := m.parse(t)
	m.checkRows(t)
	visited := m.walk(t, cells)
	for cell := range cells {
		if _, known := m.Commands[cell.row]; !known {
			t.Errorf("the row %q has no command", cell.row)
		}
		if !visited[cell.phase] {
			t.Errorf("the column %q is never reached", cell.phase)
		}
	}
}

type cell struct{ row, phase string }

type place[S any] struct {
	state S
	seen  string // its dump when it was reached
	path  []string
}

func (m Matrix[S, C, E]) walk(t TB, cells map[cell]string) map[string]bool {
	t.Helper()
	rows := slices.Sorted(maps.Keys(m.Commands))
	start := m.Entity.Initial()
	queue := []place[S]{{state: start, seen: dump(start)}}
	known := map[string]bool{queue[0].seen: true}
	visited := map[string]bool{}
	told := map[cell]bool{}
	for at := 0; at < len(queue); at++ {
		if at > maxStates {
			t.Fatalf("more than %d states: the commands do not come to an end", maxStates)
		}
		from := queue[at]
		phase := m.Phase(from.state)
		visited[phase] = true
		for _, row := range rows {
			next, events, err := Decide(t, m.Entity, from.state, m.Commands[row])
			here := cell{row, phase}
			want, ok := cells[here]
			switch diff := cmp.Diff(want, m.render(events, err)); {
			case told[here] || diff == "":
			case !ok:
				t.Errorf("%s in %q (reached by %v) has no cell; it does %q", row, phase, from.path, m.render(events, err))
				told[here] = true
			default:
				t.Errorf("%s in %q (reached by %v) does something else (-want +got):\n%s", row, phase, from.path, diff)
				told[here] = true
			}
			if seen := dump(next); !known[seen] {
				known[seen] = true
				queue = append(queue, place[S]{next, seen, append(slices.Clone(from.path), row)})
			}
		}
	}
	for _, was := range queue {
		if diff := cmp.Diff(was.seen, dump(was.state)); diff != "" {
			t.Errorf("the state reached by %v was changed later, through something shared (-then +now):\n%s", was.path, diff)
		}
	}
	return visited
}

func (m Matrix[S, C, E]) render(events []E, err error) string {
	if missing, waits := domain.AsNotYet(err); waits {
		return "~" + fact(missing.Type)
	}
	if err != nil {
		for name, target := range m.Errors {
			if errors.Is(err, target) {
				return "!" + name
			}
		}
		return "!" + err.Error()
	}
	if len(events) == 0 {
		return "-"
	}
	var facts []string
	for _, e := range events {
		facts = append(facts, fact(e.EventType()))
	}
	return strings.Join(facts, "+")
}

// fact is the middle of category.fact.vN.
func fact(wire string) string {
	if parts := strings.Split(wire, "."); len(parts) == 3 {
		return parts[1]
	}
	return wire
}

func (m Matrix[S, C, E]) parse(t TB) map[cell]string {
	t.Helper()
	cells := map[cell]string{}
	for _, grid := range m.Grids {
		var phases []string
		for line := range strings.Lines(grid) {
			if strings.TrimSpace(line) == "" {
				continue
			}
			fields := strings.Split(line, "|")
			for i := range fields {
				fields[i] = strings.TrimSpace(fields[i])
			}
			if phases == nil {
				phases = fields[1:]
				continue
			}
			if len(fields)-1 != len(phases) {
				t.Fatalf("the row %q has %d cells for %d columns", fields[0], len(fields)-1, len(phases))
			}
			for i, phase := range phases {
				at := cell{fields[0], phase}
				if before, twice := cells[at]; twice {
					t.Fatalf("%s in %q stands twice: %q and %q", at.row, at.phase, before, fields[i+1])
				}
				cells[at] = fields[i+1]
			}
		}
	}
	return cells
}

// checkRows finds commands that were added to the union and not to the matrix.
func (m Matrix[S, C, E]) checkRows(t TB) {
	t.Helper()
	have := map[string]bool{}
	for row, command := range m.Commands {
		name := reflect.TypeOf(command).Name()
		have[name] = true
		if words := strings.Fields(row); len(words) == 0 || words[0] != name {
			t.Errorf("the row %q is a %s", row, name)
		}
	}
	if m.Sealed == "" {
		return
	}
	types, err := sealedBy(".", m.Sealed)
	if err != nil || len(types) == 0 {
		t.Fatalf("no type has the method %s: %v", m.Sealed, err)
	}
	for _, name := range types {
		if !have[name] {
			t.Errorf("the command %s has no row", name)
		}
	}
}

// sealedBy names the types of a directory's package that have a method.
func sealedBy(dir, method string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	var names []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse %s: %w", name, err)
		}
		for _, declared := range file.Decls {
			f, ok := declared.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != method {
				continue
			}
			if receiver, ok := f.Recv.List[0].Type.(*ast.Ident); ok {
				names = append(names, receiver.Name)
			}
		}
	}
	return names, nil
}

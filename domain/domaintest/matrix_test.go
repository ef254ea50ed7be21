package domaintest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ordersaga/ordersaga/domain/domaintest"
)

type doorMatrix = domaintest.Matrix[doorState, doorCommand, doorEvent]

func doorsMatrix() doorMatrix {
	return doorMatrix{
		Entity:   door,
		Commands: map[string]doorCommand{"open": open{}, "shut": shut{}, "passes": passes{}, "destroy": destroy{}},
		Sealed:   "doorCommand",
		Phase: func(s doorState) string {
			if s.Open {
				return "open"
			}
			return "closed"
		},
		Errors: map[string]error{"Steel": errSteel},
		Grids: []string{`
			        | closed  | open
			open    | opened  | -
			shut    | -       | closed
			passes  | ~opened | -
			destroy | !Steel  | !Steel
		`},
	}
}

func TestMatrixOfAHealthyDeciderPasses(t *testing.T) { doorsMatrix().Check(t) }

func TestMatrixThatIsWrongOrIncompleteFails(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*doorMatrix)
		says   []string
	}{
		"a wrong cell": {func(m *doorMatrix) { replaceIn(m, "~opened", "opened") }, []string{`passes in "closed"`, "-want +got"}},
		"a wrong cell in a later state": {
			func(m *doorMatrix) { replaceIn(m, "| closed\n", "| -\n") },
			[]string{`shut in "open"`, "reached by [open]"},
		},
		"no name for a refusal":    {func(m *doorMatrix) { m.Errors = nil }, []string{"it is made of steel"}},
		"a column missing":         {func(m *doorMatrix) { m.Phase = func(doorState) string { return "ajar" } }, []string{`open in "ajar"`, "has no cell", "never reached"}},
		"a row missing":            {func(m *doorMatrix) { m.Commands = without(m.Commands, "destroy") }, []string{"the command destroy has no row", `the row "destroy" has no command`}},
		"a row named otherwise":    {func(m *doorMatrix) { m.Commands["open"] = shut{} }, []string{`the row "open" is a shut`}},
		"a cell missing":           {func(m *doorMatrix) { replaceIn(m, "| !Steel  | !Steel", "| !Steel") }, []string{"1 cells for 2 columns"}},
		"a cell standing twice":    {func(m *doorMatrix) { m.Grids = slices.Concat(m.Grids, m.Grids) }, []string{"stands twice"}},
		"a union without commands": {func(m *doorMatrix) { m.Sealed = "windowCommand" }, []string{"no type has the method windowCommand"}},
	} {
		t.Run(name, func(t *testing.T) {
			matrix := doorsMatrix()
			test.change(&matrix)
			mustFail(t, func(t *fakeTB) { matrix.Check(t) }, test.says...)
		})
	}
}

func TestMatrixNoticesStatesThatShareMemory(t *testing.T) {
	matrix := doorsMatrix()
	matrix.Entity.Initial = func() doorState { return doorState{past: make([]string, 0, 8)} }
	matrix.Entity.Evolve = func(s doorState, e doorEvent) doorState {
		_, s.Open = e.(opened)
		if len(s.past) == 0 {
			s.past = append(s.past, e.(opened).By) // two futures of the same past write to the same place
		}
		return s
	}
	matrix.Commands["open (bob)"] = open{By: "bob"}
	replaceIn(&matrix, "open    |", "open (bob) | opened | -\n open    |")
	mustFail(t, func(t *fakeTB) { matrix.Check(t) }, "changed later, through something shared", "bob")
}

func TestMatrixOfCommandsWithoutAnEndFails(t *testing.T) {
	matrix := doorsMatrix()
	matrix.Entity.Evolve = func(s doorState, e doorEvent) doorState {
		_, s.Open = e.(opened)
		s.times++
		return s
	}
	mustFail(t, func(t *fakeTB) { matrix.Check(t) }, "do not come to an end")
}

func without(commands map[string]doorCommand, name string) map[string]doorCommand {
	delete(commands, name)
	return commands
}

func replaceIn(m *doorMatrix, from, to string) {
	m.Grids = []string{strings.ReplaceAll(m.Grids[0], from, to)}
}

package domaintest_test

import (
	"errors"
	"testing"

	"github.com/ordersaga/ordersaga/domain/domaintest"
)

func TestStoryOfAHealthyDeciderPasses(t *testing.T) {
	if failures := failuresOf(func(t *fakeTB) {
		story := domaintest.Given(t, door, opened{By: "ann"}, closed{}).
			When(passes{}).ThenWaitsFor(opened{}).
			When(open{By: "bob"}).Then(opened{By: "bob"}).
			When(open{By: "eve"}).ThenNothing().
			When(destroy{}).ThenError(errSteel, "steel").
			When(passes{}).ThenNothing()
		if !story.State().Open {
			t.Errorf("the door is closed")
		}
	}); failures != "" {
		t.Fatal(failures)
	}
}

func TestStoryWithAWrongEndFails(t *testing.T) {
	type story = *domaintest.Story[doorState, doorCommand, doorEvent]
	for name, test := range map[string]struct {
		tell func(story)
		says []string
	}{
		"another event":        {func(s story) { s.When(open{By: "bob"}).Then(opened{By: "ann"}) }, []string{"-want +got", "ann", "bob"}},
		"one event too few":    {func(s story) { s.When(open{}).Then(opened{}, closed{}) }, []string{"-want +got", "closed"}},
		"an event not wanted":  {func(s story) { s.When(open{}).ThenNothing() }, []string{"wanted nothing", "opened"}},
		"nothing":              {func(s story) { s.When(shut{}).Then(closed{}) }, []string{"-want +got", "closed"}},
		"a refusal":            {func(s story) { s.When(destroy{}).Then(opened{}) }, []string{"refused", "steel"}},
		"a refusal of nothing": {func(s story) { s.When(destroy{}).ThenNothing() }, []string{"refused", "steel"}},
		"no refusal":           {func(s story) { s.When(open{}).ThenError(errSteel) }, []string{"steel", "opened"}},
		"another refusal":      {func(s story) { s.When(destroy{}).ThenError(errors.New("wood")) }, []string{"wood", "steel"}},
		"a vague refusal":      {func(s story) { s.When(destroy{}).ThenError(errSteel, "3 mm") }, []string{"does not mention", "3 mm"}},
		"no wait":              {func(s story) { s.When(open{}).ThenWaitsFor(opened{}) }, []string{"wait for door.opened.v1"}},
		"another wait":         {func(s story) { s.When(passes{}).ThenWaitsFor(closed{}) }, []string{"wait for door.closed.v1", "waits for door.opened.v1"}},
		"a Then of nothing":    {func(s story) { s.When(shut{}).Then() }, []string{"ThenNothing"}},
		"no Then at all":       {func(s story) { s.When(open{}) }, []string{"nothing was expected"}},
		"an old history": {func(s story) {
			s.When(open{}).Then(opened{}).When(shut{}).Then(closed{}).When(shut{}).Then(closed{})
		}, []string{"-want +got"}},
	} {
		t.Run(name, func(t *testing.T) {
			mustFail(t, func(t *fakeTB) { test.tell(domaintest.Given(t, door)) }, test.says...)
		})
	}
}

func TestCommandThatIsNotSatisfiedByItsOwnEventsFails(t *testing.T) {
	forgetful := deciding(func(doorCommand, doorState) ([]doorEvent, error) { return []doorEvent{opened{}}, nil })
	mustFail(t, func(t *fakeTB) { domaintest.Given(t, forgetful).When(open{}).Then(opened{}) }, "done twice is not done once")

	grumpy := deciding(func(_ doorCommand, s doorState) ([]doorEvent, error) {
		if s.Open {
			return nil, errSteel
		}
		return []doorEvent{opened{}}, nil
	})
	mustFail(t, func(t *fakeTB) { domaintest.Given(t, grumpy).When(open{}).Then(opened{}) }, "done twice is not done once", "steel")
}

func TestDecideThatIsNotPureFails(t *testing.T) {
	var calls int
	moody := deciding(func(doorCommand, doorState) ([]doorEvent, error) {
		calls++
		return nil, map[bool]error{true: errSteel}[calls%2 == 0]
	})
	mustFail(t, func(t *fakeTB) { domaintest.Given(t, moody).When(open{}).ThenNothing() }, "answered differently")

	scribbling := deciding(func(_ doorCommand, s doorState) ([]doorEvent, error) { s.log["seen"]++; return nil, nil })
	mustFail(t, func(t *fakeTB) { domaintest.Given(t, scribbling).When(open{}).ThenNothing() }, "Decide changed the state", "seen")

	both := deciding(func(doorCommand, doorState) ([]doorEvent, error) { return []doorEvent{opened{}}, errSteel })
	mustFail(t, func(t *fakeTB) { domaintest.Given(t, both).When(open{}).ThenError(errSteel) }, "refused", "recorded at once")
}

func TestEvolveThatIsNotPureFails(t *testing.T) {
	inPlace := evolving(func(s doorState, e doorEvent) doorState { s.log[e.EventType()]++; return s })
	mustFail(t, func(t *fakeTB) { domaintest.Given(t, inPlace, opened{}) }, "Evolve changed the state", "door.opened.v1")

	var calls int
	counting := evolving(func(s doorState, _ doorEvent) doorState {
		calls++
		s.Open = calls%2 == 0
		return s
	})
	mustFail(t, func(t *fakeTB) { domaintest.Given(t, counting, opened{}) }, "led to another state")

	rewriting := evolving(func(s doorState, e doorEvent) doorState { e.(*note).Words[0] = "changed"; return s })
	mustFail(t, func(t *fakeTB) { domaintest.Given(t, rewriting, &note{Words: []string{"a"}}) }, "Evolve changed the event", "changed")
}

type note struct{ Words []string }

func (*note) EventType() string { return "door.note_left.v2" }
func (*note) doorEvent()        {}

func TestWireTypeOfAnotherShapeFails(t *testing.T) {
	mustFail(t, func(t *fakeTB) { domaintest.Given(t, door, knocked{}) }, "door.Knocked.v1", "lower-case")
	mustFail(t, func(t *fakeTB) { domaintest.Given(t, door, gate{}) }, "gate.opened.v1", `category "door"`)
	bad := deciding(func(_ doorCommand, s doorState) ([]doorEvent, error) { return []doorEvent{knocked{}}, nil })
	mustFail(t, func(t *fakeTB) { domaintest.Given(t, bad).When(open{}).Then(knocked{}) }, "lower-case")
}

type gate struct{}

func (gate) EventType() string { return "gate.opened.v1" }
func (gate) doorEvent()        {}

func TestHistoryOfAnotherEntityFails(t *testing.T) {
	mustFail(t, func(t *fakeTB) { domaintest.Given(t, door, stranger{}) }, "no event of", "door")
}

type stranger struct{}

func (stranger) EventType() string { return "door.opened.v1" }

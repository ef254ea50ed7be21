package audit

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// How a running system is looked at again.
const (
	looks     = 8
	lookPause = 500 * time.Millisecond
)

// suspect is an order about which something was found that may be only its motion.
type suspect struct {
	version  uint32
	findings []finding
}

// look looks at every order, and at the suspect ones until each is cleared or convicted.
func (a *auditor) look(ctx context.Context) error {
	suspects := map[int32]suspect{}
	for i := range a.orders {
		if s := a.examine(int32(i)); len(s.findings) > 0 {
			suspects[int32(i)] = s
		}
	}
	a.countLooked()
	if !a.running() {
		a.convict(suspects)
		return nil
	}
	for range looks {
		if len(suspects) == 0 {
			return nil
		}
		if err := wait(ctx, lookPause); err != nil {
			return err
		}
		if err := a.readLedgers(ctx); err != nil {
			return err
		}
		if err := a.readTails(ctx); err != nil {
			return err
		}
		a.lookAgain(suspects)
	}
	for i := range suspects {
		a.notChecked = append(a.notChecked, fmt.Sprintf("order %s: it moved at every look, and something was found at each", a.orders[i].id))
	}
	slices.Sort(a.notChecked)
	return nil
}

// lookAgain convicts the suspects that stood still and clears those about which nothing is found any more.
func (a *auditor) lookAgain(suspects map[int32]suspect) {
	for i, before := range suspects {
		now := a.examine(i)
		switch {
		case len(now.findings) == 0:
			delete(suspects, i)
		case now.version == before.version:
			suspects[i] = now
			proven := slices.DeleteFunc(slices.Clone(now.findings), func(f finding) bool { return !before.has(f) })
			if len(proven) > 0 {
				a.convict(map[int32]suspect{i: {findings: proven}})
				delete(suspects, i)
			}
		default:
			suspects[i] = now
		}
	}
}

func (s suspect) has(f finding) bool {
	return slices.ContainsFunc(s.findings, func(g finding) bool { return g.invariant == f.invariant && g.rule == f.rule })
}

func (a *auditor) convict(suspects map[int32]suspect) {
	for _, i := range slices.Sorted(maps.Keys(suspects)) {
		for _, f := range suspects[i].findings {
			a.found(f)
		}
	}
}

// examine checks what several streams and the ledgers say together about an order.
func (a *auditor) examine(i int32) suspect {
	o := a.orders[i]
	s := suspect{version: o.version}
	about := func(invariant int) func(rule, format string, args ...any) {
		return func(rule, format string, args ...any) {
			s.findings = append(s.findings, finding{invariant, i, rule, fmt.Sprintf(format, args...), nil})
		}
	}
	if !o.placed && o.version > 0 {
		about(9)("unplaced", "there are events of an order that was never placed")
	}
	a.moneyOf(o, about(1))
	if a.Charges != nil {
		a.ledgerOf(o, a.charges[i], about(1))
	}
	a.stockOf(o, about(2))
	a.effectsOf(i, about(3))
	if a.Bookings != nil {
		a.bookingsOf(o, a.bookings[i], about(3))
		a.parcelOf(o, a.bookings[i], about(5))
	}
	a.endOf(o, about(4))
	a.compensationOf(o, about(5))
	return s
}

func (a *auditor) countLooked() {
	for _, invariant := range []int{1, 4, 5} {
		a.checked[invariant] = len(a.orders)
	}
	for _, l := range a.logs {
		for i := range l.nodes {
			if name := a.names.of(l.nodes[i].fact); intentNames[name] {
				a.checked[3]++
			}
		}
	}
}

var intentNames = func() map[string]bool {
	names := map[string]bool{}
	for _, name := range intents {
		names[name] = true
	}
	return names
}()

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

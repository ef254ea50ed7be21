package importer

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/ordersaga/ordersaga/internal/client"
)

// Summary is what an import did and found. Amounts are pence.
type Summary struct {
	File        string  `json:"file"`
	Fingerprint string  `json:"fingerprint"`
	StockFactor float64 `json:"stockFactor"`
	Seconds     float64 `json:"seconds"`

	Lines     int `json:"lines"` // = ordered + listed
	Ordered   int `json:"linesOrdered"`
	Rejected  int `json:"linesListed"`
	Invoices  int `json:"invoices"`
	Customers int `json:"customers"`

	Products int      `json:"products"`
	Receipts Receipts `json:"receipts"`
	Placed   Placed   `json:"orders"`

	ByStatus      map[string]int `json:"byStatus"`      // of the orders placed
	NotCompleted  map[string]int `json:"notCompleted"`  // the same without the completed, by "status: reason"
	NotEnded      int            `json:"notEnded"`      // when patience did
	Cancellations Cancellations  `json:"cancellations"` // that were not applied

	Sums   Sums `json:"sums"`
	Agrees bool `json:"agrees"` // all that Sums compares is equal

	ByReason []Group  `json:"listedByReason"`
	ByNote   []Group  `json:"notesByKind"`
	Listed   []Listed `json:"listed"`
	Notes    []Note   `json:"notes"`

	compared bool
}

// Receipts counts goods in, by product.
type Receipts struct {
	New          int   `json:"new"`
	AlreadyThere int   `json:"alreadyThere"`
	OtherFactor  int   `json:"otherFactor"` // received before with another stock factor; nothing was added
	Nothing      int   `json:"nothing"`     // the factor leaves nothing to receive
	Units        int64 `json:"units"`       // of the new ones
}

func (r *Receipts) add(o Receipts) {
	r.New += o.New
	r.AlreadyThere += o.AlreadyThere
	r.OtherFactor += o.OtherFactor
	r.Nothing += o.Nothing
	r.Units += o.Units
}

// Placed counts orders.
type Placed struct {
	New          int `json:"new"`
	AlreadyThere int `json:"alreadyThere"`
	Refused      int `json:"refused"`
}

// Cancellations counts the invoices that take others back.
type Cancellations struct {
	Invoices int   `json:"invoices"`
	Lines    int   `json:"lines"`
	Amount   int64 `json:"amount"`
}

// Sums puts the file beside the system, order by order and added up.
type Sums struct {
	File   int64 `json:"file"`   // quantity × price of all lines that can be read = Placed + Listed
	Listed int64 `json:"listed"` // of the listed lines
	Placed int64 `json:"placed"` // of the lines that became part of orders that were placed

	Views     int64 `json:"views"`     // the totals of the same orders, as the system shows them; equals Placed
	Completed int64 `json:"completed"` // of these, the completed, by the file
	Captured  int64 `json:"captured"`  // what was taken and not given back; equals Completed

	Attention int      `json:"attention"` // orders whose money a person must decide on; outside of Completed and Captured
	Differing []string `json:"differing"` // orders that are not what the file says, at most 20 of them
	Differ    int      `json:"differ"`    // how many there are
}

// Group is the lines with the same reason or note.
type Group struct {
	Reason string `json:"reason"`
	Lines  int    `json:"lines"`
	Amount int64  `json:"amount"`
	First  []int  `json:"first"` // line numbers, ten at most
}

func summaryOf(p Plan, o Options) Summary {
	return Summary{
		File: o.File, Fingerprint: p.Fingerprint, StockFactor: o.StockFactor,
		Lines: p.Lines, Invoices: p.Invoices, Customers: p.Customers,
		ByStatus: map[string]int{}, NotCompleted: map[string]int{}, Sums: Sums{Differing: []string{}},
	}
}

// count takes in what the system shows of an order.
func (s *Summary) count(o *Order, view client.Order) {
	s.ByStatus[view.Status]++
	if view.Status != "completed" {
		s.NotCompleted[view.Status+": "+cmp.Or(view.Reason, "no reason")]++
	}
	s.Sums.Views += view.Total
	kept := view.Payment.Captured - view.Payment.Refunded
	differs := view.Total != o.Total || view.Currency != Currency || !view.Settled()
	switch view.Status {
	case "completed":
		s.Sums.Completed += o.Total
		s.Sums.Captured += kept
		differs = differs || kept != o.Total
	case "attention", "returned": // part of the money may rightly be anywhere
		s.Sums.Attention++
	default:
		s.Sums.Captured += kept
		differs = differs || kept != 0
	}
	if differs {
		s.Sums.Differ++
		if len(s.Sums.Differing) < 20 {
			s.Sums.Differing = append(s.Sums.Differing, fmt.Sprintf("%s (invoice %s)", view.ID, o.Invoice))
		}
	}
}

// finish fills in what follows from the rest.
func (s *Summary) finish(p Plan, took time.Duration) {
	s.Seconds = took.Round(time.Millisecond).Seconds()
	s.Listed, s.Notes = append([]Listed{}, p.Listed...), append([]Note{}, p.Notes...)
	slices.SortFunc(s.Listed, func(a, b Listed) int { return cmp.Compare(a.Line, b.Line) })
	s.Rejected = len(s.Listed)
	s.Ordered = s.Lines - s.Rejected
	cancelled := map[string]bool{}
	for _, l := range s.Listed {
		s.Sums.Listed += l.Amount
		s.ByReason = join(s.ByReason, l.Reason, l.Line, l.Amount)
		if l.Reason == Cancellation {
			cancelled[l.Invoice] = true
			s.Cancellations.Lines++
			s.Cancellations.Amount += l.Amount
		}
	}
	s.Cancellations.Invoices = len(cancelled)
	for _, n := range s.Notes {
		s.ByNote = join(s.ByNote, n.Note, n.Line, 0)
	}
	for _, groups := range [][]Group{s.ByReason, s.ByNote} {
		slices.SortStableFunc(groups, func(a, b Group) int { return cmp.Compare(b.Lines, a.Lines) })
	}
	for _, o := range p.Orders {
		s.Sums.Placed += o.Total
	}
	s.Sums.Placed -= refusedAmount(s.Listed)
	s.Sums.File = s.Sums.Placed + s.Sums.Listed
	s.Agrees = s.compared && s.Sums.Differ == 0 && s.Sums.Views == s.Sums.Placed && s.Sums.Captured == s.Sums.Completed
}

func refusedAmount(listed []Listed) (sum int64) {
	for _, l := range listed {
		if l.Reason == Refused {
			sum += l.Amount
		}
	}
	return sum
}

func join(groups []Group, reason string, line int, amount int64) []Group {
	at := slices.IndexFunc(groups, func(g Group) bool { return g.Reason == reason })
	if at < 0 {
		at, groups = len(groups), append(groups, Group{Reason: reason, First: []int{}})
	}
	g := &groups[at]
	g.Lines++
	g.Amount += amount
	if len(g.First) < 10 {
		g.First = append(g.First, line)
	}
	return groups
}

// verdict is the error of an import that came to its end.
func (s *Summary) verdict() error {
	if !s.Agrees {
		return fmt.Errorf("%w: placed for %s, shown with %s; completed for %s, captured %s; %d orders differ", ErrDisagrees,
			pounds(s.Sums.Placed), pounds(s.Sums.Views), pounds(s.Sums.Completed), pounds(s.Sums.Captured), s.Sums.Differ)
	}
	if s.Placed.Refused > 0 {
		return fmt.Errorf("%d %w: see the lines listed with %q", s.Placed.Refused, ErrRefused, Refused)
	}
	return nil
}

package importer

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// write gives the summary to whoever asked for it.
func (s *Summary) write(o Options) error {
	if o.Rejects != "" {
		if err := writeRejects(o.Rejects, s.Listed); err != nil {
			return fmt.Errorf("write the listed lines: %w", err)
		}
	}
	switch {
	case o.Out == nil:
		return nil
	case o.JSON:
		encoder := json.NewEncoder(o.Out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(s)
	}
	_, err := io.WriteString(o.Out, s.Text())
	return err
}

func writeRejects(path string, listed []Listed) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(file)
	_ = w.Write([]string{"line", "invoice", "stockCode", "reason", "detail", "amount"})
	for _, l := range listed {
		_ = w.Write([]string{strconv.Itoa(l.Line), l.Invoice, l.StockCode, l.Reason, l.Detail, strconv.FormatInt(l.Amount, 10)})
	}
	w.Flush()
	return cmp.Or(w.Error(), file.Close())
}

// Text is the summary for people.
func (s *Summary) Text() string {
	var b strings.Builder
	say := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-16s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "%s: %d lines, %d invoices, in %s\n", s.File, s.Lines, s.Invoices, time.Duration(s.Seconds*float64(time.Second)))
	say("lines", "%d ordered + %d listed = %d", s.Ordered, s.Rejected, s.Lines)
	say("products", "%d", s.Products)
	s.sayReceipts(say)
	say("orders", "%d new, %d already there, %d refused; of %d customers and guests", s.Placed.New, s.Placed.AlreadyThere, s.Placed.Refused, s.Customers)
	if s.NotEnded > 0 {
		say("", "%d have not ended", s.NotEnded)
	}
	if s.compared {
		say("completed", "%d", s.ByStatus["completed"])
		for _, why := range slices.Sorted(maps.Keys(s.NotCompleted)) {
			say(why, "%d", s.NotCompleted[why])
		}
	}
	if c := s.Cancellations; c.Lines > 0 {
		say("cancellations", "%d invoices, %d lines, %s: not applied", c.Invoices, c.Lines, pounds(c.Amount))
	}
	group(&b, "listed, by reason", s.ByReason)
	group(&b, "noted", s.ByNote)
	s.saySums(&b)
	return b.String()
}

func (s *Summary) sayReceipts(say func(string, string, ...any)) {
	r := s.Receipts
	say("stock", "%d receipts new (%d units), %d already there", r.New, r.Units, r.AlreadyThere)
	if r.OtherFactor > 0 {
		say("", "%d were received before with another stock factor; nothing was added", r.OtherFactor)
	}
	if r.Nothing > 0 {
		say("", "%d receive nothing at a stock factor of %v", r.Nothing, s.StockFactor)
	}
}

func group(b *strings.Builder, title string, groups []Group) {
	if len(groups) == 0 {
		return
	}
	fmt.Fprintf(b, "%s\n", title)
	for _, g := range groups {
		var lines []string
		for _, line := range g.First {
			lines = append(lines, strconv.Itoa(line))
		}
		if g.Lines > len(g.First) {
			lines = append(lines, "…")
		}
		fmt.Fprintf(b, "  %6d  %s (lines %s)\n", g.Lines, g.Reason, strings.Join(lines, ", "))
	}
}

func (s *Summary) saySums(b *strings.Builder) {
	fmt.Fprintf(b, "sums\n  the file %s = ordered %s + listed %s\n", pounds(s.Sums.File), pounds(s.Sums.Placed), pounds(s.Sums.Listed))
	if !s.compared {
		b.WriteString("  not compared: the import did not come to its end\n")
		return
	}
	fmt.Fprintf(b, "  %s ordered by the file %s, in the views %s\n", mark(s.Sums.Placed == s.Sums.Views), pounds(s.Sums.Placed), pounds(s.Sums.Views))
	fmt.Fprintf(b, "  %s completed by the file %s, captured %s\n", mark(s.Sums.Completed == s.Sums.Captured), pounds(s.Sums.Completed), pounds(s.Sums.Captured))
	fmt.Fprintf(b, "  %s orders that differ from their invoice: %d\n", mark(s.Sums.Differ == 0), s.Sums.Differ)
	for _, id := range s.Sums.Differing {
		fmt.Fprintf(b, "      %s\n", id)
	}
	if s.Sums.Attention > 0 {
		fmt.Fprintf(b, "    left aside, as a person decides on their money: %d\n", s.Sums.Attention)
	}
}

func mark(ok bool) string {
	if ok {
		return "✓"
	}
	return "✗"
}

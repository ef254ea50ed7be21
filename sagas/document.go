package sagas

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Document writes the choreography as Markdown: the table, the diagram, and what is claimed of it.
func (c Choreography) Document(w io.Writer, claims Claims) error {
	d := &document{w: w}
	d.line("# The choreography")
	d.line("")
	d.line("Generated from `sagas/choreography.go` by `make docs`; a test fails when it is out of date.")
	d.line("")
	d.line("No service calls another. Each row is one service reacting by recording its own events. **Bold** events are the")
	d.line("order's pivots: they, and only they, make every service undo its step. An *effect* asks the outside world on behalf")
	d.line("of its own intent event, a *deadline* acts when a time in an event has come, an *edge* is a door for people and for")
	d.line("the outside world's own words. What a row needs is awaited: a wait holds no worker and counts no attempt.")
	d.line("")
	d.table(c, claims)
	d.line("")
	d.line("## The events and who follows them")
	d.line("")
	d.diagram(c, claims)
	d.line("")
	d.claims(claims)
	return d.err
}

type document struct {
	w   io.Writer
	err error
}

func (d *document) line(format string, args ...any) {
	if d.err == nil {
		_, d.err = fmt.Fprintf(d.w, format+"\n", args...)
	}
}

func (d *document) table(c Choreography, claims Claims) {
	d.line("| when | kind | service | policy | needs | records | undoes |")
	d.line("|---|---|---|---|---|---|---|")
	for _, row := range c.Rows {
		when, policy := row.Name, ""
		if len(row.On) > 0 {
			when, policy = names(row.On, claims.Pivots), "`"+row.Name+"`"
		}
		if row.Kind == Deadline {
			when += ", unless " + names(row.Closes, nil)
		}
		d.line("| %s | %s | %s | %s | %s | %s | %s |", when, row.Kind, row.Service(), policy,
			names(row.Needs, nil), names(row.Emits, claims.Pivots), names(row.Undoes, nil))
	}
}

// diagram draws an arrow from each event to what may follow from it.
func (d *document) diagram(c Choreography, claims Claims) {
	d.line("```mermaid")
	d.line("flowchart LR")
	for _, service := range Services {
		var own []string
		for _, row := range c.Rows {
			for _, name := range row.Emits {
				if row.Service() == service && !slices.Contains(own, name) {
					own = append(own, name)
				}
			}
		}
		d.line("  subgraph %s", service)
		for _, name := range own {
			left, right := "[", "]"
			if slices.Contains(claims.Pivots, name) {
				left, right = "{{", "}}"
			}
			d.line("    %s%s\"%s\"%s", node(name), left, short(name), right)
		}
		d.line("  end")
	}
	for _, row := range c.Rows {
		arrow := map[Kind]string{Reaction: "-->", Asks: "==>", Deadline: "-.->"}[row.Kind]
		for _, from := range row.On {
			for _, to := range row.Emits {
				d.line("  %s %s %s", node(from), arrow, node(to))
			}
		}
	}
	d.line("```")
	d.line("")
	d.line("Thin arrows are reactions, thick ones effects, dotted ones deadlines; hexagons are pivots.")
}

func (d *document) claims(claims Claims) {
	d.line("## What is checked of it")
	d.line("")
	d.line("Each line is a static check over the table (`go test ./sagas`):")
	d.line("")
	d.line("- every event is recorded by a row, belongs to the row's own service, and is reacted to, waited for, or declared an end;")
	d.line("- every failure (%s) leads to a pivot (%s) or to a person (%s);", names(claims.Failures, nil), names(claims.Pivots, nil), names(claims.People, nil))
	for _, hold := range claims.Holds {
		d.line("- %s is undone on every pivot%s;", short(hold.Event), exceptions(hold))
	}
	d.line("- everything that a row waits for can happen without it, so that no wait lasts for ever;")
	d.line("- an effect is driven by an intent of its own service, and a deadline has events that close it.")
}

func exceptions(h Hold) string {
	var all []string
	for pivot, why := range h.Except {
		all = append(all, fmt.Sprintf("%s (%s)", short(pivot), why))
	}
	if len(all) == 0 {
		return ""
	}
	slices.Sort(all)
	return ", except on " + strings.Join(all, " and on ")
}

func names(types, bold []string) string {
	out := make([]string, len(types))
	for i, name := range types {
		out[i] = short(name)
		if slices.Contains(bold, name) {
			out[i] = "**" + out[i] + "**"
		}
	}
	return strings.Join(out, ", ")
}

// short drops the version.
func short(eventType string) string { return eventType[:strings.LastIndexByte(eventType, '.')] }

func node(eventType string) string { return strings.NewReplacer(".", "_").Replace(short(eventType)) }

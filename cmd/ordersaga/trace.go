package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/ordersaga/ordersaga/internal/client"
	"github.com/ordersaga/ordersaga/internal/history"
	"github.com/ordersaga/ordersaga/internal/system"
)

func traceCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "trace ORDER", Short: "Show an order's events over all services as a tree of causes", Args: args(1, "trace takes the id of one order"),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the events as JSON")
	server := serverFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		order := given[0]
		if uuid.Validate(order) != nil {
			return usageError{fmt.Errorf("%q is not an order's id, such as 9b2f1c1e-…; `ordersaga events --type order.placed.v1` lists them", order)}
		}
		c, there, err := target(cmd, *server)
		if err != nil {
			return err
		}
		events, err := orderHistory(cmd.Context(), there, c.Data, order)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return fmt.Errorf("there is no order %s", order)
		}
		if asJSON {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"events": events})
		}
		writeTree(cmd.OutOrStdout(), order, events)
		return nil
	}
	return cmd
}

func orderHistory(ctx context.Context, server, data, order string) ([]history.Event, error) {
	if server != "" {
		api := client.New(server, client.Options{})
		defer api.Close()
		var answer struct{ Events []history.Event }
		err := api.Get(ctx, "/v1/orders/"+order+"/events", &answer)
		return answer.Events, err
	}
	stores, shut, err := openHistory(data)
	if err != nil {
		return nil, err
	}
	defer shut()
	stock, err := stores.FindStock(ctx, system.TheWarehouse, order)
	if err != nil {
		return nil, err
	}
	return stores.Order(ctx, order, stock)
}

// writeTree draws each event below its cause. What came from outside stands at the top.
func writeTree(w io.Writer, order string, events []history.Event) {
	known := map[uuid.UUID]bool{}
	for _, e := range events {
		known[e.ID] = true
	}
	children := map[uuid.UUID][]history.Event{}
	for _, e := range events {
		cause := uuid.Nil
		if e.CausationID != nil && known[*e.CausationID] {
			cause = *e.CausationID
		}
		children[cause] = append(children[cause], e)
	}
	start := events[0].RecordedAt
	fmt.Fprintf(w, "order %s, placed %s\n", order, start.Format(time.RFC3339))
	t := tree{w: w, children: children, start: start}
	t.write(uuid.Nil, "")
}

type tree struct {
	w        io.Writer
	children map[uuid.UUID][]history.Event
	start    time.Time
}

func (t tree) write(cause uuid.UUID, indent string) {
	below := t.children[cause]
	for i, e := range below {
		branch, deeper := "├─ ", "│  "
		if i == len(below)-1 {
			branch, deeper = "└─ ", "   "
		}
		label := indent + branch + strings.TrimSuffix(e.Type, e.Type[strings.LastIndexByte(e.Type, '.'):])
		fmt.Fprintf(t.w, "%-58s +%9.3f ms  %-9s %s\n", label, float64(e.RecordedAt.Sub(t.start).Microseconds())/1000, e.Service, gist(e))
		t.write(e.ID, indent+deeper)
	}
}

// gist picks what of an event's data tells most.
func gist(e history.Event) string {
	var data map[string]any
	if json.Unmarshal(e.Data, &data) != nil {
		return ""
	}
	var parts []string
	for _, key := range []string{"reason", "detail", "code", "total", "amount", "charge", "tracking", "shortages", "items"} {
		if v, ok := data[key]; ok {
			text, _ := json.Marshal(v)
			parts = append(parts, key+"="+strings.Trim(string(text), `"`))
		}
	}
	text := strings.Join(parts, " ")
	if len(text) > 100 {
		text = text[:100] + "…"
	}
	return text
}

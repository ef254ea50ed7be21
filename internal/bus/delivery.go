package bus

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Delivery is a run to be acknowledged. It is the consumer's until Ack or Retry is called; both may be called from
// anywhere, wait for nothing, and do nothing the second time.
type Delivery struct {
	Run
	Redelivered bool // it was delivered before, to this process or another

	sequence uint64
	message  jetstream.Msg
	ledger   *ledger
}

// Ack says that the run needs never be delivered again.
func (d *Delivery) Ack() {
	if message := d.ledger.remove(d); message != nil {
		d.settle(message.Ack)
	}
}

// Retry sends the run back: it is delivered again after a while.
func (d *Delivery) Retry(after time.Duration) {
	if message := d.ledger.remove(d); message != nil {
		d.settle(func() error { return message.NakWithDelay(after) })
	}
}

// settle tells the server. Where it does not hear it, it delivers the run again.
func (d *Delivery) settle(tell func() error) {
	if err := tell(); err != nil {
		d.ledger.log.Debug("bus: not acknowledged", "first", d.First(), "last", d.Last(), "error", err)
	}
}

// ledger holds the deliveries that wait for Ack or Retry.
type ledger struct {
	log *slog.Logger

	mu   sync.Mutex
	open map[uint64]*Delivery // by sequence
}

func newLedger(log *slog.Logger) *ledger {
	return &ledger{log: log, open: map[uint64]*Delivery{}}
}

// add takes a delivery in, and answers whether it is new. One that is open already learns the message with which it is
// to be acknowledged from now on: the connection may be another.
func (l *ledger) add(d *Delivery) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known := l.open[d.sequence]; known != nil {
		known.message = d.message
		return false
	}
	l.open[d.sequence] = d
	return true
}

// remove answers with the message to acknowledge, nil where there is nothing to acknowledge any more.
func (l *ledger) remove(d *Delivery) jetstream.Msg {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[d.sequence] != d {
		return nil
	}
	delete(l.open, d.sequence)
	return d.message
}

// fits tells whether a message that comes again is the one that is open.
func (l *ledger) fits(sequence uint64, run Run) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.open[sequence]
	return known == nil || known.First() == run.First() && known.Last() == run.Last()
}

// void drops all deliveries: their messages are gone, and acknowledging them might hit others.
func (l *ledger) void() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.open)
}

// beat keeps the server from delivering again what is open.
func (l *ledger) beat(ctx context.Context) {
	ticker := time.NewTicker(ackWait / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, message := range l.messages() {
			if err := message.InProgress(); err != nil {
				l.log.Debug("bus: no heartbeat", "error", err)
				break // the connection is lost, or was replaced
			}
		}
	}
}

func (l *ledger) messages() []jetstream.Msg {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]jetstream.Msg, 0, len(l.open))
	for _, d := range l.open {
		all = append(all, d.message)
	}
	return all
}

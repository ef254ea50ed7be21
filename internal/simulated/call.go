package simulated

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/goccy/go-json"

	"github.com/ordersaga/ordersaga/internal/ledger"
	"github.com/ordersaga/ordersaga/internal/remote"
)

// overtakeBound is how long an answer waits for the webhook that is to overtake it.
const overtakeBound = 2 * time.Second

// Trouble is what happens to the first call of a key.
type Trouble uint8

// The troubles. A call that hangs before has no effect, one that hangs after has; the same call again goes well.
const (
	NoTrouble Trouble = iota
	HangsBefore
	HangsAfter
	AnswersLate
)

// Call is a call while it is decided. What is written through Tx becomes durable together with its answer.
type Call struct {
	*ledger.Tx
	Key string
	At  time.Time
	// Overtaking is the number of the webhook event that is to be delivered before the answer; 0 is none.
	Overtaking uint64
}

// Decision decides a call and makes its answer.
type Decision func(*Call) (ledger.Reply, error)

// Reply makes an answer.
func Reply(status int, value any) (ledger.Reply, error) {
	body, err := json.Marshal(value)
	return ledger.Reply{Status: status, Body: body}, err
}

// Serve answers a request that has effects.
func (s *Service) Serve(w http.ResponseWriter, r *http.Request, request ledger.Fingerprint, trouble Trouble, decide Decision) {
	if err := s.serve(w, r, request, trouble, decide); err != nil {
		if errors.Is(err, ledger.ErrKeyReused) {
			err = Refuse(remote.CodeKeyReused, "%v", err)
		}
		remote.WriteError(w, err)
	}
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request, request ledger.Fingerprint, trouble Trouble, decide Decision) error {
	ctx := r.Context()
	key, err := Key(r)
	if err != nil {
		return err
	}
	if trouble == HangsBefore {
		if first, err := s.firstTry(ctx, key); err != nil || first {
			return s.hang(ctx, err)
		}
	}
	out, err := s.once(ctx, key, request, decide)
	if err != nil {
		return err
	}
	if !out.replayed && trouble == HangsAfter {
		return s.hang(ctx, nil)
	}
	if !out.replayed && trouble == AnswersLate {
		s.wait(ctx, s.options.Slow)
	}
	if out.overtaking != 0 {
		s.letWebhookPass(ctx, out.overtaking)
	}
	remote.WriteText(w, out.reply.Status, out.reply.Body, out.replayed)
	return nil
}

type outcome struct {
	reply      ledger.Reply
	replayed   bool
	overtaking uint64
}

// once decides a call, or finds what was decided for its key before. A final no (422) is remembered like any answer; other
// problems are not, so that the call may be made again.
func (s *Service) once(ctx context.Context, key string, request ledger.Fingerprint, decide Decision) (outcome, error) {
	var out outcome
	err := s.Ledger.Do(ctx, func(tx *ledger.Tx) (err error) {
		if out.reply, out.replayed, err = s.replies.Find(tx, key, request); err != nil || out.replayed {
			return err
		}
		call := &Call{Tx: tx, Key: key, At: s.Now()}
		out.reply, err = decide(call)
		if problem, ok := errors.AsType[*remote.Problem](err); ok && problem.Status == http.StatusUnprocessableEntity {
			out.reply, err = Reply(problem.Status, remote.Failure[struct{}]{Error: problem})
		}
		if err != nil {
			return err
		}
		out.overtaking = call.Overtaking
		s.replies.Keep(tx, key, request, out.reply)
		return nil
	})
	if err != nil {
		return outcome{}, err // where ctx ended first, the function may be writing to out just now
	}
	return out, nil
}

// firstTry tells whether a call is made for the first time, and remembers that it was.
func (s *Service) firstTry(ctx context.Context, key string) (bool, error) {
	var first bool
	err := s.Ledger.Do(ctx, func(tx *ledger.Tx) error {
		_, tried, err := tx.Get([]byte(prefixTried + key))
		if first = !tried; first && err == nil {
			tx.Set([]byte(prefixTried+key), nil)
		}
		return err
	})
	return err == nil && first, err
}

// hang keeps a call waiting until its client has given up.
func (s *Service) hang(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	s.wait(ctx, s.options.Hang)
	return remote.Problemf(http.StatusGatewayTimeout, "timeout", "no answer in time")
}

func (s *Service) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-s.closing.Done():
	}
}

func (s *Service) letWebhookPass(ctx context.Context, number uint64) {
	ctx, cancel := context.WithTimeout(ctx, overtakeBound)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	_ = s.Outbox.Await(ctx, number)
}

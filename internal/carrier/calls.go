package carrier

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/ordersaga/ordersaga/internal/ledger"
	"github.com/ordersaga/ordersaga/internal/remote"
	"github.com/ordersaga/ordersaga/internal/simulated"
	"github.com/ordersaga/ordersaga/sagas"
)

// Codes of final refusals.
const (
	CodeAlreadyDispatched = "already_dispatched"
	CodeCancelRefused     = "cancel_refused"
)

// bookingRequest is the body of POST /v1/bookings.
type bookingRequest struct {
	Reference string `json:"reference"`
	Parcel    Parcel `json:"parcel"`
}

func (r bookingRequest) fingerprint() ledger.Fingerprint {
	p := r.Parcel
	return ledger.FingerprintOf("book", r.Reference, p.Name, p.Line1, p.City, p.Postcode, p.Country, strconv.FormatInt(p.Items, 10))
}

// book decides a booking. The answer is what the call did; where delays are zero, the ledger is further on already.
func (c *Carrier) book(k *simulated.Call, r bookingRequest) (ledger.Reply, error) {
	if r.Reference == "" {
		return ledger.Reply{}, simulated.Refuse("invalid_reference", "reference is missing: name the order")
	}
	id, err := ledger.NewID("bk_")
	if err != nil {
		return ledger.Reply{}, err
	}
	e := &Entry{ID: id, Reference: r.Reference, Key: k.Key, Parcel: r.Parcel, BookedAt: k.At}
	script, to := scriptOf(r.Parcel), sagas.BookingBooked
	if script.refusal != "" {
		to, e.Reason = sagas.BookingRefused, script.refusal
	} else {
		e.Tracking = strings.ToUpper("sim" + id[len("bk_"):])
		e.Effects = []Effect{{k.Key, Book, k.At}}
	}
	if k.Overtaking, err = c.move(k.Tx, e, to, k.At, false); err != nil {
		return ledger.Reply{}, err
	}
	answer, err := bookingReply(e)
	if err != nil {
		return ledger.Reply{}, err
	}
	if err := c.proceed(k.Tx, e, k.At); err != nil {
		return ledger.Reply{}, err
	}
	if err := index(k.Tx, e); err != nil {
		return ledger.Reply{}, err
	}
	return answer, save(k.Tx, e)
}

func bookingReply(e *Entry) (ledger.Reply, error) {
	if e.Status == sagas.BookingRefused {
		problem := remote.Problemf(http.StatusUnprocessableEntity, e.Reason, "the carrier does not take this parcel")
		brief := e.brief()
		return simulated.Reply(problem.Status, remote.Failure[Entry]{Error: problem, Subject: &brief})
	}
	return simulated.Reply(http.StatusCreated, e.brief())
}

// cancel takes the newest booking of a reference back. It is here, in the one writer, that a parcel is either cancelled or
// dispatched. A parcel whose dispatch is due has left, though the agenda may not have come to it yet.
func (c *Carrier) cancel(k *simulated.Call, reference string) (ledger.Reply, error) {
	e, err := newest(k.Tx, reference)
	if err != nil {
		return ledger.Reply{}, err
	}
	switch {
	case e.Left:
		return ledger.Reply{}, simulated.Refuse(CodeAlreadyDispatched, "parcel %s has left: it is %s", e.ID, e.Status)
	case e.Status == sagas.BookingCancelled, e.Status == sagas.BookingRefused:
		return simulated.Reply(http.StatusOK, e.brief()) // there is no parcel to hold back, which is all that was asked
	case scriptOf(e.Parcel).noCancel:
		return ledger.Reply{}, simulated.Refuse(CodeCancelRefused, "the carrier does not give parcel %s back", e.ID)
	case !k.At.Before(e.DueAt):
		c.forget(k.Tx, e)
		if err := c.proceed(k.Tx, e, k.At); err != nil {
			return ledger.Reply{}, err
		}
		if err := save(k.Tx, e); err != nil {
			return ledger.Reply{}, err
		}
		return ledger.Reply{}, simulated.Refuse(CodeAlreadyDispatched, "parcel %s is just leaving", e.ID)
	}
	c.forget(k.Tx, e)
	e.Effects = append(e.Effects, Effect{k.Key, Cancel, k.At})
	if k.Overtaking, err = c.move(k.Tx, e, sagas.BookingCancelled, k.At, false); err != nil {
		return ledger.Reply{}, err
	}
	if err := save(k.Tx, e); err != nil {
		return ledger.Reply{}, err
	}
	return simulated.Reply(http.StatusOK, e.brief())
}

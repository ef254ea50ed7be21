package carrier

import (
	"net/http"
	"strconv"

	"github.com/ordersaga/ordersaga/internal/ledger"
	"github.com/ordersaga/ordersaga/internal/remote"
	"github.com/ordersaga/ordersaga/internal/simulated"
	"github.com/ordersaga/ordersaga/sagas"
)

func (c *Carrier) postBooking(w http.ResponseWriter, r *http.Request) {
	in, err := remote.Read[bookingRequest](r)
	if err != nil {
		remote.WriteError(w, err)
		return
	}
	c.service.Serve(w, r, in.fingerprint(), scriptOf(in.Parcel).trouble, func(k *simulated.Call) (ledger.Reply, error) {
		return c.book(k, in)
	})
}

func (c *Carrier) postCancel(w http.ResponseWriter, r *http.Request) {
	reference := r.PathValue("reference")
	c.service.Serve(w, r, ledger.FingerprintOf("cancel", reference), simulated.NoTrouble, func(k *simulated.Call) (ledger.Reply, error) {
		return c.cancel(k, reference)
	})
}

// postAdvance moves a parcel on by hand. It needs no idempotency key: a parcel that is there already stays.
func (c *Carrier) postAdvance(w http.ResponseWriter, r *http.Request) {
	in, err := remote.Read[struct {
		Status sagas.BookingStatus `json:"status"`
	}](r)
	if err == nil && rank(in.Status) < 1 {
		err = remote.Problemf(http.StatusBadRequest, "invalid_status",
			"status is %q: it may be dispatched, delivered, lost or returned", in.Status)
	}
	if err != nil {
		remote.WriteError(w, err)
		return
	}
	var moved *Entry
	err = c.service.Ledger.Do(r.Context(), func(tx *ledger.Tx) error {
		e, err := newest(tx, r.PathValue("reference"))
		if err != nil {
			return err
		}
		moved = e
		switch {
		case e.Status == in.Status:
			return nil
		case e.Status != sagas.BookingBooked && rank(e.Status) >= rank(in.Status), !e.Left && e.Status != sagas.BookingBooked:
			return simulated.Refuse("booking_"+string(e.Status), "parcel %s is %s", e.ID, e.Status)
		}
		if err := c.advance(tx, e, in.Status, c.service.Now()); err != nil {
			return err
		}
		return save(tx, e)
	})
	if err != nil {
		remote.WriteError(w, err)
		return
	}
	remote.Write(w, http.StatusOK, moved)
}

func (c *Carrier) getBooking(w http.ResponseWriter, r *http.Request) {
	var found *Entry
	err := c.service.Ledger.Do(r.Context(), func(tx *ledger.Tx) (err error) {
		found, err = load(tx, r.PathValue("id"))
		return err
	})
	if err != nil {
		remote.WriteError(w, err)
		return
	}
	remote.Write(w, http.StatusOK, found)
}

// Page is the answer of GET /v1/bookings: the bookings in the order of their creation.
type Page struct {
	Bookings []Entry `json:"bookings"`
	Next     string  `json:"next,omitempty"` // ?after= of the next page
}

const (
	pageSize  = 100
	pageLimit = 1000
)

func (c *Carrier) getBookings(w http.ResponseWriter, r *http.Request) {
	page, err := c.page(r)
	if err != nil {
		remote.WriteError(w, err)
		return
	}
	remote.Write(w, http.StatusOK, page)
}

func (c *Carrier) page(r *http.Request) (Page, error) {
	query := r.URL.Query()
	if reference := query.Get("reference"); reference != "" {
		bookings, err := c.of(r.Context(), reference)
		return Page{Bookings: bookings}, err
	}
	limit := pageSize
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return Page{}, remote.Problemf(http.StatusBadRequest, "invalid_limit", "limit is %q: it must be 1 to %d", text, pageLimit)
		}
		limit = min(n, pageLimit)
	}
	page := Page{Bookings: []Entry{}}
	for e, err := range entries(c.service.Ledger, query.Get("after")) {
		if err != nil {
			return Page{}, err
		}
		if len(page.Bookings) == limit {
			page.Next = page.Bookings[limit-1].ID
			break
		}
		page.Bookings = append(page.Bookings, e)
	}
	return page, nil
}

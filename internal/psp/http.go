package psp

import (
	"net/http"
	"strconv"

	"github.com/ordersaga/ordersaga/internal/ledger"
	"github.com/ordersaga/ordersaga/internal/remote"
	"github.com/ordersaga/ordersaga/internal/simulated"
)

func (p *Provider) postCharge(w http.ResponseWriter, r *http.Request) {
	in, err := remote.Read[chargeRequest](r)
	if err != nil {
		remote.WriteError(w, err)
		return
	}
	p.service.Serve(w, r, in.fingerprint(), scriptOf(in.Method).trouble, func(c *simulated.Call) (ledger.Reply, error) {
		return p.authorize(c, in)
	})
}

func (p *Provider) postCapture(w http.ResponseWriter, r *http.Request) {
	p.postAmount(w, r, "capture", p.capture)
}

func (p *Provider) postRefund(w http.ResponseWriter, r *http.Request) {
	p.postAmount(w, r, "refund", p.refund)
}

func (p *Provider) postAmount(w http.ResponseWriter, r *http.Request, what string,
	decide func(*simulated.Call, string, amountRequest) (ledger.Reply, error),
) {
	charge := r.PathValue("id")
	in, err := remote.Read[amountRequest](r)
	if err != nil {
		remote.WriteError(w, err)
		return
	}
	p.service.Serve(w, r, in.fingerprint(what, charge), simulated.NoTrouble, func(c *simulated.Call) (ledger.Reply, error) {
		return decide(c, charge, in)
	})
}

func (p *Provider) postVoid(w http.ResponseWriter, r *http.Request) {
	charge := r.PathValue("id")
	p.service.Serve(w, r, ledger.FingerprintOf("void", charge), simulated.NoTrouble, func(c *simulated.Call) (ledger.Reply, error) {
		return p.void(c, charge)
	})
}

func (p *Provider) getCharge(w http.ResponseWriter, r *http.Request) {
	var e *Entry
	err := p.service.Ledger.Do(r.Context(), func(tx *ledger.Tx) (err error) {
		e, err = load(tx, r.PathValue("id"))
		return err
	})
	if err != nil {
		remote.WriteError(w, err)
		return
	}
	remote.Write(w, http.StatusOK, e)
}

func (p *Provider) getRefund(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	var found *Refund
	err := p.service.Ledger.Do(r.Context(), func(tx *ledger.Tx) error {
		charge, ok, err := tx.Get([]byte(prefixRefund + id))
		if err != nil || !ok {
			return err
		}
		e, err := load(tx, string(charge))
		if err != nil {
			return err
		}
		for i := range e.Refunds {
			if e.Refunds[i].ID == id {
				found = &e.Refunds[i]
			}
		}
		return nil
	})
	if err == nil && found == nil {
		err = remote.Problemf(http.StatusNotFound, "refund_unknown", "there is no refund %q", id)
	}
	if err != nil {
		remote.WriteError(w, err)
		return
	}
	remote.Write(w, http.StatusOK, found)
}

// Page is the answer of GET /v1/charges: the charges in the order of their creation.
type Page struct {
	Charges []Entry `json:"charges"`
	Next    string  `json:"next,omitempty"` // ?after= of the next page
}

const (
	pageSize  = 100
	pageLimit = 1000
)

func (p *Provider) getCharges(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if reference := query.Get("reference"); reference != "" {
		charges, err := p.of(r.Context(), reference)
		if err != nil {
			remote.WriteError(w, err)
			return
		}
		remote.Write(w, http.StatusOK, Page{Charges: charges})
		return
	}
	limit := pageSize
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			remote.WriteError(w, remote.Problemf(http.StatusBadRequest, "invalid_limit", "limit is %q: it must be 1 to %d", text, pageLimit))
			return
		}
		limit = min(n, pageLimit)
	}
	page := Page{Charges: []Entry{}}
	for e, err := range entries(p.service.Ledger, query.Get("after")) {
		if err != nil {
			remote.WriteError(w, err)
			return
		}
		if len(page.Charges) == limit {
			page.Next = page.Charges[limit-1].ID
			break
		}
		page.Charges = append(page.Charges, e)
	}
	remote.Write(w, http.StatusOK, page)
}

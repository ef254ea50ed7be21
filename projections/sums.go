package projections

import (
	"context"
	"errors"

	"github.com/ordersaga/ordersaga/domain"
)

// Sums are the views added up, to be compared with what was put in.
type Sums struct {
	Orders   map[string]int64                       `json:"orders"`   // by status
	Money    map[domain.Currency]Amounts            `json:"money"`    // of all orders
	ByStatus map[string]map[domain.Currency]Amounts `json:"byStatus"` // the same, by the order's status
	Products int64                                  `json:"products"`
	SKUs     int64                                  `json:"skus"` // of which stock was ever heard
	OnHand   int64                                  `json:"onHand"`
	Reserved int64                                  `json:"reserved"`
}

// Amounts are sums over orders of one currency, in its minor units.
type Amounts struct {
	Orders     int64 `json:"orders"`
	Total      int64 `json:"total"`
	Authorized int64 `json:"authorized"`
	Captured   int64 `json:"captured"`
	Voided     int64 `json:"voided"`
	Expired    int64 `json:"expired"`
	Refunded   int64 `json:"refunded"`
}

func (a Amounts) plus(b Amounts) Amounts {
	return Amounts{
		Orders: a.Orders + b.Orders, Total: a.Total + b.Total, Authorized: a.Authorized + b.Authorized,
		Captured: a.Captured + b.Captured, Voided: a.Voided + b.Voided, Expired: a.Expired + b.Expired,
		Refunded: a.Refunded + b.Refunded,
	}
}

func (s *Sums) add(status string, currency domain.Currency, a Amounts) {
	if s.ByStatus[status] == nil {
		s.ByStatus[status] = map[domain.Currency]Amounts{}
	}
	s.Orders[status] += a.Orders
	s.Money[currency] = s.Money[currency].plus(a)
	s.ByStatus[status][currency] = a
}

// Sums adds up all views as of one moment. It reads every order.
func (v *Views) Sums(ctx context.Context) (Sums, error) {
	return read(v, func(db backend) (sums Sums, err error) {
		shot, err := db.snapshot(ctx)
		if err != nil {
			return Sums{}, err
		}
		defer func() { err = errors.Join(err, shot.close()) }()
		return shot.sums(ctx)
	})
}

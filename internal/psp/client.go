package psp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/goccy/go-json"

	"github.com/ordersaga/ordersaga/domain"
	"github.com/ordersaga/ordersaga/internal/remote"
	"github.com/ordersaga/ordersaga/internal/webhook"
	"github.com/ordersaga/ordersaga/sagas"
)

var _ sagas.Payments = (*Client)(nil)

// Client asks a Provider. It makes each call once: whoever uses it repeats.
type Client struct{ caller *remote.Caller }

// NewClient asks the provider at a URL. A nil transport is one over TCP (remote.InProcess is one without); a timeout of
// zero is remote.DefaultTimeout.
func NewClient(baseURL string, transport http.RoundTripper, timeout time.Duration) *Client {
	return &Client{remote.NewCaller(baseURL, transport, timeout)}
}

// Authorize is sagas.Payments. The provider repeats its first answer, "pending" too; so where that comes again, the charge
// itself is looked at.
func (c *Client) Authorize(ctx context.Context, call sagas.Call, method string, amount domain.Money) (sagas.Charge, error) {
	answer, err := c.caller.Call(ctx, http.MethodPost, "/v1/charges", "", call.Key.String(),
		chargeRequest{Reference: call.Reference, Method: method, Amount: amount.Amount, Currency: amount.Currency})
	if err != nil {
		return sagas.Charge{}, err
	}
	e, err := remote.Decode[Entry](answer)
	if err == nil && e.Status == sagas.ChargePending && answer.Replayed {
		return c.charge(ctx, http.MethodGet, "/v1/charges/"+url.PathEscape(e.ID), "", nil)
	}
	return checked(e, err)
}

// Capture is sagas.Payments.
func (c *Client) Capture(ctx context.Context, call sagas.Call, charge string, amount domain.Money) (sagas.Charge, error) {
	return c.charge(ctx, http.MethodPost, "/v1/charges/"+url.PathEscape(charge)+"/capture", call.Key.String(),
		amountRequest{&amount.Amount, amount.Currency})
}

// Void is sagas.Payments.
func (c *Client) Void(ctx context.Context, call sagas.Call, charge string) (sagas.Charge, error) {
	return c.charge(ctx, http.MethodPost, "/v1/charges/"+url.PathEscape(charge)+"/void", call.Key.String(), nil)
}

func (c *Client) charge(ctx context.Context, method, path, key string, in any) (sagas.Charge, error) {
	answer, err := c.caller.Call(ctx, method, path, "", key, in)
	if err != nil {
		return sagas.Charge{}, err
	}
	return checked(remote.Decode[Entry](answer))
}

func checked(e Entry, err error) (sagas.Charge, error) {
	switch {
	case err != nil:
		return sagas.Charge{}, err
	case e.ID == "" || e.Status == "":
		return sagas.Charge{}, fmt.Errorf("%w: the answer is no charge", remote.ErrUnclear)
	}
	return e.AsCharge(), nil
}

// Refund is sagas.Payments. A refund that the provider does not even begin is a failed one without an id.
func (c *Client) Refund(ctx context.Context, call sagas.Call, charge string, amount domain.Money) (sagas.Refund, error) {
	answer, err := c.caller.Call(ctx, http.MethodPost, "/v1/charges/"+url.PathEscape(charge)+"/refunds", "", call.Key.String(),
		amountRequest{&amount.Amount, amount.Currency})
	if err != nil {
		return sagas.Refund{}, err
	}
	r, err := remote.Decode[Refund](answer)
	if refused, ok := errors.AsType[*sagas.Refusal](err); ok {
		return sagas.Refund{Key: call.Key, Amount: amount, Status: sagas.RefundFailed, Reason: refused.Code}, nil
	}
	if err == nil && (r.ID == "" || r.Status == "") {
		err = fmt.Errorf("%w: the answer is no refund", remote.ErrUnclear)
	}
	if err != nil {
		return sagas.Refund{}, err
	}
	return r.AsRefund(), nil
}

// Find is sagas.Payments. Of several charges it is the newest that was not declined, or else the newest.
func (c *Client) Find(ctx context.Context, reference string) (sagas.Charge, error) {
	answer, err := c.caller.Call(ctx, http.MethodGet, "/v1/charges", url.Values{"reference": {reference}}.Encode(), "", nil)
	if err != nil {
		return sagas.Charge{}, err
	}
	page, err := remote.Decode[Page](answer)
	if err != nil {
		return sagas.Charge{}, err
	}
	if len(page.Charges) == 0 {
		return sagas.Charge{}, fmt.Errorf("charge of %s: %w", reference, sagas.ErrNotFound)
	}
	newest := page.Charges[len(page.Charges)-1]
	for i := len(page.Charges) - 1; i >= 0; i-- {
		if page.Charges[i].Status != sagas.ChargeDeclined {
			newest = page.Charges[i]
			break
		}
	}
	return checked(newest, nil)
}

// ReadNotice decodes the data of a webhook event of the provider. It refuses other senders' events.
func ReadNotice(e webhook.Event) (Notice, error) {
	switch e.Type {
	case webhook.ChargeAuthorized, webhook.ChargeDeclined, webhook.ChargeCaptured, webhook.ChargeVoided, webhook.ChargeExpired,
		webhook.RefundSucceeded, webhook.RefundFailed:
	default:
		return Notice{}, fmt.Errorf("%w: event %s has the unknown type %q", webhook.ErrBody, e.ID, e.Type)
	}
	var n Notice
	if err := json.Unmarshal(e.Data, &n); err != nil {
		return Notice{}, fmt.Errorf("%w: event %s: %w", webhook.ErrBody, e.ID, err)
	}
	isRefund := e.Type == webhook.RefundSucceeded || e.Type == webhook.RefundFailed
	if n.Charge.ID == "" || n.Charge.Reference != e.Reference || isRefund != (n.Refund != nil) {
		return Notice{}, fmt.Errorf("%w: event %s: its data does not fit its type or reference", webhook.ErrBody, e.ID)
	}
	return n, nil
}

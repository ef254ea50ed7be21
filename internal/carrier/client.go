package carrier

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/goccy/go-json"

	"github.com/ordersaga/ordersaga/internal/remote"
	"github.com/ordersaga/ordersaga/internal/webhook"
	"github.com/ordersaga/ordersaga/sagas"
)

var _ sagas.Carrier = (*Client)(nil)

// codeUnknown is the final no to a look-up of what is not there.
const codeUnknown = "booking_unknown"

// Client asks a Carrier. It makes each call once: whoever uses it repeats.
type Client struct{ caller *remote.Caller }

// NewClient asks the carrier at a URL. A nil transport is one over TCP (remote.InProcess is one without); a timeout of
// zero is remote.DefaultTimeout.
func NewClient(baseURL string, transport http.RoundTripper, timeout time.Duration) *Client {
	return &Client{remote.NewCaller(baseURL, transport, timeout)}
}

// Book is sagas.Carrier.
func (c *Client) Book(ctx context.Context, call sagas.Call, parcel sagas.Parcel) (sagas.Booking, error) {
	return c.booking(ctx, "/v1/bookings", call.Key.String(), bookingRequest{call.Reference, Parcel(parcel)})
}

// Cancel is sagas.Carrier.
func (c *Client) Cancel(ctx context.Context, call sagas.Call) (sagas.Booking, error) {
	return c.booking(ctx, "/v1/bookings/"+url.PathEscape(call.Reference)+"/cancel", call.Key.String(), nil)
}

// Find is sagas.Carrier. Of several bookings it is the newest.
func (c *Client) Find(ctx context.Context, reference string) (sagas.Booking, error) {
	answer, err := c.caller.Call(ctx, http.MethodGet, "/v1/bookings", url.Values{"reference": {reference}}.Encode(), "", nil)
	if err != nil {
		return sagas.Booking{}, err
	}
	page, err := remote.Decode[Page](answer)
	if err != nil {
		return sagas.Booking{}, err
	}
	if len(page.Bookings) == 0 {
		return sagas.Booking{}, fmt.Errorf("booking of %s: %w", reference, sagas.ErrNotFound)
	}
	return page.Bookings[len(page.Bookings)-1].AsBooking(), nil
}

func (c *Client) booking(ctx context.Context, path, key string, in any) (sagas.Booking, error) {
	answer, err := c.caller.Call(ctx, http.MethodPost, path, "", key, in)
	if err != nil {
		return sagas.Booking{}, err
	}
	e, err := remote.Decode[Entry](answer)
	refused, isRefused := errors.AsType[*sagas.Refusal](err)
	switch {
	case isRefused && refused.Code == codeUnknown:
		return sagas.Booking{}, fmt.Errorf("%s: %w", refused.Detail, sagas.ErrNotFound)
	case err != nil:
		return sagas.Booking{}, err
	case e.ID == "" || e.Status == "":
		return sagas.Booking{}, fmt.Errorf("%w: the answer is no booking", remote.ErrUnclear)
	}
	return e.AsBooking(), nil
}

// ReadEntry decodes the data of a webhook event of the carrier: the booking as it was when the event happened. It refuses
// other senders' events.
func ReadEntry(e webhook.Event) (Entry, error) {
	var booking Entry
	if err := json.Unmarshal(e.Data, &booking); err != nil {
		return Entry{}, fmt.Errorf("%w: event %s: %w", webhook.ErrBody, e.ID, err)
	}
	if rank(booking.Status) < 0 || eventOf(booking.Status) != e.Type || booking.Reference != e.Reference {
		return Entry{}, fmt.Errorf("%w: event %s: its data does not fit its type %q or reference", webhook.ErrBody, e.ID, e.Type)
	}
	return booking, nil
}

package api_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordersaga/ordersaga/internal/psp"
	"github.com/ordersaga/ordersaga/internal/webhook"
	"github.com/ordersaga/ordersaga/projections"
	"github.com/ordersaga/ordersaga/sagas"
)

// secret is what the simulators of a shop sign with.
func (s *shop) secret(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.data, "simulator", "webhook-secret"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// delivery is the body of a webhook.
func delivery(t testing.TB, kind, reference string, data any) string {
	t.Helper()
	raw, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(webhook.Envelope{Events: []webhook.Event{{ID: "evt_" + nameOf(t), Type: kind, Reference: reference, At: time.Now(), Data: raw}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func signed(secret string, at time.Time, body string) string {
	return webhook.Header + ": " + webhook.Sign(secret, at, []byte(body))
}

func TestADeliveryThatIsNotSignedByTheSenderIsNotTaken(t *testing.T) {
	s := still(t)
	sku := s.list(t, 10)
	id := s.place(t, wishFor(sku, 1, "pm_card_visa", "SIM-LOSE 1 High Street"))
	s.untilStatus(t, id, "lost")
	s.until(t, id, "refunded", func(v projections.OrderView) bool { return v.Payment.Status == "refunded" })
	secret, now := s.secret(t), time.Now()
	body := delivery(t, webhook.BookingReturned, id, s.bookings(t, id)[0])
	good := webhook.Sign(secret, now, []byte(body))
	before := s.recorded(t)
	for name, header := range map[string]string{
		"unsigned":               webhook.Header + ": ",
		"malformed":              webhook.Header + ": v1=abc",
		"signed by another":      signed("whsec_other", now, body),
		"signed with no secret":  signed("", now, body),
		"for another body":       signed(secret, now, body+" "),
		"an hour old":            signed(secret, now.Add(-time.Hour), body),
		"from the future":        signed(secret, now.Add(time.Hour), body),
		"made young again":       webhook.Header + ": " + strings.Replace(good, "t=", "t=1", 1),
		"without its time":       webhook.Header + ": " + good[strings.IndexByte(good, ',')+1:],
		"with another signature": webhook.Header + ": " + good[:len(good)-4] + "0000",
	} {
		t.Run(name, func(t *testing.T) {
			for _, door := range []string{"/v1/webhooks/psp", "/v1/webhooks/carrier"} {
				s.ask(t, "POST", door, body, header).names(t, 401, webhook.Header)
			}
		})
	}
	if after := s.recorded(t); !maps.Equal(before, after) {
		t.Errorf("something was recorded: before %v, after %v", before, after)
	}
}

func TestASignedDeliveryThatCannotBeReadIsRefused(t *testing.T) {
	s := still(t)
	secret := s.secret(t)
	before := s.recorded(t)
	for body, field := range map[string]string{
		`not JSON`: "body", `[]`: "body", `{"events": [{"type": "charge.captured"}]}`: "body",
		delivery(t, "charge.eaten", "4711", psp.Notice{}):    "events",
		delivery(t, webhook.RefundFailed, "4711", "a text"):  "events",
		delivery(t, webhook.RefundFailed, "x", psp.Notice{}): "events",
	} {
		s.ask(t, "POST", "/v1/webhooks/psp", body, signed(secret, time.Now(), body)).names(t, 400, field)
	}
	if after := s.recorded(t); !maps.Equal(before, after) {
		t.Errorf("something was recorded: before %v, after %v", before, after)
	}
}

func TestAWordAboutAnUnknownOrderIsToBeSentAgain(t *testing.T) {
	s := still(t)
	const unknown = "00000000-0000-5000-8000-000000000000"
	before := s.recorded(t)
	body := delivery(t, webhook.ChargeCaptured, unknown, psp.Notice{Charge: psp.Entry{ID: "ch_1", Reference: unknown, Status: sagas.ChargeCaptured, Currency: "GBP", Captured: 1}})
	s.ask(t, "POST", "/v1/webhooks/psp", body, signed(s.secret(t), time.Now(), body)).names(t, 503, "events.reference")
	if after := s.recorded(t); !maps.Equal(before, after) {
		t.Errorf("something was recorded: before %v, after %v", before, after)
	}
}

func TestTheSameDeliveryThreeTimesAtOnceHasOneEffect(t *testing.T) {
	t.Parallel()
	s := quick(t)
	sku := s.list(t, 10)
	id := s.place(t, wishFor(sku, 2, "pm_sim_async", "1 High Street")) // the provider decides after a second
	var charge psp.Entry
	eventually(t, func() string {
		charges := s.charges(t, id)
		if len(charges) == 0 {
			return "the provider was not asked"
		}
		charge = charges[0]
		return ""
	})
	// What the provider will say by itself, a second before.
	charge.Status, charge.Authorized, charge.ExpiresAt = sagas.ChargeAuthorized, charge.Amount, time.Now().Add(time.Hour)
	body := delivery(t, webhook.ChargeAuthorized, id, psp.Notice{Key: charge.Key, Charge: charge})
	header := signed(s.secret(t), time.Now(), body)
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			if a := s.ask(t, "POST", "/v1/webhooks/psp", body, header); a.status != 204 {
				t.Errorf("got %d: %s", a.status, a.body)
			}
		})
	}
	group.Wait()
	if n := count(s.history(t, id))["payment.authorized.v1"]; n != 1 {
		t.Errorf("it was authorized %d times", n)
	}
	s.until(t, id, "confirmed", func(v projections.OrderView) bool { return v.Status != "placed" })
	for i := range 3 { // and once more, when it is old news
		if a := s.ask(t, "POST", "/v1/webhooks/psp", body, header); a.status != 204 {
			t.Errorf("repetition %d: got %d: %s", i, a.status, a.body)
		}
	}
	eventually(t, func() string {
		if status := s.charges(t, id)[0].Status; status == sagas.ChargePending {
			return "the provider has not decided"
		}
		return ""
	})
	if n := count(s.history(t, id))["payment.authorized.v1"]; n != 1 {
		t.Errorf("it was authorized %d times", n)
	}
}

package remote_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ordersaga/ordersaga/internal/remote"
	"github.com/ordersaga/ordersaga/sagas"
)

type thing struct {
	ID string `json:"id"`
}

func TestOnlyAFinalAnswerIsBelieved(t *testing.T) {
	for _, c := range []struct {
		status  int
		body    string
		id      string // of the thing that is got
		refused string // code
		unclear bool
	}{
		{200, `{"id":"1"}`, "1", "", false},
		{201, `{"id":"1"}`, "1", "", false},
		{200, `{"id":`, "", "", true},
		{402, `{"error":{"code":"card_declined","message":"no"},"subject":{"id":"1"}}`, "1", "", false},
		{422, `{"error":{"code":"charge_expired","message":"no"}}`, "", "charge_expired", false},
		{404, `{"error":{"code":"charge_unknown","message":"no"}}`, "", "charge_unknown", false},
		{404, `not found`, "", "", true}, // a proxy's, perhaps
		{422, `{}`, "", "", true},
		{409, `{"error":{"code":"charge_pending","message":"wait"}}`, "", "", true},
		{429, `{}`, "", "", true},
		{500, `{"error":{"code":"oops","message":"no"}}`, "", "", true},
		{503, ``, "", "", true},
		{301, ``, "", "", true},
	} {
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if key := r.Header.Get(remote.KeyHeader); key != "k1" {
				t.Errorf("the key is %q", key)
			}
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		})
		server := httptest.NewServer(handler)
		for _, caller := range []*remote.Caller{
			remote.NewCaller(server.URL, nil, 0), remote.NewCaller("http://in-process", remote.InProcess(handler), 0),
		} {
			answer, err := caller.Call(t.Context(), http.MethodPost, "/v1/things", "", "k1", thing{"x"})
			var got thing
			if err == nil {
				got, err = remote.Decode[thing](answer)
			}
			refused, _ := errors.AsType[*sagas.Refusal](err)
			if got.ID != c.id || (refused != nil) != (c.refused != "") || errors.Is(err, remote.ErrUnclear) != c.unclear {
				t.Errorf("%d %s: %v, %v", c.status, c.body, got, err)
			}
			if refused != nil && refused.Code != c.refused {
				t.Errorf("%d %s: refused with %s", c.status, c.body, refused.Code)
			}
		}
		server.Close()
	}
}

func TestAReusedKeyConcludesNothing(t *testing.T) {
	caller := remote.NewCaller("http://in-process", remote.InProcess(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		remote.WriteError(w, remote.Problemf(http.StatusUnprocessableEntity, remote.CodeKeyReused, "another request"))
	})), 0)
	_, err := caller.Call(t.Context(), http.MethodPost, "/", "", "k1", nil)
	if refused, ok := errors.AsType[*sagas.Refusal](err); err == nil || ok {
		t.Errorf("got %v, %v", err, refused)
	}
}

func TestAHandlerThatHangsDoesNotHangItsCaller(t *testing.T) {
	left := make(chan struct{})
	caller := remote.NewCaller("http://in-process", remote.InProcess(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(left)
	})), 20*time.Millisecond)
	_, err := caller.Call(t.Context(), http.MethodGet, "/", "", "", nil)
	if !errors.Is(err, remote.ErrUnclear) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	<-left // or the test's time-out
}

func TestAPanicIsAnErrorOfTheCall(t *testing.T) {
	transport := remote.InProcess(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("ouch") }))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://in-process/", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(r)
	if err == nil || !strings.Contains(err.Error(), "ouch") {
		t.Errorf("got %v, %v", response, err)
	}
}

func TestInProcessIsLikeAServer(t *testing.T) {
	handler := http.NewServeMux()
	handler.HandleFunc("POST /things/{id}", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		w.Header().Set("X-Id", r.PathValue("id")+r.URL.Query().Get("q"))
		w.WriteHeader(http.StatusAccepted)
		w.Header().Set("X-Id", "too late")
		_, _ = w.Write(body)
		if err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(handler)
	defer server.Close()
	for name, transport := range map[string]http.RoundTripper{"socket": http.DefaultTransport, "in process": remote.InProcess(handler)} {
		client := http.Client{Transport: transport}
		response, err := client.Post(server.URL+"/things/a%2Fb?q=1", "text/plain", strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || string(body) != "hello" || response.StatusCode != 202 || response.Header.Get("X-Id") != "a/b1" {
			t.Errorf("%s: %q, %v, %d, %v", name, body, err, response.StatusCode, response.Header)
		}
	}
}

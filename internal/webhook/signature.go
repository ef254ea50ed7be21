package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-json"
)

const (
	// Header carries the signature.
	Header = "Webhook-Signature"
	// Tolerance is how far a signature's time may be from ours: an older delivery could be a replay.
	Tolerance = 300 * time.Second

	bodyLimit = 4 << 20
)

// Errors of Verify and Receive. The receiver answers the first two with 401, the others with 400.
var (
	ErrSignature = errors.New("webhook signature does not match")
	ErrTime      = errors.New("webhook signature is too old or from the future")
	ErrHeader    = errors.New("webhook signature header is missing or malformed: want t=<unix>,v1=<hex>")
	ErrBody      = errors.New("webhook body is not an envelope of events")
)

// Sign returns the header's value for a body that is sent now.
func Sign(secret string, now time.Time, body []byte) string {
	t := strconv.FormatInt(now.Unix(), 10)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac(secret, t, body))
}

func mac(secret, t string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(h, t+".")
	_, _ = h.Write(body)
	return h.Sum(nil)
}

// Verify accepts a body that was signed with any of the secrets (two while one replaces the other), within Tolerance of
// now. Of several v1 signatures one must match. An empty secret never does.
func Verify(header string, body []byte, secrets []string, now time.Time) error {
	t, signatures, err := parse(header)
	if err != nil {
		return err
	}
	matched := false
	for _, secret := range secrets {
		want := mac(secret, t, body)
		for _, got := range signatures {
			matched = hmac.Equal(got, want) && secret != "" || matched
		}
	}
	if !matched {
		return ErrSignature
	}
	seconds, err := strconv.ParseInt(t, 10, 64)
	if err != nil {
		return ErrHeader
	}
	if age := now.Sub(time.Unix(seconds, 0)); age.Abs() > Tolerance {
		return fmt.Errorf("%w: signed %s ago, at most %s allowed", ErrTime, age.Round(time.Second), Tolerance)
	}
	return nil
}

func parse(header string) (t string, signatures [][]byte, err error) {
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			t = value
		case "v1":
			if signature, err := hex.DecodeString(value); err == nil {
				signatures = append(signatures, signature)
			}
		}
	}
	if t == "" || len(signatures) == 0 {
		return "", nil, ErrHeader
	}
	return t, signatures, nil
}

// Receive reads, verifies and decodes a delivery.
func Receive(r *http.Request, secrets []string, now time.Time) ([]Event, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, bodyLimit))
	if err != nil {
		return nil, fmt.Errorf("read webhook: %w", err)
	}
	if err := Verify(r.Header.Get(Header), body, secrets, now); err != nil {
		return nil, err
	}
	var envelope Envelope
	if err := json.Unmarshal(body, &envelope); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBody, err)
	}
	for _, e := range envelope.Events {
		if e.ID == "" || e.Type == "" {
			return nil, fmt.Errorf("%w: an event lacks its id or type", ErrBody)
		}
	}
	return envelope.Events, nil
}

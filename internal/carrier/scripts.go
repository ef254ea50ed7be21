package carrier

import (
	"strings"

	"github.com/ordersaga/ordersaga/internal/simulated"
	"github.com/ordersaga/ordersaga/sagas"
)

// The first words of an address's first line that script what happens to a parcel: "SIM-LOSE 1 High Street".
const (
	Refuse        = "SIM-REFUSE"
	Lose          = "SIM-LOSE"
	Return        = "SIM-RETURN"
	Slow          = "SIM-SLOW"
	TimeoutBefore = "SIM-TIMEOUT-BEFORE"
	TimeoutAfter  = "SIM-TIMEOUT-AFTER"
	Handover      = "SIM-HANDOVER"
	NoCancel      = "SIM-NOCANCEL"
	Duplicate     = "SIM-WEBHOOK-DUPLICATE"
	Early         = "SIM-WEBHOOK-EARLY"
)

// Script is what a first line does.
type Script struct {
	Prefix string
	Doc    string

	refusal  string // code, "" where the parcel is taken
	end      sagas.BookingStatus
	trouble  simulated.Trouble // of the call that books
	handover bool              // dispatched as soon as it is booked
	noCancel bool
	notify   bool // sends webhooks for all that happens to it
	copies   int  // of each webhook; 0 is one
	overtake bool // webhooks are delivered before the call is answered
}

// Scripts are all scripted addresses, in the order of the documentation. Every other address is delivered to.
func Scripts() []Script { return append([]Script(nil), scripts...) }

var scripts = []Script{
	{Prefix: Refuse, refusal: "address_refused", Doc: "the booking is refused: address_refused"},
	{Prefix: Lose, end: sagas.BookingLost, Doc: "dispatched, then lost"},
	{Prefix: Return, end: sagas.BookingReturned, Doc: "dispatched, then returned to the sender"},
	{Prefix: Slow, trouble: simulated.AnswersLate, Doc: "the booking's answer takes 2 s"},
	{Prefix: TimeoutBefore, trouble: simulated.HangsBefore, Doc: "the first call hangs without an effect; the same call again books"},
	{Prefix: TimeoutAfter, trouble: simulated.HangsAfter, Doc: "the first call books and hangs; the same call again hears the outcome"},
	{Prefix: Handover, handover: true, Doc: "dispatched as soon as it is booked: a cancellation is refused, already_dispatched"},
	{Prefix: NoCancel, noCancel: true, Doc: "a cancellation is refused: cancel_refused"},
	{Prefix: Duplicate, notify: true, copies: 3, Doc: "each outcome is told by three webhooks at once"},
	{Prefix: Early, notify: true, overtake: true, Doc: "the booking's webhook comes before the call's answer"},
}

func scriptOf(p Parcel) Script {
	if strings.HasPrefix(p.Line1, "SIM-") {
		for _, s := range scripts {
			if word, _, _ := strings.Cut(p.Line1, " "); word == s.Prefix {
				return s
			}
		}
	}
	return Script{}
}

// final is the status in which a dispatched parcel ends.
func (s Script) final() sagas.BookingStatus {
	if s.end == "" {
		return sagas.BookingDelivered
	}
	return s.end
}

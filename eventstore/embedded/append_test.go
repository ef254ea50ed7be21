package embedded

import "testing"

func TestAWithdrawnRequestIsNeverTaken(t *testing.T) {
	q := queue{wake: make(chan struct{}, 1)}
	left, stayed := &request{}, &request{}
	q.add(left)
	q.add(stayed)
	if !q.withdraw(left) {
		t.Error("a waiting request could not be withdrawn")
	}
	if taken := q.take(nil); len(taken) != 1 || taken[0] != stayed {
		t.Errorf("%d requests were taken, want the one that stayed", len(taken))
	}
	if q.withdraw(stayed) {
		t.Error("a request was withdrawn after it was taken")
	}
	q.close()
	if q.add(left) || q.take(nil) != nil {
		t.Error("a closed queue goes on")
	}
}

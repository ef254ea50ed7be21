package sagas_test

import (
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordersaga/ordersaga/sagas"
)

var update = flag.Bool("update", false, "write the golden file again; only a new event type or a new version may change it")

const golden = "testdata/events.golden.json"

// What was written once must be readable for ever: names and shapes are frozen.
func TestTheShapesOfEventsAreFrozen(t *testing.T) {
	shapes := map[string]any{}
	for _, name := range sagas.Events.Types() {
		goType, _ := sagas.Events.GoType(name)
		shapes[name] = filled(goType).Interface()
	}
	got, err := json.MarshalIndent(shapes, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
		t.Errorf("an event's shape has changed; make a new version and an upcaster (-frozen +now):\n%s", diff)
	}
}

// filled makes a value of which no field is zero.
func filled(of reflect.Type) reflect.Value {
	v := reflect.New(of).Elem()
	switch {
	case of == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2010, 12, 1, 8, 26, 0, 0, time.UTC)))
	case of.Kind() == reflect.Struct:
		for i := range of.NumField() {
			v.Field(i).Set(filled(of.Field(i).Type))
		}
	case of.Kind() == reflect.Slice:
		v.Set(reflect.Append(v, filled(of.Elem())))
	case of.Kind() == reflect.String:
		v.SetString("text")
	case v.CanInt():
		v.SetInt(7)
	case v.CanUint():
		v.SetUint(7)
	case of.Kind() == reflect.Bool:
		v.SetBool(true)
	default:
		panic("no example of " + of.String())
	}
	return v
}

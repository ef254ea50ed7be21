package domaintest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// dump writes a value out as it is now, unexported fields and all that pointers lead to included, so that a later change
// to something shared cannot hide. Pointers already being written are not followed again.
func dump(v any) string {
	d := dumper{open: map[uintptr]bool{}}
	d.write(reflect.ValueOf(v), 0)
	return d.out.String()
}

type dumper struct {
	out  strings.Builder
	open map[uintptr]bool
}

func (d *dumper) write(v reflect.Value, depth int) {
	indent := "\n" + strings.Repeat("  ", depth+1)
	switch v.Kind() {
	case reflect.Invalid:
		d.out.WriteString("nil")
	case reflect.Interface:
		d.write(v.Elem(), depth)
	case reflect.Pointer:
		if v.IsNil() || d.open[v.Pointer()] {
			fmt.Fprintf(&d.out, "*%s(nil or seen)", v.Type().Elem())
			return
		}
		d.open[v.Pointer()] = true
		d.out.WriteString("&")
		d.write(v.Elem(), depth)
		delete(d.open, v.Pointer())
	case reflect.Struct:
		d.out.WriteString(v.Type().String())
		for i := range v.NumField() {
			d.out.WriteString(indent + v.Type().Field(i).Name + ": ")
			d.write(v.Field(i), depth+1)
		}
	case reflect.Map:
		d.writeMap(v, depth, indent)
	case reflect.Slice, reflect.Array:
		fmt.Fprintf(&d.out, "%s of %d", v.Type(), v.Len())
		for i := range v.Len() {
			d.out.WriteString(indent)
			d.write(v.Index(i), depth+1)
		}
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		d.out.WriteString(v.Type().String())
	default:
		fmt.Fprintf(&d.out, "%#v", v)
	}
}

func (d *dumper) writeMap(v reflect.Value, depth int, indent string) {
	fmt.Fprintf(&d.out, "%s of %d", v.Type(), v.Len())
	var entries []string
	for it := v.MapRange(); it.Next(); {
		entry := dumper{open: d.open}
		entry.write(it.Key(), depth+1)
		entry.out.WriteString(" → ")
		entry.write(it.Value(), depth+1)
		entries = append(entries, entry.out.String())
	}
	slices.Sort(entries)
	for _, entry := range entries {
		d.out.WriteString(indent + entry)
	}
}

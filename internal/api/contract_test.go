package api_test

import (
	"encoding/json"
	"fmt"
	"math"
	"mime"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// document is openapi.json, as far as answers are held against it.
type document struct {
	root  map[string]any
	paths []template
}

// template is a path with its parameters.
type template struct {
	path    string
	pattern *regexp.Regexp
}

var contract = sync.OnceValue(func() *document {
	text, err := os.ReadFile("openapi.json")
	if err != nil {
		panic(err)
	}
	d := &document{}
	if err := json.Unmarshal(text, &d.root); err != nil {
		panic(err)
	}
	parameter := regexp.MustCompile(`\\\{[a-z]+\\\}`)
	for path := range object(d.root["paths"]) {
		d.paths = append(d.paths, template{path, regexp.MustCompile("^" + parameter.ReplaceAllString(regexp.QuoteMeta(path), "[^/]+") + "$")})
	}
	// A path without parameters goes before one that would match it too.
	slices.SortFunc(d.paths, func(a, b template) int {
		return strings.Count(a.path, "{") - strings.Count(b.path, "{")
	})
	return d
})

func object(v any) map[string]any { m, _ := v.(map[string]any); return m }

func list(v any) []any { l, _ := v.([]any); return l }

// resolve follows a reference.
func (d *document) resolve(v any) map[string]any {
	o := object(v)
	ref, is := o["$ref"].(string)
	if !is {
		return o
	}
	var at any = d.root
	for _, step := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		at = object(at)[step]
	}
	return d.resolve(at)
}

// answer says what in an answer the document does not promise. The simulators' own APIs are not in the document.
func (d *document) answer(method, target string, a answer) []string {
	path, _, _ := strings.Cut(target, "?")
	if strings.HasPrefix(path, "/simulator/") {
		return nil
	}
	i := slices.IndexFunc(d.paths, func(t template) bool { return t.pattern.MatchString(path) })
	if i < 0 {
		return unknownRoute(a)
	}
	operation := object(object(object(d.root["paths"])[d.paths[i].path])[strings.ToLower(method)])
	if operation == nil {
		return unknownRoute(a)
	}
	response := d.resolve(object(operation["responses"])[fmt.Sprint(a.status)])
	if response == nil {
		return []string{"the status is not in the document"}
	}
	var wrong []string
	for name := range object(response["headers"]) {
		if name != "Link" && a.header.Get(name) == "" {
			wrong = append(wrong, "the header "+name+" is missing")
		}
	}
	return append(wrong, d.body(object(response["content"]), a)...)
}

func unknownRoute(a answer) []string {
	if a.status/100 == 2 {
		return []string{"the route is not in the document"}
	}
	return nil
}

func (d *document) body(content map[string]any, a answer) []string {
	if content == nil {
		if len(a.body) > 0 {
			return []string{"it has a body"}
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	media := object(content[kind])
	if err != nil || media == nil {
		return []string{fmt.Sprintf("its Content-Type is %q", a.header.Get("Content-Type"))}
	}
	if !strings.HasSuffix(kind, "json") || strings.HasSuffix(kind, "ndjson") {
		return nil
	}
	var value any
	if err := json.Unmarshal(a.body, &value); err != nil {
		return []string{err.Error()}
	}
	return d.conform(media["schema"], value, "body")
}

// conform holds a value against a schema: the keywords that the document uses, but for formats and lengths.
func (d *document) conform(schema, value any, at string) (wrong []string) {
	s := d.resolve(schema)
	if kinds := kindsOf(s["type"]); kinds != nil && !slices.ContainsFunc(kinds, func(k string) bool { return isKind(k, value) }) {
		return []string{fmt.Sprintf("%s is %v, not %s", at, value, strings.Join(kinds, " or "))}
	}
	if choices, is := s["enum"]; is && !slices.Contains(list(choices), value) {
		wrong = append(wrong, fmt.Sprintf("%s is %v, not one of %v", at, value, choices))
	}
	if only, is := s["const"]; is && only != value {
		wrong = append(wrong, fmt.Sprintf("%s is %v, not %v", at, value, only))
	}
	switch v := value.(type) {
	case string:
		if pattern, is := s["pattern"].(string); is && !regexp.MustCompile(pattern).MatchString(v) {
			wrong = append(wrong, fmt.Sprintf("%s is %q, not %s", at, v, pattern))
		}
	case float64:
		least, hasLeast := s["minimum"].(float64)
		most, hasMost := s["maximum"].(float64)
		if hasLeast && v < least || hasMost && v > most {
			wrong = append(wrong, fmt.Sprintf("%s is %v, out of its range", at, v))
		}
	case []any:
		for i, item := range v {
			wrong = append(wrong, d.conform(s["items"], item, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case map[string]any:
		wrong = append(wrong, d.conformObject(s, v, at)...)
	}
	return wrong
}

func (d *document) conformObject(s, value map[string]any, at string) (wrong []string) {
	for _, name := range list(s["required"]) {
		if _, there := value[name.(string)]; !there {
			wrong = append(wrong, fmt.Sprintf("%s.%s is missing", at, name))
		}
	}
	for name, v := range value {
		if property, known := object(s["properties"])[name]; known {
			wrong = append(wrong, d.conform(property, v, at+"."+name)...)
		} else if s["additionalProperties"] == false {
			wrong = append(wrong, at+"."+name+" is not in the document")
		} else if more := object(s["additionalProperties"]); more != nil {
			wrong = append(wrong, d.conform(more, v, at+"."+name)...)
		}
	}
	return wrong
}

func kindsOf(v any) (kinds []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, kind := range v {
			kinds = append(kinds, kind.(string))
		}
	}
	return kinds
}

func isKind(kind string, value any) bool {
	switch v := value.(type) {
	case nil:
		return kind == "null"
	case bool:
		return kind == "boolean"
	case string:
		return kind == "string"
	case float64:
		return kind == "number" || kind == "integer" && v == math.Trunc(v)
	case []any:
		return kind == "array"
	}
	return kind == "object"
}

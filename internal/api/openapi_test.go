package api_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheDocumentListsExactlyTheRoutesThatThereAre(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("server.go")
	if err != nil {
		t.Fatal(err)
	}
	var served, documented []string
	for _, m := range regexp.MustCompile(`[hH]andle\("([A-Z]+ /[^"]*)"`).FindAllStringSubmatch(string(source), -1) {
		served = append(served, m[1])
	}
	for path, item := range object(contract().root["paths"]) {
		for method := range object(item) {
			if method != "parameters" {
				documented = append(documented, strings.ToUpper(method)+" "+path)
			}
		}
	}
	slices.Sort(served)
	slices.Sort(documented)
	if diff := cmp.Diff(served, documented); diff != "" || len(served) < 20 {
		t.Errorf("served and documented (-, +):\n%s", diff)
	}
}

func TestTheDocumentIsServedAsItIs(t *testing.T) {
	t.Parallel()
	a := quick(t).ask(t, "GET", "/openapi.json", "").must(t, 200)
	file, err := os.ReadFile("openapi.json")
	if err != nil || string(a.body) != string(file) {
		t.Errorf("it is not the file (%v)", err)
	}
}

func TestTheDocumentHoldsTogether(t *testing.T) {
	t.Parallel()
	d := contract()
	if d.root["openapi"] != "3.1.0" {
		t.Errorf("it is OpenAPI %v", d.root["openapi"])
	}
	operations := map[string]bool{}
	for path, item := range object(d.root["paths"]) {
		shared := list(object(item)["parameters"])
		for method, operation := range object(item) {
			o := object(operation)
			if method == "parameters" {
				continue
			}
			id, _ := o["operationId"].(string)
			if id == "" || operations[id] || o["summary"] == nil || len(object(o["responses"])) == 0 {
				t.Errorf("%s %s has no id of its own, no summary or no responses", method, path)
			}
			operations[id] = true
			inPath := map[string]bool{}
			for _, p := range append(slices.Clone(shared), list(o["parameters"])...) {
				if parameter := d.resolve(p); parameter["in"] == "path" {
					inPath["{"+parameter["name"].(string)+"}"] = parameter["required"] == true
				}
			}
			wanted := map[string]bool{}
			for _, name := range regexp.MustCompile(`\{[a-z]+\}`).FindAllString(path, -1) {
				wanted[name] = true
			}
			if !maps.Equal(inPath, wanted) {
				t.Errorf("%s %s: its parameters are %v, its path wants %v", method, path, inPath, wanted)
			}
		}
	}
	d.walk(t, d.root, "#", map[string]bool{})
}

// walk finds references to nowhere, parts that nobody refers to, and examples that do not fit their schema.
func (d *document) walk(t *testing.T, v any, at string, used map[string]bool) {
	for name, child := range object(v) {
		if ref, is := child.(string); is && name == "$ref" {
			used[ref] = true
			if d.resolve(v) == nil {
				t.Errorf("%s refers to %s, which is not there", at, ref)
			}
		}
		d.walk(t, child, at+"/"+name, used)
	}
	for _, child := range list(v) {
		d.walk(t, child, at+"[]", used)
	}
	if schema := object(v)["schema"]; schema != nil {
		if example, is := object(v)["example"]; is {
			d.fits(t, schema, example, at)
		}
		for _, example := range object(object(v)["examples"]) {
			d.fits(t, schema, object(example)["value"], at)
		}
	}
	if at != "#" {
		return
	}
	for kind, parts := range object(d.root["components"]) {
		for name := range object(parts) {
			if ref := "#/components/" + kind + "/" + name; !used[ref] && name != "End" { // End is named by a description
				t.Errorf("nobody refers to %s", ref)
			}
		}
	}
}

func (d *document) fits(t *testing.T, schema, example any, at string) {
	for _, wrong := range d.conform(schema, example, "the example") {
		text, _ := json.Marshal(example)
		t.Errorf("%s: %s: %s", at, wrong, text)
	}
}

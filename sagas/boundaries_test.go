package sagas_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/ordersaga/ordersaga"

// imports lists what a folder's files import, by file; tests are left out.
func imports(t *testing.T, pattern string) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files match %s: %v", pattern, err)
	}
	found := map[string][]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			found[file] = append(found[file], path)
		}
	}
	return found
}

func TestNoServicesRulesKnowAnotherService(t *testing.T) {
	for file, paths := range imports(t, "../domain/*/*.go") {
		for _, path := range paths {
			if strings.HasPrefix(path, module) && path != module+"/domain" {
				t.Errorf("%s imports %s: rules know only package domain", file, path)
			}
		}
	}
}

func TestRulesDoNoIOAndReadNoClock(t *testing.T) {
	for file, paths := range imports(t, "../domain/*/*.go") {
		if strings.Contains(file, "domaintest") {
			continue
		}
		for _, path := range paths {
			switch path {
			case "os", "net", "net/http", "io", "math/rand", "math/rand/v2", "context", "sync", "database/sql", "log/slog":
				t.Errorf("%s imports %s: a decision is pure", file, path)
			}
		}
	}
}

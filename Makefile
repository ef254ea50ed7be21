# `make` alone lists the targets. Everything needs Go and make; the rest is fetched by Go, at pinned versions.

GO      ?= go
GOLANGCI = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 20s
ORDERS   ?= 30000

.DEFAULT_GOAL := help
.PHONY: help run build test race lint fuzz bench bench-micro docs docs-check

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## run the whole checkout in one process, data in ./data
	$(GO) run ./cmd/ordersaga up

build: ## build ./ordersaga
	$(GO) build -o ordersaga ./cmd/ordersaga

test: ## run the tests, in less than ten minutes on two cores
	$(GO) vet ./...
	$(GO) test ./...

race: ## run the tests under the race detector
	$(GO) test -race ./...

lint: ## run the linters
	$(GO) run $(GOLANGCI) run ./...

fuzz: ## fuzz each target for FUZZTIME
	$(GO) test ./domain -run '^$$' -fuzz FuzzMoneyTimes -fuzztime $(FUZZTIME)
	$(GO) test ./domain -run '^$$' -fuzz FuzzParseCurrency -fuzztime $(FUZZTIME)
	$(GO) test ./eventstore/embedded -run '^$$' -fuzz FuzzDecodeEvent -fuzztime $(FUZZTIME)

bench: ## finish ORDERS orders three times on fresh directories and print what they cost
	$(GO) build -o ordersaga ./cmd/ordersaga
	for i in 1 2 3; do ./ordersaga bench --orders $(ORDERS) --concurrency 200 --json || exit 1; done

bench-micro: ## run the micro-benchmarks of the hot paths
	$(GO) test -run '^$$' -bench . -benchmem ./eventstore/... ./internal/bus ./internal/psp ./internal/carrier ./projections

docs: ## write the generated documents again
	$(GO) run ./internal/docgen

docs-check: docs ## fail where a generated document was out of date
	git diff --exit-code docs

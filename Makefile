# Every target is one command on a fresh clone: what is missing is installed first (scripts/tools.sh,
# scripts/test-tools.sh and by apt).
.DEFAULT_GOAL := help
.PHONY: help run build check test bench fuzz mutants watch clean

BINARY := target/release/keystead
SOURCES := Cargo.toml Cargo.lock .cargo/config.toml \
  $(shell find app assets crates docs/proxies frontend migrations scripts/bindgen scripts/site* server style -type f -not -path '*/tests/*')

help: ## Show this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 8

run: $(BINARY) ## Build what changed and start the console at http://localhost:3000, data in ./data
	@exec $(BINARY)

build: $(BINARY) ## Build the release binary with the site in it: target/release/keystead

$(BINARY): $(SOURCES)
	@scripts/build.sh

check: ## While you work: format, clippy, and the tests of what differs from main
	@scripts/check.sh

test: ## Check everything that can be true or false
	@scripts/test.sh

bench: $(BINARY) ## Time what can be timed and write docs/benchmarks.md
	@scripts/bench.sh

fuzz: ## Fuzz the readers of what comes from outside, a minute each
	@scripts/fuzz.sh

mutants: ## Take out each defence in turn and see that its test fails
	@scripts/mutants.sh

watch: ## Rebuild and reload while you edit
	@scripts/watch.sh

clean: ## Remove what was built in this folder; the data and the shared cache stay
	@scripts/clean.sh

# Each target is one command that works on a fresh clone. It first installs what is missing, with scripts/tools.sh,
# scripts/test-tools.sh and apt.
.DEFAULT_GOAL := help
.PHONY: help run build check test bench fuzz mutants drills dist dist-test watch clean

BINARY := target/release/keystead
SOURCES := Cargo.toml Cargo.lock .cargo/config.toml \
  $(shell find app assets crates docs/proxies frontend migrations scripts/bindgen scripts/site* server style -type f -not -path '*/tests/*')

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 12

run: $(BINARY) ## Build what has changed and start the console at http://localhost:3000, data in ./data
	@exec $(BINARY)

build: $(BINARY) ## Build the release binary with the site in it: target/release/keystead

$(BINARY): $(SOURCES)
	@scripts/build.sh

check: ## While you work: format, clippy, and the tests of what you changed
	@scripts/check.sh

test: ## Run every check
	@scripts/test.sh

bench: $(BINARY) ## Measure speed and write docs/benchmarks.md
	@scripts/bench.sh

fuzz: ## Fuzz every parser of outside input, a minute each
	@scripts/fuzz.sh

mutants: ## Remove each defence in turn and expect its test to fail
	@scripts/mutants.sh

drills: $(BINARY) ## Break disks, databases and clocks around running servers, for three quarters of an hour
	@scripts/drills.sh

dist: ## Make what is given out, under dist/: static binaries, container image, list of parts, sums
	@scripts/dist.sh

dist-test: ## Run what is in dist/ in empty folders, under qemu and as a container would, and by the words of the README
	@scripts/dist-test.sh

watch: ## Rebuild and reload while you edit
	@scripts/watch.sh

clean: ## Remove what was built in this folder; the data and the shared cache stay
	@scripts/clean.sh

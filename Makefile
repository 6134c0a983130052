# The two commands of the README are `make demo` and `make test`.

SHELL := bash
TARGET := $(or $(CARGO_TARGET_DIR),target)
DAIS := $(TARGET)/ci/dais
CARGO_FLAGS := --profile ci --locked

.PHONY: help demo test build web rust-test web-test e2e lint bench clean-demo

help:
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

demo: build ## bring dais up and run its main job on real input (EXIT=1: without a terminal, stop at the end)
	@scripts/prepare demo
	@python3 examples/digits/demo.py --dais $(DAIS) --report $(TARGET)/demo.json $(if $(EXIT),--exit)

test: web lint rust-test web-test e2e ## every check: lints, Rust, web, end to end on the built binary and in a browser

build: web ## the dais program, with its pages
	@scripts/prepare rust
	cargo build $(CARGO_FLAGS) --workspace

web: ## the portal's pages
	@scripts/prepare web
	@scripts/build-web

lint: web
	@scripts/prepare rust
	cargo fmt --all --check
	cargo clippy $(CARGO_FLAGS) --workspace --all-targets -- --deny warnings
	cargo build $(CARGO_FLAGS) --workspace
	$(TARGET)/ci/xtask tidy
	$(TARGET)/ci/xtask generate --check

rust-test: web
	@scripts/prepare rust test
	scripts/with-services cargo nextest run --cargo-profile ci --locked --workspace

web-test: web
	cd web && npm run --silent lint && npm run --silent typecheck && npm test --silent

e2e: build
	@scripts/prepare browser test
	scripts/with-platform $(DAIS) npm --prefix web run --silent e2e
	DAIS_E2E_PROMETHEUS=1 scripts/with-platform $(DAIS) npm --prefix web run --silent e2e -- e2e/engines.test.ts

bench: web ## figures beside peers (installs the peers; release build)
	@scripts/prepare rust
	cargo build --release --locked --workspace
	bench/run

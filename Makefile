# Guichet: `make run` to try it, `make test` before a change lands.
TAGS       := migrated_fynedo,nolibopusfile
STATIC     := CGO_ENABLED=0
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
SERVER_PACKAGES := ./platform/... ./sfu/... ./assets/...
DESKTOP_PACKAGES := ./app/... ./media/...
export LANG := en_US.UTF-8

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

.PHONY: run
run: ## install what is missing, build, start the server and the agent's window
	@.ci/install build
	@$(MAKE) --no-print-directory build
	@.ci/demo

.PHONY: build server desktop
build: server desktop ## build both programs into bin/
server:
	$(STATIC) go build -ldflags='-s -w' -o bin/guichet-server ./platform
desktop:
	go build -tags $(TAGS) -ldflags='-s -w' -o bin/guichet ./app

.PHONY: test
test: ## install what the tests need and run every test
	@.ci/install test
	@$(MAKE) --no-print-directory build lint test-js test-go test-fuzz test-e2e

.PHONY: lint
lint: node_modules ## gofmt, vet, staticcheck, tsc
	@test -z "$$(gofmt -l app platform media sfu assets/*.go)" || { gofmt -l app platform media sfu assets/*.go; echo "run gofmt -w on these"; exit 1; }
	go vet -tags $(TAGS) ./...
	go run $(STATICCHECK) -tags $(TAGS) ./...
	cd assets && npx --no-install tsc -p .

.PHONY: node_modules
node_modules:
	@cd assets && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --silent; }

.PHONY: test-js test-go test-fuzz test-e2e
test-js: node_modules ## the web pages' tests
	cd assets && node --test --test-concurrency=2 test/
test-go: node_modules ## every Go test but the windowed end-to-end run, with the race detector
	go test -race -tags $(TAGS) -timeout 20m $(SERVER_PACKAGES) $$(go list -tags $(TAGS) $(DESKTOP_PACKAGES) | grep -v /app/e2e)
test-fuzz: ## what strangers send to the token service, 20 s for each parser
	@for f in Redirect Basic Token Form; do echo "fuzz $$f"; go test -run '^$$' -fuzz "^Fuzz$$f\$$" -fuzztime 20s -fuzzminimizetime 1x ./platform/oauth || exit 1; done
test-e2e: ## the real server, window and browser in one call
	go test -count=1 -v -tags $(TAGS) -timeout 20m ./app/e2e/...

.PHONY: bench
bench: build ## print the figures as JSON lines
	@.ci/install bench
	@.ci/bench

.PHONY: soak
soak: build ## the long runs: fuzzing, and the calls over and over
	@.ci/install test
	@.ci/soak

.PHONY: clean
clean: ## remove what was built
	rm -rf bin build captures assets/node_modules

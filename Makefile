# make build         bin/hwmfa
# make audit-build   bin/hwmfa-audit: static, without C and without keys, for servers
# make demo          set up, build, and run the whole program without hardware or AWS
# make test          set up and run every test
# make lint          vet, gofmt, staticcheck, and golangci-lint where it is installed
# make package       bin/hwmfa_VERSION_ARCHITECTURE.deb
# make package-test  install it in a clean Debian, run and remove it; as root
# make bench         measure hwmfa beside other tools in the virtual machine
# make vectors       verify real hardware's evidence, where the vectors are
# make fuzz          fuzz every parser for FUZZTIME (default 1m) each

SHELL       := /bin/bash
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 1m

export CGO_ENABLED ?= 1

.PHONY: build audit-build package package-test demo test lint bench vectors fuzz deps testdeps

build: deps
	go build -trimpath -o bin/hwmfa ./cmd/hwmfa

audit-build:
	CGO_ENABLED=0 go build -trimpath -o bin/hwmfa-audit ./cmd/hwmfa

package: deps
	@scripts/packaging/build

package-test: deps
	@scripts/install-packages package
	@scripts/packaging/test

demo: build
	bin/hwmfa demo

test: testdeps
	@scripts/test

lint: deps
	go vet ./...
	@test -z "$$(gofmt -l cmd hw iamcheck internal inventory udev)" || { gofmt -d cmd hw iamcheck internal inventory udev; exit 1; }
	go run $(STATICCHECK) ./...
	@if command -v golangci-lint >/dev/null; then golangci-lint run; else echo "golangci-lint is not installed: its own checks did not run"; fi

bench: testdeps
	HWMFA_BENCH=1 go test -count=1 -timeout 20m -v -run '^$$' -bench . ./internal/bench/...
	go test -count=1 -timeout 20m -run '^$$' -bench Stocktake -benchtime 1x ./cmd/hwmfa
	go test -count=1 -timeout 20m -run '^$$' -bench Scale -benchtime 3x ./inventory/store
	go test -count=1 -timeout 20m -v -run '^$$' -bench 'Audit$$' -benchtime 1x ./cmd/hwmfa
	go test -count=1 -timeout 20m -run '^$$' -bench AuditFromEvidence -benchtime 3x ./cmd/hwmfa

vectors: deps
	go test -count=1 -v -run Vectors ./hw/attest

fuzz: deps
	scripts/fuzz $(FUZZTIME)

deps:
	@scripts/install-packages build

testdeps:
	@scripts/install-packages test

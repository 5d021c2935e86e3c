# A thin front for tools/bootstrap, CMake and CTest; all knowledge is there.
#
#   make          builds build/halftone and the libraries (needs what `make setup` installs)
#   make setup    installs missing packages, after saying how many and how large
#   make demo     sets up, builds, quantizes a network in many ways and shows what each cost
#   make check    builds and runs the tests of the release build, for daily work
#   make test     sets up and runs all tests: release, sanitizers, installed tree, README
#   make docs     renews the pages that are made from the code
#   make speed    renews docs/speed-of-quantization.md
#   make install  PREFIX=/usr/local DESTDIR=
#   make clean    removes the build folders
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)

.PHONY: all setup demo check test docs speed install clean

all:
	@for tool in cmake ninja protoc flatc pkg-config; do command -v $$tool >/dev/null || \
	    { echo "$$tool is missing; 'make setup' installs what is needed."; exit 1; }; done
	cmake --preset release
	cmake --build --preset release -j $(JOBS)

setup:
	tools/bootstrap build

demo: setup
	cmake --preset release
	cmake --build --preset release --target halftone_cli -j $(JOBS)
	tools/demo

check: all
	ctest --preset release -j $(JOBS)

test:
	tools/run-tests

docs: all
	build/halftone help --markdown > docs/verbs.md
	tools/make-api-page > docs/api.md

# Measures for half a minute; not part of docs, since every machine gives another page.
speed: all
	cmake --build build --target bench_quant
	build/bench_quant > docs/speed-of-quantization.md

install: all
	DESTDIR="$(DESTDIR)" cmake --install build --prefix "$(PREFIX)"

clean:
	rm -rf build build-asan build-tsan build-debug build-scalar

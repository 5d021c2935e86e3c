#!/bin/sh
# make demo's study: every cell done, a verdict, a report.
set -eu
fail() { echo "FAIL: $1" >&2; exit 1; }
OUT=out/test-demo
export OUT
rm -rf "$OUT"
tools/demo >"$BUILD/demo.txt"
grep -q '^cells *51 of 51 done$' "$BUILD/demo.txt" || fail "cells are missing"
grep -q 'smallest lossless' "$BUILD/demo.txt" || fail "no verdict"
grep -q "^report: $OUT/report.html$" "$BUILD/demo.txt" || fail "does not say where the report is"
[ -s "$OUT/report.html" ] || fail "no report"
rm -rf "$OUT"
echo "demo: ok"

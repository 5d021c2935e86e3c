#!/bin/sh
# halftone data list, info and preview: text, JSON, exit codes, and EMNIST's layout from small files.
set -eu
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 77; }
fail() { echo "FAIL: $1" >&2; cat "$work/err" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset HALFTONE_DATA
export XDG_CACHE_HOME="$work/cache"
# runs CODE ARGUMENTS...
runs() {
    expected=$1
    shift
    code=0
    "$HALFTONE" data "$@" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" -eq "$expected" ] || fail "'data $*' exits with $code, not $expected"
}
says() { grep -q -e "$2" "$work/$1" || { cat "$work/out"; fail "no \"$2\" in $1"; }; }

runs 0 list
says out 'telescope'
runs 0 list --json
python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); assert len(d["datasets"]) >= 16, d' "$work/out" || fail "list --json"

printf 'a,b,y\n1,red,u\n2,,v\n3,blue,u\n4,red,v\n5,red,u\n' >"$work/t.csv"
runs 0 info "csv:$work/t.csv,target=y"
says out 'blue, red'
runs 0 info "csv:$work/t.csv,target=y" --json
python3 - "$work/out" <<'PYTHON' || fail "info --json"
import json, sys
report = json.load(open(sys.argv[1]))
assert report["format"] == "halftone-data" and report["samples"] == 5
columns = {column["name"]: column for column in report["columns"]}
assert columns["a"]["minimum"] == 1 and columns["a"]["maximum"] == 5 and columns["a"]["mean"] == 3
assert columns["b"]["missing"] == 1 and columns["b"]["distinct"] == 2
assert sum(sum(split["class_counts"]) for split in report["splits"].values()) == 5
PYTHON

# A 2x3 letter, stored transposed with labels from 1, as EMNIST does.
mkdir -p "$work/data/emnist"
python3 - "$work/data/emnist" <<'PYTHON'
import gzip, struct, sys
base = sys.argv[1] + "/emnist-letters-test-"
gzip.open(base + "images-idx3-ubyte.gz", "wb").write(struct.pack(">4B3I", 0, 0, 8, 3, 2, 3, 2) + bytes(range(12)))
gzip.open(base + "labels-idx1-ubyte.gz", "wb").write(struct.pack(">4BI", 0, 0, 8, 1, 2) + bytes([1, 26]))
PYTHON
runs 0 info emnist-letters:test --data-dir "$work/data"
says out '1 x 2 x 3'
runs 0 preview emnist-letters:test --data-dir "$work/data" -o "$work/sheet.png"
python3 -c 'import sys; d = open(sys.argv[1], "rb").read(); assert d[:8] == b"\x89PNG\r\n\x1a\n" and d[-8:-4] == b"IEND"' "$work/sheet.png" || fail "no PNG"
runs 1 preview emnist-letters:test --data-dir "$work/data" -o "$work/sheet.png"
says err 'exists already'
runs 0 preview emnist-letters:test --data-dir "$work/data" -o "$work/sheet.png" --force
runs 1 info emnist-digits:test
says err 'halftone data fetch emnist-digits'
runs 1 info telescope:test
says err 'magic04.data'
runs 2 info telescope:tests
says err 'no split'
echo "verbs: ok"

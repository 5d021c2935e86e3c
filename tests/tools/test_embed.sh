#!/bin/sh
# What tools/embed compiles in is what the file holds, byte for byte.
set -eu
fail() { echo "FAIL: $1" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
awk 'BEGIN {for (i = 0; i < 256; ++i) printf "\\%03o", i}' >"$work/escapes"
printf "$(cat "$work/escapes")" >"$work/all.bin"

"$BUILD/embed" bytes blob "$work/all.bin" "$work/blob.c"
printf '#include <stdio.h>\nextern const char blob[];\nextern const size_t blob_size;\n' >"$work/main.c"
echo 'int main(void) { return fwrite(blob, 1, blob_size, stdout) != blob_size || blob[blob_size] != 0; }' >>"$work/main.c"
${CC:-cc} -Wall -Wextra -Wpedantic -Werror "$work/main.c" "$work/blob.c" -o "$work/print"
"$work/print" >"$work/out" || fail "the array is short or has no NUL behind it"
cmp "$work/out" "$work/all.bin" || fail "bytes changed"

printf 'b: 1\n' >"$work/b.yaml"
printf 'a: 1\n' >"$work/a.yaml"
"$BUILD/embed" table files "$work/table.c" "$work/b.yaml" "$work/a.yaml"
grep -n '{"[ab]", text_' "$work/table.c" | cut -d'"' -f2 | tr -d '\n' | grep -q '^ab$' || fail "the table is not sorted"
if "$BUILD/embed" bytes blob "$work/absent" "$work/x.c" 2>/dev/null; then fail "a missing file goes unnoticed"; fi
echo "embed: ok"

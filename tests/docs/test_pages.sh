#!/bin/sh
# The pages that are made from the code are current, and links in Markdown lead somewhere. `make docs` renews the pages.
set -eu
fail() { echo "FAIL: $1" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$HALFTONE" help --markdown >"$work/verbs.md"
diff -u docs/verbs.md "$work/verbs.md" || fail "docs/verbs.md is out of date: run 'make docs'"
tools/make-api-page >"$work/api.md"
diff -u docs/api.md "$work/api.md" || fail "docs/api.md is out of date: run 'make docs'"

for page in *.md docs/*.md; do
    for target in $(grep -o '](\([^)#]*\)' "$page" | sed 's/^](//' | grep -v '^https\?:' || true); do
        [ -e "$(dirname "$page")/$target" ] || fail "$page links to $target, which does not exist"
    done
done
for name in $(sed -n 's/^ *X(\(ERROR_[A-Z_]*\|OK\),.*/\1/p' include/halftone/status.h); do
    grep -q "HT_$name" docs/errors.md || fail "docs/errors.md does not mention HT_$name"
done
echo "pages: ok"

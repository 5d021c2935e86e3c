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

# The description in docs/preprocessing.md describes a data set.
awk '/^```yaml$/ && !done {inside = 1; next} /^```$/ {if (inside) done = 1; inside = 0} inside' docs/preprocessing.md \
    >"$work/wine.yaml"
awk 'BEGIN {print "id,acid,colour,quality"; split("poor fair good", grades)
            for (i = 0; i < 60; ++i) print i "," i / 60 "," (i % 2 ? "red" : "white") "," grades[i % 3 + 1]}' >"$work/wine.csv"
(cd "$work" && "$HALFTONE" data info wine.yaml) >"$work/out" || fail "the description in docs/preprocessing.md"
grep -q 'a network sees 3 features' "$work/out" || fail "docs/preprocessing.md: unexpected features"
echo "pages: ok"

#!/bin/sh
# tools/check-deps finds each kind of forbidden include, and nothing in a tree that is in order.
set -eu
fail() { echo "FAIL: $1" >&2; exit 1; }
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/tools" "$tree/src/base" "$tree/src/graph/part" "$tree/cli" "$tree/include/halftone"
cp tools/check-deps "$tree/tools"
cd "$tree"
echo "# nothing" >src/base/DEPS
echo "base" >src/graph/DEPS
echo >include/halftone/model.h

printf '#include <stdio.h>\n#include "base/b.h"\n#include "halftone/model.h"\n#include "part/p.h"\n' >src/graph/part/g.c
echo '#include "halftone/model.h"' >cli/main.c
tools/check-deps || fail "complains about a tree in order"

# forbids FILE LINE: with that line in that file the check fails and names the file
forbids() {
    cp "$1" saved 2>/dev/null || : >saved
    echo "$2" >>"$1"
    if tools/check-deps >out; then fail "accepts '$2' in $1"; fi
    grep -q "^$1:" out || fail "does not name $1"
    cp saved "$1"
}
forbids src/base/a.c '#include "graph/g.h"'
forbids src/base/a.h '  #  include "graph/g.h"'
forbids cli/main.c '#include "base/b.h"'
forbids src/graph/part/g.c '#include "halftone/absent.h"'
mkdir src/stray
if tools/check-deps >out; then fail "accepts a folder without DEPS"; fi
echo "check-deps: ok"

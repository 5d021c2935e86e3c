#!/bin/sh
# data fetch against a web server on loopback: whole, cut, resumed, redirected, wrong and hostile downloads.
set -eu
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 77; }
"$HALFTONE" help data fetch >/dev/null 2>&1 || { echo "skipped: no data fetch in this build"; exit 77; }
fail() { echo "FAIL: $1" >&2; cat "$work/err" >&2; exit 1; }
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
unset HALFTONE_DATA
export XDG_CACHE_HOME="$work/cache"
mkdir "$work/www"

# 300 rows; big enough for a cut halfway to leave something.
python3 - "$work/www" <<'PYTHON'
import io, sys, tarfile, zipfile
folder = sys.argv[1]
rows = b"x,y,label\n" + b"".join(b"%d,%d,%s\n" % (i, i * i % 97, b"ab"[i % 2:i % 2 + 1]) for i in range(300))
open(folder + "/table.csv", "wb").write(rows)
def tar(name, entries):
    with tarfile.open(folder + "/" + name, "w:gz") as out:
        for path, data, kind in entries:
            info = tarfile.TarInfo(path)
            info.type, info.size = kind, len(data) if kind == tarfile.REGTYPE else 0
            info.linkname = "/etc/passwd" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            out.addfile(info, io.BytesIO(data))
tar("good.tar.gz", [("inside", b"", tarfile.DIRTYPE), ("inside/table.csv", rows, tarfile.REGTYPE)])
tar("climb.tar.gz", [("a/../../escaped", b"x", tarfile.REGTYPE)])
tar("absolute.tar.gz", [("/tmp/halftone-escaped", b"x", tarfile.REGTYPE)])
tar("link.tar.gz", [("inside", b"", tarfile.SYMTYPE), ("inside/table.csv", b"x", tarfile.REGTYPE)])
tar("hard.tar.gz", [("inside", b"", tarfile.LNKTYPE)])
with zipfile.ZipFile(folder + "/good.zip", "w") as out:
    out.writestr("inside/table.csv", rows)
open(folder + "/broken.tar.gz", "wb").write(open(folder + "/good.tar.gz", "rb").read()[:-40])
PYTHON
python3 "$(dirname "$0")/server.py" "$work/www" "$work/port" "$work/log" &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -f "$work/port" ] && break; sleep 0.25; done
[ -f "$work/port" ] || fail "the server did not start"
url=http://127.0.0.1:$(cat "$work/port")

sum() { sha256sum "$work/www/$1" | cut -d' ' -f1; }
# describe FILE-ON-SERVER URL-PATH SHA256 TO [UNPACK]
describe() {
    cat >"$work/set.yaml" <<YAML
name: sample
reader: csv
options: {target: label}
parts: {all: {table: [$( [ $# -gt 4 ] && echo "$5/inside/table.csv" || echo "$4")]}}
fetch:
  - url: $url/$2
    sha256: $3
    to: $4
$( [ $# -gt 4 ] && echo "    unpack: $5")
YAML
}
# fetches CODE: runs it into $work/data
fetches() {
    code=0
    "$HALFTONE" data fetch --data-dir "$work/data" "$work/set.yaml" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" -eq "$1" ] || fail "fetch exits with $code, not $1"
}
says() { grep -q -e "$1" "$work/err" || fail "no \"$1\" in the message"; }
fresh() { rm -rf "$work/data"; : >"$work/log"; }

fresh; describe table.csv good/table.csv "$(sum table.csv)" t/table.csv; fetches 0
cmp "$work/www/table.csv" "$work/data/t/table.csv" || fail "the file differs"
"$HALFTONE" data info --data-dir "$work/data" "$work/set.yaml" >"$work/out" 2>"$work/err" || fail "info fails"
: >"$work/log"; fetches 0
[ ! -s "$work/log" ] || fail "what is there is fetched again"

fresh; describe table.csv cut/table.csv "$(sum table.csv)" table.csv; fetches 0
cmp "$work/www/table.csv" "$work/data/table.csv" || fail "the resumed file differs"
[ "$(grep -c 'bytes=' "$work/log")" -eq 2 ] || fail "the broken download was not resumed twice"

fresh; describe table.csv whole/table.csv "$(sum table.csv)" table.csv; fetches 0
cmp "$work/www/table.csv" "$work/data/table.csv" || fail "a server without ranges: the file differs"

fresh; describe table.csv moved/table.csv "$(sum table.csv)" table.csv; fetches 0

# A part of another file: the checksum shows it, and the download starts again by itself.
fresh; describe table.csv good/table.csv "$(sum table.csv)" table.csv
mkdir "$work/data"; echo "another file" >"$work/data/table.csv.part"; fetches 0
cmp "$work/www/table.csv" "$work/data/table.csv" || fail "a wrong part was kept"

# A part that is complete already is only checked and renamed.
fresh; mkdir "$work/data"; cp "$work/www/table.csv" "$work/data/table.csv.part"; fetches 0
[ ! -s "$work/log" ] || fail "a complete part is fetched again"

fresh; describe table.csv good/table.csv "$(sum good.zip)" table.csv; fetches 1; says 'not the expected one'
[ -z "$(ls "$work/data")" ] || fail "a wrong file was left behind"

fresh; describe table.csv good/absent.csv "$(sum table.csv)" table.csv; fetches 5; says '404'
fresh; describe table.csv good/table.csv "$(sum table.csv)" ../table.csv; fetches 1; says 'must stay inside'

for archive in good.tar.gz good.zip; do
    fresh; describe $archive good/$archive "$(sum $archive)" $archive un; fetches 0
    cmp "$work/www/table.csv" "$work/data/un/inside/table.csv" || fail "the unpacked file differs"
    [ ! -e "$work/data/$archive" ] || fail "the archive stays"
done
for archive in climb absolute link hard; do
    fresh; describe $archive.tar.gz good/$archive.tar.gz "$(sum $archive.tar.gz)" a.tar.gz un; fetches 1
    [ ! -e "$work/data/escaped" ] && [ ! -e "$work/escaped" ] && [ ! -e /tmp/halftone-escaped ] || fail "$archive escaped"
done
fresh; describe broken.tar.gz good/broken.tar.gz "$(sum broken.tar.gz)" a.tar.gz un; fetches 1; says 'damaged'

kill $server; wait $server 2>/dev/null || true; server=
fresh; describe table.csv good/table.csv "$(sum table.csv)" table.csv
fetches 5
echo "fetch: all good"

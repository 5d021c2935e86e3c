# What the tests of the command line share; they read it with `. tests/cli/support.sh`. $work is a folder of their own.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "FAIL: $1" >&2; exit 1; }

# exits CODE COMMAND...: runs it, keeps what it printed in $work/out and $work/err
exits() {
    expected=$1
    shift
    code=0
    "$@" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" -eq "$expected" ] || { cat "$work/err"; fail "'$*' exits with $code, not $expected"; }
}
# says out|err PATTERN: it printed that; silent: it did not
says() { grep -q -e "$2" "$work/$1" || { cat "$work/$1"; fail "no \"$2\" in $1"; }; }
silent() { ! grep -q -e "$2" "$work/$1" || { cat "$work/$1"; fail "\"$2\" in $1"; }; }

# npy_header TYPE SHAPE: what stands before an array's elements; SHAPE as Python writes a tuple, without the brackets
npy_header() {
    printf '\223NUMPY\001\000v\000%-117s\n' "{'descr': '$1', 'fortran_order': False, 'shape': ($2), }"
}

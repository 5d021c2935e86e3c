#!/bin/sh
# The frame of the command line: help of every verb, suggestions, exit codes, JSON, completion, man pages.
. tests/cli/support.sh

exits 0 "$HALFTONE"
says out 'help VERB'
verbs=$(sed -n 's/^  \([a-z]*\) .*/\1/p' "$work/out")
[ -n "$verbs" ] || fail "no verbs"

# explains WORDS...: help has two examples, each beginning with the verb, and the man page is without complaint
explains() {
    exits 0 "$HALFTONE" help "$@"
    [ "$(grep -c "^  halftone " "$work/out")" -ge 3 ] || fail "help $* has no two examples and usage"
    cp "$work/out" "$work/help"
    exits 0 "$HALFTONE" "$@" --help
    cmp -s "$work/out" "$work/help" || fail "'$* --help' differs from 'help $*'"
    exits 0 "$HALFTONE" help --man "$@"
    if command -v mandoc >/dev/null; then mandoc -T lint -W error "$work/out"; fi
}
for verb in $verbs; do
    explains "$verb"
    for action in $(sed -n "s/^  $verb \([a-z]*\)  .*/\1/p" "$work/help"); do
        explains "$verb" "$action"
    done
done

exits 2 "$HALFTONE" versoin
says err 'Did you mean version'
exits 2 "$HALFTONE" version --jsn
says err 'Did you mean --json'
exits 2 "$HALFTONE" version surplus
says err 'one argument too many'
exits 2 "$HALFTONE" help --completion
says err 'needs a value'
exits 2 "$HALFTONE" help --completion bahs
says err 'Did you mean bash'
exits 2 "$HALFTONE" help --man=yes
says err 'takes no value'
exits 0 "$HALFTONE" --version
exits 0 "$HALFTONE" --help
exits 0 "$HALFTONE" version --json
says out '"format": "halftone-version"'
# A result that cannot be written is a failure of the disk.
code=0
"$HALFTONE" version >/dev/full 2>"$work/err" || code=$?
[ "$code" -eq 5 ] || fail "a full disk exits with $code"

# Nothing here is a terminal, so no colours and no progress.
exits 0 env NO_COLOR= "$HALFTONE" help version
! grep -q "$(printf '\033')" "$work/out" || fail "colours in a file"

exits 0 "$HALFTONE" help --completion bash
cat >"$work/complete.sh" <<'END'
. "$1"
complete_at() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _halftone; echo "${COMPREPLY[*]}"; }
[ "$(complete_at halftone vers)" = version ] || exit 1
[ "$(complete_at halftone version --js)" = --json ] || exit 2
[ "$(complete_at halftone help --completion "")" = bash ] || exit 3
END
bash "$work/complete.sh" "$work/out" || fail "completion, case $?"
echo "framework: ok"

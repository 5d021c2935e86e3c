#!/bin/sh
# Installs into a folder of its own and uses what lies there as a stranger would: examples through pkg-config and through
# the CMake package, each public header alone in C and C++, exported symbols, man pages, completion.
set -eu
fail() { echo "FAIL: $1" >&2; exit 1; }
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
CC=${CC:-cc}

DESTDIR=$stage cmake --install "$BUILD" --prefix /usr >"$stage/log" || { cat "$stage/log"; fail "install"; }
root=$stage/usr
libraries=$(dirname "$(find "$root" -name 'libhalftone.so')")
export PKG_CONFIG_PATH="$libraries/pkgconfig" LD_LIBRARY_PATH="$libraries"

"$root/bin/halftone" version | grep -q '^halftone [0-9]' || fail "the installed program does not start"

for header in "$root"/include/halftone/*.h; do
    name=halftone/$(basename "$header")
    for language in c c++; do
        echo "#include <$name>" | $CC -x $language -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$root/include" - ||
            fail "$name does not compile alone as $language"
    done
done

for example in examples/*.c; do
    # shellcheck disable=SC2046  # the flags are words
    $CC -std=c17 -Wall -Wextra -Wpedantic -Werror "$example" $(pkg-config --cflags --libs halftone) \
        -o "$stage/$(basename "$example" .c)" || fail "$example does not build against the installed tree"
done
"$stage/context" | grep -q 'Halftone' || fail "examples/context.c does not run"

for library in halftone halftone_rt; do
    foreign=$(nm -D --defined-only "$libraries/lib$library.so" | awk '$3 !~ /^ht_[a-z0-9]/ {print $3}')
    [ -z "$foreign" ] || fail "lib$library.so exports $foreign"
    readelf -d "$libraries/lib$library.so" | grep -q "SONAME.*lib$library.so.0" || fail "lib$library.so has no soname"
done
needed=$(readelf -d "$libraries/libhalftone_rt.so" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' |
    grep -v -E '^(libc|libm|libpthread|ld-linux.*)\.so' || true)
[ -z "$needed" ] || fail "libhalftone_rt.so needs $needed"

mkdir "$stage/user"
cat >"$stage/user/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(user LANGUAGES C)
find_package(halftone 0.1 REQUIRED)
add_executable(user ${EXAMPLE})
target_link_libraries(user PRIVATE halftone::halftone)
END
cmake -S "$stage/user" -B "$stage/user/build" -DEXAMPLE="$PWD/examples/context.c" \
    -DCMAKE_PREFIX_PATH="$root" >"$stage/log" 2>&1 && cmake --build "$stage/user/build" >>"$stage/log" 2>&1 ||
    { cat "$stage/log"; fail "the CMake package"; }
"$stage/user/build/user" >/dev/null || fail "the program built with the CMake package"

for verb in $("$HALFTONE" help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
    [ -s "$root/share/man/man1/halftone-$verb.1" ] || fail "no man page for $verb"
done
bash -n "$root/share/bash-completion/completions/halftone" || fail "completion script"
echo "install: ok"

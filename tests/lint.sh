#!/bin/sh
# lint.sh BUILD CFLAGS PACKAGES: format, warnings of both compilers, cppcheck,
# the order of modules, and the man page against the option tables.
set -u
cd "$(dirname "$0")/.." || exit 2
build=$1 cflags="$2 -DIMP_VERSION=\"lint\"" packages=$3
bad=0
fail() {
    echo "lint: $*"
    bad=1
}
sources=$(git ls-files -co --exclude-standard '*.c')
headers=$(git ls-files -co --exclude-standard '*.h')

echo "lint: clang-format"
# shellcheck disable=SC2086 # lists of names without blanks
clang-format --dry-run -Werror $sources $headers || fail "run make format"

# shellcheck disable=SC2046,SC2086
set -- $cflags $(pkg-config --cflags $packages) -Itests -Werror -fsyntax-only
each() { # each COMMAND...: with every name of stdin, on all processors
    xargs -P "$(nproc)" -n 1 "$@"
}
for cc in gcc clang; do
    echo "lint: warnings of $cc"
    echo "$sources" | each $cc "$@" || fail "warnings of $cc"
done

echo "lint: headers stand alone"
echo "$headers" | each gcc "$@" -x c || fail "a header that does not"

echo "lint: cppcheck"
cppcheck --quiet -j "$(nproc)" --std=c11 -D__GNUC__=12 --error-exitcode=1 \
    --inline-suppr --enable=warning,portability,performance \
    --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches \
    -Ilib lib cli || fail "cppcheck"

echo "lint: modules"
tests/lint-modules.sh || fail "a module includes what it may not"

echo "lint: man page"
tests/lint-man.sh "$build/bin/imgpipe" || fail "man page"

if [ $bad -eq 0 ]; then echo "lint: clean"; fi
exit $bad

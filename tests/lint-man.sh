#!/bin/sh
# lint-man.sh BIN: every option of every verb stands in the man page, and every
# option that the man page names exists; and man finds nothing to complain of.
set -u
bin=$1 bad=0
options() { grep -oE -- '--[a-z][a-z0-9-]+' | sort -u; }
verbs=$("$bin" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\)  .*/\1/p' |
    grep -v '^help$')
have=$( (
    "$bin" --help
    for v in $verbs; do "$bin" help "$v" | sed -n '/Options:/,/^$/p'; done
) | options)
man=$(sed 's/\\-/-/g' man/imgpipe.1 | grep -E '^\.(TP|B|BR|IP)|^\\fB' | options)
[ -n "$have" ] && [ -n "$man" ] || {
    echo "no options found"
    exit 1
}
for v in $verbs; do
    twice=$("$bin" help "$v" | sed -n '/Options:/,/^$/s/^  \(-., \)\{0,1\}\(--[a-z0-9-]*\).*/\2/p' |
        sort | uniq -d)
    [ -z "$twice" ] || {
        echo "help $v: $twice stands there twice"
        bad=1
    }
done
for o in $have; do
    printf '%s\n' "$man" | grep -qx -- "$o" || {
        echo "man/imgpipe.1: $o is missing"
        bad=1
    }
done
for o in $man; do
    printf '%s\n' "$have" | grep -qx -- "$o" || {
        echo "man/imgpipe.1: $o does not exist"
        bad=1
    }
done
for page in man/*; do
    warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings \
        -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
    [ -z "$warnings" ] || {
        echo "$page: $warnings"
        bad=1
    }
done
exit $bad

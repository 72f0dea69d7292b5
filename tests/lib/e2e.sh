# e2e.sh - sourced by the scripts in tests/e2e: a work directory that goes when
# the script ends, and words for what they check.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
XDG_STATE_HOME=$work/xdg
export XDG_STATE_HOME

fail() {
    echo "$*"
    exit 1
}

skip() {
    echo "skipped: $*"
    exit 77
}

# need_pydicom: $python has it. Debian's module is there for Debian's Python
# alone.
need_pydicom() {
    for python in python3 /usr/bin/python3 ""; do
        [ -n "$python" ] || skip "no pydicom (make deps)"
        "$python" -c 'import pydicom' 2>/dev/null && break
    done
}

# judged COMMAND...: an independent judge of what the program put out. It takes
# most of a test's time, and with AddressSanitizer the same is put out: then it
# is the program that is tested, and nothing is judged.
judged() {
    case $build in
    *asan*) echo "not judged: the release build is" ;;
    *) "$@" ;;
    esac
}

need_corpus() {
    [ -n "$IMP_CORPUS" ] || skip "no corpus"
}

need_tools() {
    [ -n "$IMP_TOOLS" ] || skip "no corpus tools"
}

# expect_exit WANT COMMAND...: run it, its output into $work/out and $work/err.
expect_exit() {
    want=$1
    shift
    "$@" >"$work/out" 2>"$work/err"
    got=$?
    [ $got -eq "$want" ] || {
        tail -n 20 "$work/err"
        fail "exit $got, want $want: $*"
    }
}

# field NAME: a number of the JSON summary in $work/out.
field() {
    python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' \
        "$work/out" "$1"
}

# The outcomes in $work/out add up to what was scanned.
expect_sum() {
    python3 - "$work/out" <<'PY' || fail "outcomes do not add up"
import json, sys
s = json.load(open(sys.argv[1]))
names = "archived duplicate skipped quarantined failed cancelled".split()
assert s["scanned"] == sum(s[n] for n in names), s
PY
}

# same_archive A B: the same files with the same bytes, and nothing else.
same_archive() {
    diff -r "$1" "$2" >"$work/diff" || {
        head -n 20 "$work/diff"
        fail "archives $1 and $2 differ"
    }
}

valid_bag() {
    python3 tests/bagit-validate.py "$1" >"$work/bagit" || {
        cat "$work/bagit"
        fail "$1 is no valid bag"
    }
}

no_temporaries() {
    left=$(find "$1" -path '*/.*' -print -quit)
    [ -z "$left" ] || fail "left behind: $left"
}

# pairs STATE: "source<TAB>object" for every image that was archived.
pairs() {
    sqlite3 -readonly -separator "$(printf '\t')" "$1/ledger.db" \
        'SELECT i.path, o.name FROM inputs i JOIN objects o ON o.id = i.object'
}

# The judge finds nothing in these files. It knows the boxes of a file's first
# track, "Track1", and no second one, which the alpha of an image sequence is:
# the same boxes are let pass there, dates only if they are zero.
judged_clean() { # judged_clean DIRECTORY [OPTION...]
    "$IMP_TOOLS/leak-judge" "$@" >"$work/judge" && return
    sed '$d' "$work/judge" | grep -vE \
        -e ": tag Track2:(TrackHeaderVersion|TrackID|TrackDuration|TrackLayer|TrackVolume|MatrixStructure|ImageWidth|ImageHeight|MediaHeaderVersion|MediaTimeScale|MediaDuration|HandlerType|GraphicsMode|OpColor|OtherFormat|TimeToSampleTable|SyncSampleTable|SampleToChunk|SampleSizes|ChunkOffset|Unknown_(auxi|auxl|av1C|hvcC|ccst|edts)) = " \
        -e ": tag Track2:MediaLanguageCode = 'und'" \
        -e ": tag Track2:(Track|Media)(Create|Modify)Date = '0000:00:00 00:00:00'" \
        >"$work/findings" || return 0
    fail "leak-judge: $(tail -n 5 "$work/findings")"
}

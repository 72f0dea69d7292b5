# Whoever has the archive and what imgpipe prints on standard output has no
# subject's key, no file name and no path of an input: not one byte of them is
# there, as ASCII, UTF-8 or UTF-16, plain or compressed. They are in the state
# directory, and nowhere else.
. tests/lib/env.sh
. tests/lib/e2e.sh
need_corpus
need_tools
# No component of a path is without this word, and nobody else has it. Images say
# it, too: as their artist and, in UTF-16, in a comment.
word=Qzvxkjwp
in=$work/in-$word
mkdir -p "$in"
find "$SAMPLES/uploads" "$IMP_CORPUS/jpeg" "$IMP_CORPUS/png" \
    "$IMP_CORPUS/webp" "$IMP_CORPUS/gif" "$IMP_CORPUS/tiff" \
    "$IMP_CORPUS/heic" -type f ! -name '.*' | sort >"$work/files"
python3 - "$in" "$word" "$work/files" <<'PY'
import os, shutil, sys
top, word, files = sys.argv[1:]
for n, path in enumerate(open(files).read().splitlines()):
    place = f"{top}/site-{word}-{n % 3}/ward-{word}-{n % 7}"
    os.makedirs(place, exist_ok=True)
    shutil.copyfile(path, f"{place}/person-{word}-{n % 20}_scan-{word}-{n}{os.path.splitext(path)[1]}")
PY
n=$(wc -l <"$work/files")
# Every tenth, of all kinds; what exiftool cannot write stays as it is.
find "$in" -name "*_scan-$word-*7.*" >"$work/tenth"
exiftool -m -q -q -overwrite_original -Artist="person-$word-7" \
    -XPComment="person-$word-7" -@ "$work/tenth" >/dev/null 2>&1
planted=$(grep -rla "person-$word-7" "$in" | wc -l)
[ "$planted" -gt 20 ] || fail "planted in $planted files only"
"$IMGPIPE" keygen "$work/key" || fail "no key"
{
    echo subject,code,site
    for i in $(seq 0 17); do echo "person-$word-$i,C-$i,North"; done
} >"$work/subjects.csv"

# found FILE...: it is in them in one of its forms.
found() {
    python3 - "$word" "$@" <<'PY'
import os, re, sys
word, paths = sys.argv[1], sys.argv[2:]
forms = re.compile(b"|".join(re.escape(word.encode(code)) for code in ("ascii", "utf-16-le", "utf-16-be")), re.I)
bad = 0
for top in paths:
    files = [top] if os.path.isfile(top) else [os.path.join(d, f) for d, ds, fs in os.walk(top) for f in fs + ds]
    for path in files:
        told = os.path.relpath(path, top) if path != top else ""
        text = open(path, "rb").read() if os.path.isfile(path) else b""
        m = forms.search(told.encode()) or forms.search(text)
        if m:
            bad += 1
            print(f"{path}: at {m.start()}: {text[max(0, m.start() - 40):m.end() + 40]!r}")
sys.exit(not bad)
PY
}
found "$in" >"$work/found" || fail "the judge is blind"
archived=0
# go NAME WANT ARCHIVE [OPTION...]: a run and what else reads its archive
go() {
    name=$1 exit=$2 spec=$3
    shift 3
    state=$work/$name/s said=$work/$name/said
    mkdir -p "$said"
    expect_exit "$exit" "$IMGPIPE" run "$in" --archive "$spec" --state "$state" \
        --settle 0 --json "$@"
    expect_sum
    archived=$((archived + $(field archived)))
    [ "$(field archived)" -gt "$least" ] || fail "$name: $(cat "$work/out")"
    grep -q "$word" "$state/ledger.db" || fail "$name: not in the ledger"
    cp "$work/out" "$said/run"
    "$IMGPIPE" run "$in" --archive "$spec" --state "$state" --settle 0 --json \
        --retry-quarantined --verbose "$@" >"$said/again" 2>"$work/err"
    for json in "" --json; do
        # shellcheck disable=SC2086 # an empty option is none
        {
            "$IMGPIPE" verify "$spec" --state "$state" $json >"$said/verify$json"
            "$IMGPIPE" audit verify --state "$state" $json >"$said/audit$json"
            "$IMGPIPE" extract "$spec" --list $json >"$said/list$json"
            "$IMGPIPE" extract "$spec" --all $json \
                --into "$work/$name/x$json" >"$said/extract$json"
        } 2>"$work/err" || fail "$name: $(cat "$work/err")"
    done
    cp "$state/audit.log" "$said/audit-log"
    ! found "$said" "$work/$name/x" "$work/$name/a" || fail "$name: it is told"
    judged_clean "$work/$name/x" --canary "$word"
}
least=300
go by-name 1 "$work/by-name/a" --key-file "$work/key" \
    --subject-from "name:(person-$word-[0-9]+)_"
valid_bag "$work/by-name/a"
go by-dir 1 "tar.gz:$work/by-dir/a" --key-file "$work/key" \
    --subject-from dir:2
least=100
# A table: the trial's own codes, and two subjects that it does not know.
go by-table 1 "$work/by-table/a" --subjects "csv:$work/subjects.csv" \
    --subject-from "name:(person-$word-[0-9]+)_" \
    --name '{subject}/{site}-{digest:8}.{ext}' --mark-text '{subject} {site}' \
    --mark-unsupported skip --max-pixels 500000
valid_bag "$work/by-table/a"
of_ledger() {
    sqlite3 -readonly "$work/by-table/s/ledger.db" "$1"
}
[ "$(of_ledger "SELECT count(*) FROM inputs WHERE reason LIKE '%unknown subject'")" \
    -ge 20 ] || fail "no subject was unknown"
for name in by-name by-dir by-table; do
    [ -z "$(sqlite3 -readonly "$work/$name/s/ledger.db" \
        "SELECT reason FROM inputs WHERE reason LIKE '%$word%'")" ] ||
        fail "$name: a reason tells it"
done

# A table that gives a subject's key away is not believed.
printf 'subject,code,site\nperson-%s-1,x-PERSON-%s-1,S\nperson-%s-2,C-2,of person-%s-2\n' \
    "$word" "$word" "$word" "$word" >"$work/telling.csv"
mkdir "$work/telling"
expect_exit 1 "$IMGPIPE" run "$in" --archive "$work/telling/a" \
    --state "$work/telling/s" --settle 0 --json \
    --subjects "csv:$work/telling.csv" \
    --subject-from "name:(person-$word-[0-9]+)_" \
    --name '{subject}/{site}-{digest:8}.{ext}'
[ "$(field archived)" -eq 0 ] || fail "the key was told: $(cat "$work/out")"
! found "$work/telling/a" "$work/out" || fail "the key is told"

[ ! -e "$XDG_STATE_HOME" ] || fail "there is a state besides: $XDG_STATE_HOME"
echo "$n files, $planted of them planted, $archived archived in 3 archives:" \
    "nothing in names, tag files, members, bytes and $(find "$work"/by-*/said \
        -type f | wc -l) outputs; judge: $(tail -n 1 "$work/judge")"

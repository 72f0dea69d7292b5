# Each allocation fails in turn while subjects are looked up in a CSV file and in
# a database, or all do from one on: no crash and nothing torn, an image that
# could not be asked about has failed, and the next run completes the archive.
# One in FAULT_EVERY of them; 1 is all.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/lib/fault.sh
need_shim
every=${FAULT_EVERY:-13}
in=$SAMPLES/uploads/clinic-a/2026-11-20
mkdir -p "$work/in/1001" "$work/in/mu"
cp "$in/patient_1001_jane-doe_detail.jpg" "$work/in/1001/a.jpg"
cp "$in/patient_1002_john-roe_wound-day-3.jpg" "$work/in/mu/b.jpg"
umlaut=$(printf 'u\314\210')
mv "$work/in/mu" "$work/in/m$umlaut"
printf 'subject,code\n 1001,C-1\nm%s,C-2\n' "$umlaut" >"$work/list.csv"
sqlite3 "$work/list.db" "CREATE TABLE study(subject TEXT PRIMARY KEY, site);
    INSERT INTO study VALUES('1001', 'North'), ('m$umlaut', 'South')"
touch -d '1 hour ago' "$work/list.csv"
go() { # go NAME [SHIM]
    timeout 20 env LD_PRELOAD="${2-}" "$IMGPIPE" run "$work/in" --archive "$work/$1/a" --state \
        "$work/$1/s" --settle 0 --json --jobs 1 --subject-from dir \
        --subjects "csv:$work/list.csv" \
        --study "sqlite:$work/list.db?table=study" --lookup-timeout 10s \
        --name '{subject}/{site}-{digest:16}.{ext}' >"$work/out" 2>"$work/err"
}
disturbed() { # disturbed NAME VARIABLE=VALUE...
    name=$1
    shift
    (
        for set in FAULT_ROOT="$work" FAULT_CLASS=alloc FAULT_DO=12 "$@"; do
            export "${set?}"
        done
        go "$name" "$SHIM"
    )
}
disturbed whole FAULT_COUNT="$work/count"
[ $? -eq 0 ] || fail "undisturbed: $(cat "$work/err")"
n=$(sed -n 's/^alloc //p' "$work/count")
failed=0 not_begun=0 runs=0
for kind in AT FROM; do
    for i in $(seq 1 "$every" "$n"); do
        rm -rf "$work/case"
        disturbed case FAULT_$kind="$i"
        code=$?
        case $code in
        0) ;;
        1) failed=$((failed + 1)) ;;
        3) not_begun=$((not_begun + 1)) ;;
        *) fail "allocation $kind $i of $n: exit $code: $(cat "$work/err")" ;;
        esac
        # A value that cannot be searched for a key is none.
        [ $code -eq 0 ] ||
            grep -qi "memory\|no value for" "$work/err" ||
            fail "allocation $kind $i of $n: $(cat "$work/err")"
        go case || fail "after $kind $i: exit $?: $(cat "$work/err")"
        diff -r "$work/whole/a/data" "$work/case/a/data" ||
            fail "after $kind $i: another archive"
        runs=$((runs + 1))
    done
done
[ $failed -gt 0 ] && [ $not_begun -gt 0 ] || fail "nothing failed"
echo "$runs of $((2 * n)) allocations failed, $not_begun before the run began," \
    "$failed with an image or the run"

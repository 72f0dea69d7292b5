# What others do to an archive while imgpipe is not looking, or is: a run that
# cannot list what it has archived, an archive that is replaced or removed in
# mid-run, one of the same images in another order, one that is its own source
# by way of another name. No image is lost, and nothing passes for archived that
# is not there.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/lib/fault.sh
need_shim
case=$work/case
in=$SAMPLES/uploads/clinic-a/2026-11-20
start() { # start [SPEC]: an archive of one image; a, b, c, d.jpg are to come
    rm -rf "$case"
    mkdir -p "$case"
    cp "$in/patient_1001_jane-doe_detail.jpg" "$case/a.jpg"
    cp "$in/patient_1001_jane-doe_left-forearm.jpg" "$case/b.jpg"
    cp "$in/patient_1002_john-roe_wound-day-3.jpg" "$case/c.jpg"
    cp "$in/patient_1003_maria-mustermann_back.jpg" "$case/d.jpg"
    spec=${1:-bag:$case/archive}
}
go() { # go WANT STATE INPUT...: and the sources are to leave
    want=$1 state=$case/$2
    shift 2
    (cd "$case" && expect_exit "$want" "$IMGPIPE" run "$@" --archive "$spec" \
        --state "$state" --settle 0 --jobs 1 --after delete --json) || exit 1
}
listed() {
    wc -l <"$case/archive/manifest-sha256.txt"
}
intact() { # intact STATE N
    expect_exit 0 "$IMGPIPE" verify "$spec" --state "$case/$1"
    grep -q "^imgpipe: $2 objects" "$work/err" ||
        fail "want $2 objects: $(cat "$work/err")"
}

# The disk is full from the Nth file on: of those runs that archive b, and
# cannot say so in the manifest, the next lists it, though its state does not
# know b.
told=0
for n in $(seq 2 12); do
    start
    go 0 s1 a.jpg
    LD_PRELOAD=$SHIM FAULT_ROOT=$case/archive FAULT_CLASS=create,write \
        FAULT_DO=28 FAULT_FROM=$n "$IMGPIPE" run "$case/b.jpg" --archive \
        "$spec" --state "$case/s2" --settle 0 --jobs 1 --after delete \
        >/dev/null 2>&1
    [ -e "$case/b.jpg" ] || [ "$(listed)" -ne 1 ] || told=$((told + 1))
    go 0 s1 c.jpg
    [ -e "$case/b.jpg" ] || [ "$(listed)" -eq 3 ] ||
        fail "full from file $n on: $(listed) are listed"
    valid_bag "$case/archive"
done
[ $told -gt 0 ] || fail "no run failed between archiving and listing"

# A backup is put back over the archive, or the archive goes, while b is read.
for spec in "tar.gz:$case/archive" "bag:$case/archive"; do
    for how in "mv $case/archive $case/gone; cp -r $case/old $case/archive" \
        "mv $case/archive $case/gone"; do
        start "$spec"
        go 0 s1 a.jpg
        cp -r "$case/archive" "$case/old"
        LD_PRELOAD=$SHIM FAULT_ROOT=$case FAULT_HOOK="open:b.jpg:1:$how" \
            "$IMGPIPE" run "$case/b.jpg" --archive "$spec" --state "$case/s1" \
            --settle 0 --jobs 1 --after delete >/dev/null 2>"$work/err"
        [ $? -eq 1 ] || fail "replaced, and well: $(cat "$work/err")"
        grep -q "settle names: " "$work/err" || fail "why: $(cat "$work/err")"
        [ -e "$case/b.jpg" ] || fail "replaced: a source went"
        rm -rf "$case/archive"
        mv "$case/gone" "$case/archive"
        go 0 s1 b.jpg
        intact s1 2
    done
done

# The same images in another order: the same manifest, but other places.
start "tar.gz:$case/archive"
mkdir "$case/up"
cp "$case/a.jpg" "$case/b.jpg" "$case/c.jpg" "$case/up"
go 0 s1 a.jpg b.jpg c.jpg
rm "$case/archive"
go 0 s2 up/b.jpg up/a.jpg up/c.jpg
go 0 s1 d.jpg
intact s1 4
expect_exit 0 "$IMGPIPE" extract "$spec" --all -C "$case/out"

# What is in the archive, by another name: a second link, and a second mount.
start
go 0 s1 a.jpg b.jpg
mkdir -p "$case/up"
cp -rl "$case/archive/data" "$case/up"
go 1 s1 up
grep -q "the source is a file of the archive" "$work/err" ||
    fail "its own files: $(cat "$work/err")"
rm -r "$case/up/data"
mounts="no mount: needs root"
if [ "$(id -u)" = 0 ] && mkdir "$case/up/x" &&
    mount --bind "$case/archive/data" "$case/up/x" 2>/dev/null; then
    trap 'umount "$case/up/x"; rm -rf "$work"' EXIT
    go 1 s1 up
    mounts="mounted twice"
fi
intact s1 2

echo "$told runs that could not list, replaced or gone 4 times, other" \
    "places, own files, $mounts"

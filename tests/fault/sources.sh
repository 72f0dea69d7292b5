# Sources that change while they are looked at: skipped as not settled, and what
# became of them is taken, or refused, by the next run. The shim changes them,
# at the very call that is meant.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/lib/fault.sh
need_shim
good=$SAMPLES/uploads/clinic-a/2026-11-20/patient_1001_jane-doe_detail.jpg
other=$SAMPLES/uploads/clinic-a/2026-11-20/patient_1001_jane-doe_left-forearm.jpg
third=$SAMPLES/uploads/clinic-a/2026-11-20/patient_1002_john-roe_wound-day-3.jpg
cases=0

start() { # two uploads: one to be disturbed, one beside it
    rm -rf "$work/in" "$work/a" "$work/s" "$work/aside"
    mkdir -p "$work/in/below"
    victim=$work/in/below/victim.jpg
    cp "$good" "$victim"
    cp "$third" "$work/in/beside.jpg"
    cp "$other" "$work/new.jpg"
}

go() { # go WANTED-STATUS
    expect_exit "$1" timeout -k 5 20 "$IMGPIPE" run "$work/in" --archive "$work/a" \
        --state "$work/s" --settle 0 --json --jobs 1
    expect_sum
    valid_bag "$work/a"
    no_temporaries "$work/a"
}

# disturb CALL:NAME:N COMMAND: before that call COMMAND is run. What is beside
# is archived, the victim is skipped.
disturb() {
    rm -f "$work/done"
    (
        export FAULT_ROOT="$work" FAULT_READ_MOST=1000 \
            FAULT_HOOK="$1:$2 && touch $work/done"
        LD_PRELOAD=$SHIM
        export LD_PRELOAD
        go 0
    ) || fail "$1: $2"
    [ -e "$work/done" ] || fail "never came to it: $1"
    [ "$(field skipped)" -eq 1 ] && [ "$(field archived)" -eq 1 ] ||
        fail "$2: $(cat "$work/out")"
    [ "$(find "$work/a/data" -type f | wc -l)" -eq 1 ] ||
        fail "$2: more is archived than what is beside"
    cases=$((cases + 1))
}

# then_is OUTCOME STATUS: of the victim, in the next run.
then_is() {
    go "$2"
    [ "$(field "$1")" -eq 1 ] || fail "want $1 then: $(cat "$work/out")"
}

# What may happen before the first byte is read, and in the middle.
for at in 1 3; do
    start
    disturb read:victim.jpg:$at "printf more >>$victim"
    then_is archived 0
    start
    disturb read:victim.jpg:$at "truncate -s 2000 $victim"
    then_is quarantined 1
    start
    disturb read:victim.jpg:$at "mv $work/new.jpg $victim"
    then_is archived 0
    cmp -s "$other" "$victim" || fail "the source is not as it was"
    start
    disturb read:victim.jpg:$at "rm $victim"
    go 0
    start # of the same size, with its old times
    disturb read:victim.jpg:$at "cp -p $victim $work/old &&
        printf X | dd of=$victim conv=notrunc 2>/dev/null &&
        touch -r $work/old $victim"
    then_is quarantined 1
done

# Between the scan and the opening.
start
disturb open:victim.jpg:1 "ln -sf $work/new.jpg $victim"
then_is quarantined 1
start
disturb open:victim.jpg:1 "rm $victim && mkfifo $victim"
then_is quarantined 1
start
disturb open:victim.jpg:1 "rm $victim && mkdir $victim"
go 0
start
disturb open:victim.jpg:1 "rm $victim"
go 0
start # the second time it is opened, after the scan
disturb open:below:2 "mv $work/in/below $work/aside &&
    ln -s $work/aside $work/in/below"
then_is quarantined 1

# What is there from the start and is no file.
start
rm "$victim"
mkfifo "$victim"
go 1
[ "$(field quarantined)" -eq 1 ] && [ "$(field archived)" -eq 1 ] ||
    fail "a FIFO: $(cat "$work/out")"
echo "$cases sources changed, cut, replaced or removed while they were read:" \
    "each skipped, and taken or refused by the next run"

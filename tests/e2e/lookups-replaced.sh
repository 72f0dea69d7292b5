# A list of subjects that is replaced while a run goes on: who is new in it gets
# a code, a wrong one is used by nobody, and the right one again by all. The run
# reads its inputs from a pipe, so that it is asked when we want it.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/lib/lookups.sh
mkdir "$work/in"
python3 tests/s3/pictures.py "$work/in" 200 8 's{:03}_x.png'
list=$work/list.csv
put_list() { # put_list SUBJECT...: in the place of what is there
    echo subject,code >"$list.new"
    for subject; do
        echo "$subject,C-${subject#s}" >>"$list.new"
    done
    mv "$list.new" "$list"
}
put_list s000
mkfifo "$work/fifo"
"$IMGPIPE" run - --archive "$work/a" --state "$work/s" --settle 0 --json \
    --subject-from 'name:(s[0-9]+)_x' --subjects "csv:$list" --jobs 1 \
    --commit-every 1 --lookup-timeout 5s <"$work/fifo" >"$work/out" 2>"$work/err" &
pid=$!
exec 3>"$work/fifo"
next=0
outcome_of() { # outcome_of NAME: in the ledger; nothing yet
    of_ledger "$work/s" "SELECT outcome || ' ' || coalesce(reason, '') FROM inputs
        WHERE CAST(path AS TEXT) LIKE '%/$1' AND outcome <> ''" 2>/dev/null
}
is_done() {
    [ -n "$(outcome_of "$1")" ]
}
ask_next() { # the next image, and what became of it, in $said
    [ $next -lt 200 ] || fail "waited in vain: $said"
    name=$(printf 's%03d_x.png' $next)
    next=$((next + 1))
    echo "$work/in/$name" >&3
    await_that is_done "$name"
    said=$(outcome_of "$name")
}
# The file is looked at once a second: until then answers are of the old one.
until_said() { # until_said WANT OLD: nothing else is said meanwhile
    ask_next
    while [ "$said" != "$1" ]; do
        [ "$said" = "$2" ] || fail "want $1 or $2: $said"
        ask_next
    done
    ask_next
    [ "$said" = "$1" ] || fail "want $1 again: $said"
}
unknown="quarantined subject: unknown subject"
ask_next
[ "$said" = "archived " ] || fail "the first: $said"
ask_next
[ "$said" = "$unknown" ] || fail "the second: $said"
# shellcheck disable=SC2046 # a word for each
put_list $(seq -f 's%03.0f' 0 99)
until_said "archived " "$unknown"
printf 'subject,code\ns001,C-1\n s001,C-2\n' >"$list.new"
mv "$list.new" "$list"
until_said "failed subject: CSV file: lines 2 and 3 have the same key: want each once" \
    "archived "
# shellcheck disable=SC2046
put_list $(seq -f 's%03.0f' 100 199) $(seq -f 's%03.0f' 0 99)
until_said "archived " \
    "failed subject: CSV file: lines 2 and 3 have the same key: want each once"
exec 3>&-
wait $pid
[ $? -eq 1 ] || fail "want exit 1: $(tail -n 3 "$work/err")"
expect_sum
[ "$(of_ledger "$work/s" "SELECT count(*) FROM subjects
    WHERE code <> 'C-' || substr(subject, 2)")" -eq 0 ] || fail "a wrong code"
valid_bag "$work/a"
echo "$(field archived) archived, $(field quarantined) unknown before the list" \
    "was replaced, $(field failed) while it was wrong"

# Names from templates: what the trial calls an image and nothing else; no value
# leads out of the archive or breaks a name, no name is given twice, and an
# archive with such names is taken up, verified and extracted as any other.
# E2E_KILLS=20 for the long form.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/s3/fake.sh
kills=${E2E_KILLS:-2}
in=$work/in
mkdir "$in"
python3 tests/s3/pictures.py "$in" 24 200 'person-{}_wound.png'
rule='name:(person-[0-9]+)_'
# Three pictures to a subject: 0 to 7.
for i in $(seq 0 23); do
    mkdir -p "$in/$((i % 8))"
    mv "$in/person-${i}_wound.png" "$in/$((i % 8))/person-$((i % 8))_$i.png"
done
{
    echo subject,code,site
    for i in $(seq 0 7); do echo "person-$i,C-$i,North $((i % 2))"; done
} >"$work/subjects.csv"
{
    echo subject,protocol,sponsor
    for i in $(seq 0 7); do echo "person-$i,P-$((i % 3)),Sponsor"; done
} >"$work/study.csv"

run() { # run NAME INPUT [OPTION...]: into $work/NAME
    name=$1 input=$2
    shift 2
    "$IMGPIPE" run "$input" --archive "$work/$name/a" --state "$work/$name/s" \
        --settle 0 --json --subject-from "$rule" \
        --subjects "csv:$work/subjects.csv" "$@"
}
studied() { # studied NAME INPUT [OPTION...]
    run "$@" --study "csv:$work/study.csv"
}
of_ledger() { # of_ledger NAME SQL
    sqlite3 -readonly "$work/$1/s/ledger.db" "$2"
}

# --- Fields, in names and on marks ---
template='{subject}/{protocol}-{site}-{digest:8}-{date}.{ext}'
mark='{protocol} {subject} {site}'
expect_exit 0 studied named "$in" --name "$template" --mark-text "$mark" \
    --date 2026-11-22
[ "$(field archived)" -eq 24 ] || fail "$(cat "$work/out")"
pairs "$work/named/s" >"$work/pairs"
python3 - "$work" <<'PY' || fail "not the names that they should have"
import hashlib, re, sys
work, n = sys.argv[1], 0
for line in open(work + "/pairs"):
    path, name = line.rstrip("\n").split("\t")
    i = int(re.search(r"person-(\d)_\d+\.png$", path)[1])
    digest = hashlib.sha256(open(f"{work}/named/a/data/{name}", "rb").read()).hexdigest()
    want = f"C-{i}/P-{i % 3}-North {i % 2}-{digest[:8]}-2026-11-22.png"
    assert name == want, (name, want)
    n += 1
assert n == 24, n
PY
valid_bag "$work/named/a"
# What a field draws is what the same words draw.
expect_exit 0 studied drawn "$in/5" --name "$template" --mark-text "$mark" \
    --date 2026-11-22
expect_exit 0 studied words "$in/5" --name "$template" \
    --mark-text 'P-2 C-5 North 1' --date 2026-11-22
same_archive "$work/drawn/a/data" "$work/words/a/data"
expect_exit 0 studied others "$in/5" --name "$template" \
    --mark-text 'P-2 C-4 North 1' --date 2026-11-22
! diff -rq "$work/others/a/data" "$work/words/a/data" >/dev/null ||
    fail "nothing is drawn"

unknown() { # unknown EXIT KNOWN COMMAND...
    exit=$1 known=$2
    shift 2
    expect_exit "$exit" "$@"
    grep -q "no field {patient}: want one of $known" "$work/err" ||
        fail "$(cat "$work/err")"
    [ ! -e "$work/unknown/a" ] || fail "an archive was made"
}
for option in --name --mark-text; do
    unknown 3 "{digest}, {date}, {ext}, {subject}, {code}, {site}" \
        run unknown "$in" $option '{patient}.{digest}.{ext}'
    unknown 3 "{digest}, {date}, {ext}, {subject}, {code}, {site}, {protocol}, {sponsor}" \
        studied unknown "$in" $option '{patient}.{digest}.{ext}'
    unknown 2 "{digest}, {date}, {ext}" "$IMGPIPE" run "$in" \
        --archive "$work/unknown/a" $option '{patient}.{digest}.{ext}'
done

# A template of UIDs is for DICOM objects: others are called as without one. No
# mark has them.
expect_exit 0 studied uids "$in/5" --name '{study}/{series}/{instance}.{ext}'
expect_exit 0 studied default "$in/5"
same_archive "$work/uids/a/data" "$work/default/a/data"
expect_exit 3 run unknown "$in" --mark-text '{study}'
grep -q "no field {study}" "$work/err" || fail "$(cat "$work/err")"

# --- Values that are no part of a name ---
mkdir "$work/one"
cp "$in/0/person-0_0.png" "$work/one"
python3 - "$work" <<'PY'
import csv, sys
values = {
    "slash": "a/b", "absolute": "/etc/x", "dots": "..", "above": "../../x", "tab": "a\tb", "line": "a\nb",
    "long": "x" * 201, "longer": "\u00e9" * 101, "backslash": "a\\b", "above-2": "..\\x", "colon": "a:b", "star": "a*", "empty": "",
    "device": "CON", "device-2": "nul.x", "device-3": "lpt1", "dot": "x.", "blank": "x ", "dots-2": "...", "one-dot": ".",
}
for name, value in values.items():
    with open(f"{sys.argv[1]}/value-{name}.csv", "w", newline="", encoding="utf-8") as f:
        csv.writer(f).writerows([["subject", "code", "site"], ["person-0", "C-0", value]])
    with open(f"{sys.argv[1]}/code-{name}.csv", "w", newline="", encoding="utf-8") as f:
        csv.writer(f).writerows([["subject", "code", "site"], ["person-0", value, "S"]])
PY
everything() {
    find "$work" -path "$work/bad" -prune -o -type f -print | sort
}
: >"$work/before"
: >"$work/after"
everything >"$work/before"
values=0
for table in "$work"/value-*.csv "$work"/code-*.csv; do
    values=$((values + 1))
    case $table in
    */value-*)
        told="{site}"
        set -- --name '{site}/{digest:8}.{ext}'
        ;;
    *) # of the code, also where no template has it
        told="{subject}\|the subject's code"
        set --
        ;;
    esac
    expect_exit 1 run bad "$work/one" --subjects "csv:$table" "$@"
    [ "$(field failed)" -eq 1 ] || fail "${table##*/}: $(cat "$work/out")"
    of_ledger bad 'SELECT reason FROM inputs' >"$work/reason"
    grep -q "$told" "$work/reason" || fail "${table##*/}: $(cat "$work/reason")"
    [ -z "$(find "$work/bad/a" -path '*/data/*')" ] ||
        fail "${table##*/}: $(find "$work/bad/a")"
done
rm "$work/reason"
everything | cmp - "$work/before" || fail "something was written outside"
# In the middle of a part of a name they are none, but for what is one nowhere.
for value in device dot blank dots-2; do
    rm -rf "$work/bad"
    expect_exit 0 run bad "$work/one" --subjects "csv:$work/value-$value.csv" \
        --name 'x-{site}-{digest:8}.{ext}'
    [ "$(field archived)" -eq 1 ] || fail "$value: $(cat "$work/out")"
done
# Nor is a device one that is put together.
printf 'subject,code,site\nperson-0,C-0,Ohm\n' >"$work/value-o.csv"
expect_exit 1 run together "$work/one" --name 'C{site:1}N.{ext}' \
    --subjects "csv:$work/value-o.csv"
of_ledger together 'SELECT reason FROM inputs' | grep -q "reserved on Windows" ||
    fail "$(cat "$work/err")"

# Nor may a name or a mark spell the key, from fields and text together.
printf 'subject,code,site\nperson-0,C-0,son\n' >"$work/value-son.csv"
for spelt in '--name PER{site}-0/{digest:8}.{ext}' '--mark-text per{site}-0' \
    '--mark-text Person-0'; do
    # shellcheck disable=SC2086 # an option and its value
    expect_exit 1 run spelt "$work/one" --subjects "csv:$work/value-son.csv" $spelt
    of_ledger spelt 'SELECT reason FROM inputs' |
        grep -q ": it has the subject's own key in it" ||
        fail "$spelt: $(cat "$work/err")"
done

# --- One name, one object ---
mkdir "$work/pair"
cp "$in/0/person-0_0.png" "$in/0/person-0_8.png" "$work/pair"
for round in 1 2; do
    expect_exit 1 run two "$work/pair" --name '{subject}.{ext}' --jobs 2
    [ "$(field failed)" -eq 1 ] || fail "one name: $(cat "$work/out")"
    of_ledger two 'SELECT reason FROM inputs WHERE reason NOT NULL' |
        grep -q "another object has the name C-0.png" || fail "$(cat "$work/err")"
    sha256sum "$work/two/a/data/C-0.png" >"$work/sum-$round"
done
cmp "$work/sum-1" "$work/sum-2" || fail "overwritten"
valid_bag "$work/two/a"
rm -rf "$work/two/s" # whoever comes first now, the name is taken
expect_exit 1 run two "$work/pair" --name '{subject}.{ext}' --jobs 2
[ "$(field failed)" -eq 1 ] && [ "$(field duplicate)" -eq 1 ] ||
    fail "one name, state lost: $(cat "$work/out")"
sha256sum "$work/two/a/data/C-0.png" | cmp - "$work/sum-1" || fail "overwritten"
# Two that are the same and cannot have the name are no duplicates of each other:
# a source whose bytes are nowhere stays.
cp "$in/0/person-0_16.png" "$work/pair/person-0_16.png"
cp "$in/0/person-0_16.png" "$work/pair/person-0_17.png"
expect_exit 1 run two "$work/pair" --name '{subject}.{ext}' --after delete
[ "$(field duplicate)" -eq 0 ] && [ "$(ls "$work/pair" | wc -l)" -eq 3 ] ||
    fail "left: $(ls "$work/pair"): $(cat "$work/out")"
rm "$work/pair"/*
cp "$in/0/person-0_0.png" "$in/0/person-0_8.png" "$work/pair"
# One image of two subjects is theirs both; of one, sent again, a duplicate.
cp "$in/0/person-0_0.png" "$work/pair/person-1_copy.png"
cp "$in/0/person-0_0.png" "$work/pair/person-0_again.png"
expect_exit 0 run both "$work/pair" --jobs 2
[ "$(field archived)" -eq 3 ] && [ "$(field duplicate)" -eq 1 ] ||
    fail "of two subjects: $(cat "$work/out")"
[ "$(find "$work/both/a/data" -type f -exec sha256sum {} + | cut -c 1-64 |
    sort | uniq -d | wc -l)" -eq 1 ] || fail "want one image under two names"
valid_bag "$work/both/a"

# --- Taken up, verified, extracted; killed, with and without its state ---
start_fake 7
archive() { # archive KIND: $spec is where, as KIND has it
    case $1 in
    bag) spec=$work/kept/bag ;;
    tar) spec=tar.gz:$work/kept/tar ;;
    s3) spec=s3://bucket/kept ;;
    esac
}
keep() { # keep TEMPLATE [OPTION...]: the run whose end is asked for
    name=$1
    shift
    "$IMGPIPE" run "$in" --archive "$spec" --state "$work/kept/s" --settle 0 \
        --json --subject-from "$rule" --subjects "csv:$work/subjects.csv" \
        --study "csv:$work/study.csv" --name "$name" --s3-path-style \
        --s3-endpoint "$S3_ENDPOINT" --commit-every 5 --retry-quarantined "$@"
}
ask() { # ask VERB [OPTION...]
    verb=$1
    shift
    "$IMGPIPE" "$verb" "$spec" --s3-endpoint "$S3_ENDPOINT" --s3-path-style "$@"
}
extract() { # extract DIRECTORY: all of it
    rm -rf "$1"
    expect_exit 0 ask extract --all --into "$1" --quiet
}
killed=0 rounds=0
seed=${E2E_SEED:-$$}
for kind in bag tar s3; do
    archive $kind
    # Names that have enough of a digest in them to tell whose bytes they are,
    # if nothing else does any more, and not.
    for template in '{subject}/{protocol}-{digest:8}.{ext}' \
        '{protocol}/{subject}-{digest:4}.{ext}'; do
        rm -rf "$work/kept"
        mkdir "$work/kept"
        [ $kind != s3 ] || store drop-bucket bucket
        started=$(date +%s%N)
        expect_exit 0 keep "$template"
        took=$((($(date +%s%N) - started) / 1000000))
        extract "$work/want"
        [ "$(find "$work/want" -type f | wc -l)" -eq 24 ] || fail "$kind: not 24"
        expect_exit 0 ask verify --state "$work/kept/s"
        rm -rf "$work/kept/s"
        expect_exit 0 ask verify --state "$work/kept/none"
        expect_exit 0 keep "$template"
        [ "$(field archived)" -eq 0 ] || fail "$kind: archived twice"
        expect_exit 0 ask verify --state "$work/kept/s"

        round=0
        while [ $round -lt "$kills" ]; do
            round=$((round + 1)) rounds=$((rounds + 1))
            rm -rf "$work/kept"
            mkdir "$work/kept"
            [ $kind != s3 ] || store drop-bucket bucket
            for again in 1 2; do
                "$IMGPIPE" run "$in" --archive "$spec" \
                    --state "$work/kept/s" --settle 0 --quiet \
                    --subject-from "$rule" --subjects "csv:$work/subjects.csv" \
                    --study "csv:$work/study.csv" --name "$template" \
                    --s3-path-style --s3-endpoint "$S3_ENDPOINT" \
                    --commit-every 5 --retry-quarantined 2>/dev/null &
                pid=$!
                # The moment is the test's subject, not its synchronisation.
                sleep "$(awk -v s=$((seed + 2 * rounds + again)) -v t="$took" \
                    'BEGIN { srand(s); print rand() * t / 1000 + 0.001 }')"
                kill -KILL $pid 2>/dev/null
                wait $pid 2>/dev/null
                [ $? -ne 137 ] || killed=$((killed + 1))
                # Every other time the state goes, too.
                case $template in
                *digest:8*) [ $(((round + again) % 2)) -eq 0 ] || rm -rf "$work/kept/s" ;;
                esac
            done
            expect_exit 0 keep "$template"
            extract "$work/got"
            same_archive "$work/want" "$work/got"
            expect_exit 0 ask verify --state "$work/kept/s"
        done
    done
done
[ $killed -gt 0 ] || fail "no run was killed"

# Killed before it could list them, and the state is lost: names that tell are
# taken up, others are left alone, and somebody has to look.
archive bag
for template in '{subject}-{digest:8}.{ext}' '{subject}-{digest:4}.{ext}'; do
    rm -rf "$work/kept"
    expect_exit 0 keep "$template"
    rm -rf "$work/kept/s" "$work"/kept/bag/*manifest-*.txt
    find "$work/kept/bag/data" -type f -exec sha256sum {} + | sort >"$work/before"
    case $template in
    *digest:8*)
        expect_exit 0 keep "$template"
        [ "$(field duplicate)" -eq 24 ] || fail "$(cat "$work/out")"
        valid_bag "$work/kept/bag"
        ;;
    *)
        expect_exit 3 keep "$template"
        grep -q "24 files in data/ that no run put there" "$work/err" ||
            fail "$(cat "$work/err")"
        find "$work/kept/bag/data" -type f -exec sha256sum {} + | sort |
            cmp - "$work/before" || fail "refused, and something changed"
        ;;
    esac
done
echo "24 names and marks as the tables have them, $values values refused," \
    "3 kinds of archive taken up, verified and extracted, $killed x kill -9 in" \
    "$rounds rounds"

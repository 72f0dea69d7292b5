# Whose an image is, by every rule; what the trial calls them, from a table or
# from the key: the same code and the same days on every machine and after the
# ledger is lost, others with another key, as Python's hmac has them, too.
. tests/lib/env.sh
. tests/lib/e2e.sh
up=$SAMPLES/uploads
mkdir "$work/in"
python3 tests/s3/pictures.py "$work/in" 6 8 '{}.png'
tree=$work/tree
mkdir -p "$tree/site-1/ward-2" "$tree/site-2/ward-3"
mv "$work/in/0.png" "$tree/site-1/ward-2/patient_1001_jane-doe.png"
mv "$work/in/1.png" "$tree/site-1/ward-2/patient_1002_left.png"
mv "$work/in/2.png" "$tree/site-2/ward-3/patient_1001_right.png"
mv "$work/in/3.png" "$tree/site-2/patient_1004_back.png"
mv "$work/in/4.png" "$tree/top.png"

# Two keys that stay the same, so that what must differ does.
key_file() { # key_file NAME
    printf 'of a test: %s' "$1" | sha256sum | cut -c 1-64 >"$work/$1.key"
    chmod 600 "$work/$1.key"
}
key_file ours
key_file other

run() { # run NAME INPUT [OPTION...]: into $work/NAME
    name=$1 input=$2
    shift 2
    "$IMGPIPE" run "$input" --archive "$work/$name/a" --state "$work/$name/s" \
        --settle 0 --json "$@"
}
keyed() { # keyed NAME INPUT [OPTION...]
    run "$@" --key-file "$work/ours.key"
}
of_ledger() { # of_ledger NAME SQL
    sqlite3 -readonly -separator ' ' "$work/$1/s/ledger.db" "$2"
}
# "FILE KEY" for all that were archived in the directory of a subject's code.
whose() { # whose NAME
    of_ledger "$1" "SELECT replace(CAST(i.path AS TEXT), rtrim(CAST(i.path AS TEXT),
        replace(CAST(i.path AS TEXT), '/', '')), ''), s.subject
        FROM inputs i JOIN objects o ON o.id = i.object
        JOIN subjects s ON o.name LIKE s.code || '/%' ORDER BY 1"
}
belong() { # belong NAME "FILE KEY"...
    name=$1
    shift
    printf '%s\n' "$@" | sort >"$work/want"
    whose "$name" | sort | diff "$work/want" - ||
        fail "$name: not whose they are"
}

# --- By every rule ---
rules=0
by() { # by RULE "FILE KEY"...: the others have failed, as the rule is named
    rule=$1
    shift
    rules=$((rules + 1))
    rm -rf "$work/by"
    expect_exit 1 keyed by "$tree" --subject-from "$rule"
    expect_sum
    [ "$(field archived)" -eq $# ] || fail "$rule: $(cat "$work/out" "$work/err")"
    belong by "$@"
    [ "$(of_ledger by "SELECT count(*) FROM inputs WHERE outcome = 'failed'")" \
        -eq $((5 - $#)) ] || fail "$rule: $(cat "$work/out")"
    of_ledger by 'SELECT reason FROM inputs WHERE reason NOT NULL' | sort -u |
        grep -qxF "no subject: $rule does not match" ||
        fail "$rule: $(cat "$work/err")"
}
by 'name:patient_(\d+)_' "patient_1001_jane-doe.png 1001" \
    "patient_1002_left.png 1002" "patient_1001_right.png 1001" \
    "patient_1004_back.png 1004"
by 'name:(ward)-(?<subject>\d)/' "patient_1001_jane-doe.png 2" \
    "patient_1002_left.png 2" "patient_1001_right.png 3"
by dir "patient_1001_jane-doe.png site-1" "patient_1002_left.png site-1" \
    "patient_1001_right.png site-2" "patient_1004_back.png site-2"
by dir:2 "patient_1001_jane-doe.png ward-2" "patient_1002_left.png ward-2" \
    "patient_1001_right.png ward-3"

# Those that do not tell go on without, if they may: with the name of an image
# that has no subject, or its digest where the code would be.
expect_exit 0 keyed without "$tree" --subject-from dir:2 --no-subject digest
[ "$(field archived)" -eq 5 ] || fail "--no-subject digest: $(cat "$work/out")"
belong without "patient_1001_jane-doe.png ward-2" \
    "patient_1002_left.png ward-2" "patient_1001_right.png ward-3"
[ "$(find "$work/without/a/data" -type f |
    grep -Ec '/data/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{32}\.png$')" -eq 2 ] ||
    fail "want two with a plain name: $(find "$work/without/a/data")"
expect_exit 0 keyed instead "$tree" --subject-from dir:2 --no-subject digest \
    --name '{subject}.{digest:8}.{ext}'
digests=0
for object in "$work"/instead/a/data/*; do
    digest=$(sha256sum <"$object" | cut -c 1-16)
    case ${object##*/} in
    $digest.*) digests=$((digests + 1)) ;;
    esac
done
[ $digests -eq 2 ] || fail "want two by digest: $(ls "$work/instead/a/data")"

# By an EXIF tag, in every format that has EXIF, before it goes.
mkdir "$work/exif"
cp "$up"/clinic-a/2026-11-20/patient_1001_jane-doe_detail.jpg \
    "$up"/clinic-b/lab-slip_1006_jane-doe.png \
    "$up"/clinic-c/fax_1006_two-pages.tif \
    "$up"/clinic-c/IMG_20261120_jane-doe.webp \
    "$up"/clinic-c/IMG_0042.heic "$work/exif"
cp "$tree/top.png" "$work/exif"
i=0
set --
for f in "$work"/exif/*[!p].*; do
    i=$((i + 1))
    exiftool -m -q -q -overwrite_original -EXIF:Artist="person $i" \
        -IFD1:Artist="person $i" -EXIF:ImageDescription="x" "$f" ||
        fail "exiftool: $f"
    set -- "$@" "${f##*/} person $i"
done
[ $i -eq 5 ] || fail "want five files with EXIF: $i"
expect_exit 1 keyed tags "$work/exif" --subject-from exif:Artist
belong tags "$@"
[ "$(of_ledger tags "SELECT reason FROM inputs WHERE outcome = 'failed'")" = \
    "subject by exif:Artist: the key is empty" ] || fail "$(cat "$work/err")"
! grep -rqa 'person [0-9]' "$work/tags/a" "$work/out" || fail "the tag is told"
# What is no DICOM object has none of its attributes.
expect_exit 1 keyed photos "$work/exif" --subject-from dicom:PatientID
[ "$(of_ledger photos "SELECT DISTINCT reason FROM inputs")" = \
    "subject by dicom:PatientID: the key is empty" ] || fail "$(cat "$work/err")"

# By the second column of a list, whose names end in a line's end or in NUL.
(cd "$tree" && find . -type f) | sort | grep -v top |
    awk -v top="$tree" '{ printf "%s/%s\tperson %d\n", top, $0, NR % 2 }' \
        >"$work/list"
echo "$tree/top.png" >>"$work/list"
listed() { # listed NAME [OPTION...]
    name=$1
    shift
    keyed "$name" - --subject-from list "$@"
}
expect_exit 1 listed lines <"$work/list"
belong lines "patient_1001_jane-doe.png person 1" \
    "patient_1002_left.png person 0" "patient_1001_right.png person 0" \
    "patient_1004_back.png person 1"
[ "$(of_ledger lines "SELECT reason FROM inputs WHERE outcome = 'failed'")" = \
    "no subject: the list has no second column here" ] ||
    fail "$(cat "$work/err")"
tr '\n' '\0' <"$work/list" >"$work/list0"
expect_exit 1 listed nul -0 <"$work/list0"
same_archive "$work/lines/a" "$work/nul/a"

# --- From a table ---
printf 'subject,code,site\r\n1001,C-1,"North, upper"\r\n1004,C-4,S\r\n' \
    >"$work/crosswalk.csv"
sqlite3 "$work/crosswalk.db" "CREATE TABLE people(id TEXT, code TEXT);
    INSERT INTO people VALUES('1001', 'C-1'), ('1004', 'C-4')"
cp -r "$tree" "$work/told"
rm "$work/told/top.png"
looked_up() { # looked_up NAME SOURCE ADD...: ADD tells the table of 1002
    name=$1 source=$2
    shift 2
    words="$name $work/told --subject-from name:patient_(\\d+)_ --subjects $source"
    # shellcheck disable=SC2086 # the words of a command
    expect_exit 1 run $words
    expect_sum
    [ "$(field archived)" -eq 3 ] && [ "$(field quarantined)" -eq 1 ] ||
        fail "$source: $(cat "$work/out" "$work/err")"
    [ "$(of_ledger "$name" "SELECT code, reason FROM inputs
        WHERE outcome = 'quarantined'")" = \
        "unknown subject subject: unknown subject" ] ||
        fail "$source: $(of_ledger "$name" 'SELECT code, reason FROM inputs')"
    [ "$(ls "$work/$name/a/data")" = "C-1
C-4" ] || fail "$source: $(ls "$work/$name/a/data")"
    "$@"
    # shellcheck disable=SC2086
    expect_exit 0 run $words
    [ "$(field quarantined_before)" -eq 1 ] || fail "$source: $(cat "$work/out")"
    # shellcheck disable=SC2086
    expect_exit 0 run $words --retry-quarantined
    [ "$(field archived)" -eq 1 ] || fail "$source: $(cat "$work/out")"
    [ "$(find "$work/$name/a/data/C-2" -type f | wc -l)" -eq 1 ] ||
        fail "$source: not under its code"
    valid_bag "$work/$name/a"
}
looked_up csv "csv:$work/crosswalk.csv" \
    sh -c 'printf "1002,C-2,S\r\n" >>"$0"' "$work/crosswalk.csv"
looked_up sqlite "sqlite:$work/crosswalk.db?table=people&key=id" \
    sqlite3 "$work/crosswalk.db" "INSERT INTO people VALUES('1002', 'C-2')"
same_archive "$work/csv/a/data" "$work/sqlite/a/data"

# --- Codes and days ---
# Three formats in which dates stay, three times, of three subjects.
dated=$work/dated
for person in ann bob cem; do
    mkdir -p "$dated/$person"
    cp "$up/clinic-a/2026-11-20/patient_1001_jane-doe_detail.jpg" \
        "$dated/$person/1.jpg"
    cp "$up/clinic-b/lab-slip_1006_jane-doe.png" "$dated/$person/2.png"
    cp "$up/clinic-c/IMG_20261120_jane-doe.webp" "$dated/$person/3.webp"
    for date in 1:2024:03:01 2:2000:01:01 3:2023:12:31; do
        exiftool -m -q -q -overwrite_original -XMP:all= -PNG:all= \
            -EXIF:DateTimeOriginal="${date#*:} 23:59:59" \
            -EXIF:CreateDate="${date#*:} 00:00:00" \
            "$dated/$person/${date%%:*}".* || fail "exiftool: $date"
    done
done
moved() { # moved NAME KEY LEAST MOST: codes and dates are as they must be
    pairs "$work/$1/s" >"$work/pairs"
    python3 - "$work" "$@" <<'PY' || fail "$1: codes or dates are wrong"
import base64, datetime, hashlib, hmac, json, re, sqlite3, subprocess, sys
work, name, key_file, least, most = sys.argv[1:]
key = bytes.fromhex(open(key_file).read().strip())

def mac(domain, subject):
    return hmac.new(key, f"imgpipe 1 {domain}\0{subject}".encode(), hashlib.sha256).digest()

pairs = [line.rstrip("\n").split("\t") for line in open(work + "/pairs")]
assert len(pairs) == 9, pairs
pairs = [(path, object, f"{work}/{name}/a/data/{object}") for path, object in pairs]
files = [f for path, _, archived in pairs for f in (path, archived)]
out = subprocess.run(["exiftool", "-j", "-DateTimeOriginal", "-CreateDate", *files], capture_output=True, check=True)
dates = {row["SourceFile"]: [datetime.datetime.strptime(row[tag], "%Y:%m:%d %H:%M:%S") for tag in ("DateTimeOriginal", "CreateDate")]
         for row in json.loads(out.stdout)}

codes = dict(sqlite3.connect(f"file:{work}/{name}/s/ledger.db?mode=ro", uri=True).execute("SELECT subject, code FROM subjects"))
assert set(codes) == {"ann", "bob", "cem"}, codes
for path, object, archived in pairs:
    subject = path.split("/")[-2]
    code = "T7-" + base64.b32encode(mac("code", subject)[:10]).decode()
    assert codes[subject] == code and object.startswith(code + "/"), (subject, code, codes[subject], object)
    days = int(least) + int.from_bytes(mac("dates", code)[:8], "big") % (int(most) - int(least) + 1)
    for before, after in zip(dates[path], dates[archived]):
        assert before - after == datetime.timedelta(days=days), (path, before, after, days)
        assert int(least) <= (before - after).days <= int(most)
PY
}
coded() { # coded NAME KEY INPUT [OPTION...]
    name=$1 key=$2 input=$3
    shift 3
    run "$name" "$input" --subject-from dir --key-file "$work/$key.key" \
        --code-prefix T7- --policy research "$@"
}
expect_exit 0 coded first ours "$dated" --jobs 1
[ "$(field archived)" -eq 9 ] || fail "$(cat "$work/out" "$work/err")"
moved first "$work/ours.key" 1 365
valid_bag "$work/first/a"
# Dates that were moved are no finding, nor a reason to move them again.
expect_exit 0 "$IMGPIPE" verify "$work/first/a" --state "$work/first/s"
expect_exit 0 "$IMGPIPE" verify "$work/first/a" --state "$work/none" \
    --policy research
expect_exit 0 "$IMGPIPE" verify "$work/first/a" --state "$work/first/s" \
    --against "$dated"

# Elsewhere: another directory, time zone and locale, more workers.
mkdir "$work/elsewhere"
cp -r "$dated" "$work/elsewhere/uploads"
cp "$work/ours.key" "$work/elsewhere/their.key"
TZ=Pacific/Auckland LC_ALL=tr_TR.UTF-8 \
    expect_exit 0 coded second elsewhere/their "$work/elsewhere/uploads" --jobs 4
same_archive "$work/first/a" "$work/second/a"
# The ledger is lost: all is found again, and the next image has the same code.
rm -rf "$work/second/s"
expect_exit 0 coded second ours "$dated"
[ "$(field archived)" -eq 0 ] && [ "$(field duplicate)" -eq 9 ] ||
    fail "the ledger was lost: $(cat "$work/out")"
same_archive "$work/first/a" "$work/second/a"
moved second "$work/ours.key" 1 365
rm -rf "$work/second/s"
cp "$tree/top.png" "$dated/bob/late.png"
expect_exit 0 coded second ours "$dated"
expect_exit 0 coded first ours "$dated"
[ "$(ls "$work/first/a/data" | wc -l)" -eq 3 ] || fail "a second code"
same_archive "$work/first/a" "$work/second/a"
rm "$dated/bob/late.png"

# Another key: not one code, nor one date, is the same.
expect_exit 0 coded third other "$dated"
moved third "$work/other.key" 1 365
{
    ls "$work/first/a/data" "$work/third/a/data"
} | sort | uniq -d | grep T7- && fail "two keys make the same code"
for name in first third; do
    exiftool -q -r -p '$DateTimeOriginal' "$work/$name/a/data" 2>/dev/null |
        sort -u >"$work/dates-$name"
    [ "$(wc -l <"$work/dates-$name")" -eq 9 ] || fail "want nine dates"
done
[ -z "$(comm -12 "$work/dates-first" "$work/dates-third")" ] ||
    fail "two keys make the same date"

# The range is the policy's.
printf '[policy]\npreset = research\ndates = shift\nshift-days = 4000-4003\n' \
    >"$work/far.conf"
expect_exit 0 coded far ours "$dated" --policy "$work/far.conf"
moved far "$work/ours.key" 4000 4003

# --- Keys that are refused ---
find "$work/first" -type f -exec sha256sum {} + | sort >"$work/before"
expect_exit 3 coded first other "$dated"
grep -q "another key" "$work/err" || fail "$(cat "$work/err")"
for mode in 640 604 660; do
    chmod $mode "$work/ours.key"
    expect_exit 3 coded first ours "$dated"
    grep -q "open to others" "$work/err" || fail "$mode: $(cat "$work/err")"
done
chmod 600 "$work/ours.key"
head -c 63 "$work/ours.key" >"$work/short.key"
chmod 600 "$work/short.key"
expect_exit 3 coded first short "$dated"
! grep -q "$(cat "$work/short.key")" "$work/err" || fail "the key is told"
expect_exit 3 coded first none "$dated"
find "$work/first" -type f -exec sha256sum {} + | sort | cmp - "$work/before" ||
    fail "refused, and something changed"
echo "$rules rules by path, EXIF in 5 formats, 2 lists, 2 tables;" \
    "4 runs of 9 dated images, as Python has their codes and days;" \
    "6 keys refused"

# Two look-ups under one deadline, asked of servers that are late, hang, lie or
# break: no image waits beyond it, the others go on, what failed is tried again,
# nothing is archived on a wrong answer, and no key is told to anybody but them.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/lib/lookups.sh
jobs=32 n=1000 timeout=800
rule='name:(subject-[0-9]+-xyzzy)_wound'
mkdir "$work/in"
python3 tests/s3/pictures.py "$work/in" $((n + 1)) 8 'subject-{:04}-xyzzy_wound.png'
first=subject-0000-xyzzy_wound.png
start_stub subject
subject=$url
start_stub study
study=$url
study_says='body={"protocol":"P-7","sponsor":"S"}'

run() { # run NAME PATH [OPTION...]: into $work/NAME
    name=$1 path=$2
    shift 2
    "$IMGPIPE" run "$path" --archive "$work/$name/a" --state "$work/$name/s" \
        --settle 0 --json --subject-from "$rule" --subjects "$subject" \
        --name '{subject}/{digest:16}.{ext}' "$@"
}
reasons() { # reasons NAME
    of_ledger "$work/$1/s" 'SELECT reason FROM inputs WHERE reason NOT NULL'
}
# Nothing that tells of a subject is where it could leave the site.
told_nobody() { # told_nobody NAME
    reasons "$1" >"$work/reasons"
    ! grep -ai 'xyzzy\|wound\|subject-[0-9]' "$work/out" "$work/reasons" ||
        fail "a key or a name is told"
}

# --- A thousand images, three in ten answers late ---
# The list that names them stays open, so that the run still lives when all are
# done, and what is left of the look-ups that were given up can be counted.
rules study "$study_says"
mkdir "$work/many"
mkfifo "$work/list"
# No function of the shell, whose process the shell would be.
"$IMGPIPE" run - --archive "$work/many/a" --state "$work/many/s" --settle 0 \
    --json --subject-from "$rule" --subjects "$subject" --study "$study" \
    --name '{subject}/{digest:16}.{ext}' --jobs $jobs \
    <"$work/list" >"$work/out" 2>"$work/err" &
pid=$!
exec 3>"$work/list"
done_are() { # done_are N: that many are in the ledger
    [ "$(of_ledger "$work/many/s" 'SELECT count(*) FROM inputs' 2>&1)" = "$1" ]
}
counts() { # threads, descriptors but for connections, and those
    all=$(find "/proc/$pid/fd" -type l | wc -l)
    open=$(find "/proc/$pid/fd" -lname 'socket:*' | wc -l)
    echo "$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l) $((all - open)) $open"
}
echo "$work/in/$first" >&3
await_that done_are 1
# shellcheck disable=SC2046 # three numbers
set -- $(counts)
threads=$1 descriptors=$2
rules subject '0.15:hang'
rules study "0.15:$study_says" '0.10:hang' '0.05:delay=2000' "$study_says"
started=$(now)
find "$work/in" -name '*.png' ! -name "$first" >&3
await_that done_are $((n + 1))
took=$(($(now) - started))
as_before() { # what the last commit still has open is soon closed
    # shellcheck disable=SC2046
    set -- $(counts)
    connections=$3
    [ "$1" -le "$threads" ] && [ "$2" -le "$descriptors" ] &&
        [ "$3" -le $((4 * jobs)) ]
}
await_that as_before
exec 3>&-
wait $pid
[ $? -eq 1 ] || fail "want exit 1: $(tail -n 3 "$work/err")"
expect_sum
told_nobody many
python3 - "$work" $timeout >"$work/judged" <<'PY' || fail "$(cat "$work/judged")"
import hashlib, json, re, sqlite3, sys
work, timeout = sys.argv[1], int(sys.argv[2]) / 1000

def drawn(key):
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 16 ** 8

late = {}
wrong = []
rows = sqlite3.connect(work + "/many/s/ledger.db").execute("SELECT path, outcome, reason FROM inputs").fetchall()
for path, outcome, reason in rows:
    key = re.search(rb"subject-\d+-xyzzy", path)[0].decode()
    at = drawn(key)
    who = None if key == "subject-0000-xyzzy" or at >= 0.30 else "subject" if at < 0.15 else "study"
    want = ("failed", f"lookup timed out after 800 ms: {who}") if who else ("archived", None)
    if who:
        late[key] = who
    if (outcome, reason) != want:
        wrong.append(f"{key}: {outcome}, {reason}; want {want}")
assert not wrong, "\n".join(wrong[:10])
summary = json.load(open(work + "/out"))
assert summary["failed"] == len(late) and summary["archived"] == len(rows) - len(late), summary

# A late one is left at the deadline and not before; nobody else waited as long.
# What the servers were late themselves cannot be told from that.
lag = sum(float(open(f"{work}/{s}/lag").read()) for s in ("subject", "study"))
waits, spans, came = [], [], []
for server in ("subject", "study"):
    for line in open(f"{work}/{server}/ends"):
        end, begin, key, how = line.split()
        end, begin = float(end), float(begin)
        came.append(begin)
        if late.get(key) == server:
            assert how == "left", line
            waits.append(end - begin)
            spans.append((begin, end))
        else:
            assert how == "answered" and end - begin < timeout + lag, line
assert len(waits) == len(late), (len(waits), len(late))
assert max(waits) <= timeout + 0.050 + lag, (max(waits), lag)
assert min(waits) > timeout / 2, min(waits)
meanwhile = sum(any(b < t < e for b, e in spans) for t in came)
assert meanwhile > 0.9 * len(came), (meanwhile, len(came))
print(f"{len(late)} of {len(rows)} late, left after {max(waits) * 1000:.0f} ms at most (servers' own lag {lag * 1000:.0f} ms), "
      f"{meanwhile} of {len(came)} questions put meanwhile")
PY
late=$(field failed)
# As many at a time as there are workers; one after the other it were minutes.
[ $took -lt $((2 * late * timeout / jobs)) ] ||
    fail "$late late ones took $took ms with $jobs workers"

rules subject
rules study "$study_says"
before=$(asked subject)
expect_exit 0 run many "$work/in" --study "$study" --jobs $jobs
[ "$(field archived)" -eq "$late" ] && [ "$(field skipped)" -eq $((n + 1 - late)) ] ||
    fail "want the $late that had failed: $(cat "$work/out")"
[ $(($(asked subject) - before)) -eq "$late" ] || fail "asked about others, too"
valid_bag "$work/many/a"

# --- At the same time, and no more of them than is allowed ---
mkdir "$work/one" "$work/fifty"
cp "$work/in/$first" "$work/one"
find "$work/in" -name '*-00[0-4]*' -exec cp -t "$work/fifty" {} +
best_of_five() { # the shortest time of a run over one image
    best=
    for i in 1 2 3 4 5; do
        rm -rf "$work/pair"
        started=$(now)
        expect_exit 0 run pair "$work/one" --study "$study" --jobs 1
        took_one=$(($(now) - started))
        [ -n "$best" ] && [ "$best" -le $took_one ] || best=$took_one
    done
}
best_of_five
plain=$best
rules subject delay=300
rules study "delay=400+$study_says"
best_of_five
overlapped=$((best - plain))
[ $best -ge 400 ] && [ $overlapped -lt 500 ] ||
    fail "300 ms and 400 ms took $overlapped ms together"

for most in 1 3; do
    start_stub bounded delay=20
    subject=$url
    rm -rf "$work/bound"
    expect_exit 0 run bound "$work/fifty" --study "$url" --jobs 8 --lookup-jobs $most
    [ "$(cat "$work/bounded/most")" -eq $most ] ||
        fail "--lookup-jobs $most: $(cat "$work/bounded/most") at once"
    [ "$(asked bounded)" -eq 100 ] || fail "want 100: $(asked bounded)"
done

# What waits for one of them for too long was not even asked, and says so.
rm -rf "$work/bound"
rules bounded
start_stub bounded hang
subject=$url
expect_exit 1 run bound "$work/fifty" --jobs 8 --lookup-jobs 1 --lookup-timeout 200ms
late_by="lookup timed out after 200 ms: subject"
[ "$(reasons bound | sort -u)" = "$late_by
$late_by (waiting for --lookup-jobs)" ] || fail "$(reasons bound | sort | uniq -c)"
[ "$(asked bounded)" -le "$(reasons bound | grep -cx "$late_by")" ] ||
    fail "$(asked bounded) asked: $(reasons bound | sort | uniq -c)"

# --- Answers that are none ---
start_stub subject
subject=$url
cases=0
bad_answer() { # bad_answer OUTCOME REASON RULE...
    outcome=$1 reason=$2
    shift 2
    cases=$((cases + 1))
    rules subject "$@"
    expect_exit 1 run bad "$work/one" --lookup-timeout 300ms --retry-quarantined
    [ "$(field "$outcome")" -eq 1 ] || fail "$*: $(cat "$work/out")"
    reasons bad | grep -qxE "$reason" || fail "$*: $(reasons bad)"
    told_nobody bad
    [ -z "$(find "$work/bad/a/data" -type f)" ] || fail "$*: archived"
}
out_of_time="lookup timed out after 300 ms: subject"
bad_answer failed "$out_of_time" hang
bad_answer failed "$out_of_time" stall
bad_answer failed "$out_of_time" drip
# What is tried again says what was wrong, unless the deadline hits a try.
bad_answer failed "subject: .*closed.*|$out_of_time" cut
bad_answer failed "subject: Empty reply.*|$out_of_time" close
bad_answer failed "subject: .*HTTP.*" garbage
bad_answer failed "subject: HTTP status 500|$out_of_time" status=500
bad_answer failed "subject: HTTP status 429" status=429+retry-after=1
bad_answer failed "subject: HTTP status 302: redirects are not followed" redirect
bad_answer failed "subject: an answer of more than 65536 bytes" huge
bad_answer failed "subject: .*Content-Type is not JSON" type=text/html
bad_answer failed "subject: the answer, at byte .*: it ends too early" invalid
bad_answer failed "subject: the answer.*object.*" 'body=[1]'
bad_answer failed "subject: HTTP status 401: .*" status=401
bad_answer failed "subject: HTTP status 403: .*" status=403
bad_answer failed "subject: HTTP status 204, .*" status=204
bad_answer failed "subject: the answer has no code" 'body={"site":"S"}'
bad_answer failed ".*code.*'/'.*" 'body={"code":"../../../C-1"}'
bad_answer failed ".*code.*empty value" 'body={"code":""}'
bad_answer failed ".*code: it has the subject's own key in it" 'body={"code":"{key}"}'
bad_answer failed ".*control character.*" 'body={"code":"C\u0001-1"}'
bad_answer failed ".*" 'body={"code":"C-1","{key}":"a\u0001b"}'
bad_answer failed ".*" 'body={"code":"C-1","{key}":"a","{key}":"b"}'
bad_answer quarantined "subject: unknown subject" status=404
bad_answer quarantined "subject: unknown subject" status=410
! grep -q ' x ' "$work/subject/log" || fail "a redirect was followed"
[ "$(find "$work/bad/a" -type f ! -path '*/data/*' | wc -l)" -le 4 ] ||
    fail "what is in the archive? $(find "$work/bad/a")"

# An error that passes within the deadline is none; and an unknown study is as
# unknown as a subject.
rules subject times=2+status=500
expect_exit 0 run bad "$work/one" --retry-quarantined
[ "$(field archived)" -eq 1 ] || fail "500, then well: $(cat "$work/out")"
rules subject
rules study status=404
expect_exit 1 run unknown "$work/one" --study "$study"
[ "$(reasons unknown)" = "study: unknown subject" ] || fail "$(reasons unknown)"

# What a server has not said is no field.
rules subject 'body={"code":"C-1","site":null}'
expect_exit 1 run silent "$work/one" --name '{site}/{digest:8}.{ext}'
[ "$(reasons silent)" = "name: no value for {site}" ] || fail "$(reasons silent)"
rules subject 'body={"code":"C-1","site":"{key}"}'
expect_exit 1 run silent "$work/one" --name '{site}/{digest:8}.{ext}'
told_nobody silent
[ -z "$(find "$work/silent/a/data" -type f)" ] || fail "the key became a name"

# The first error ends the other question, too, long before its time. It comes
# once the other is put, and the server sees a little later that nobody waits.
rules study hang
rules subject delay=300+status=404
ended=$(wc -l <"$work/study/ends")
expect_exit 1 run first "$work/one" --study "$study" --lookup-timeout 60s
for _ in $(seq 100); do
    [ "$(wc -l <"$work/study/ends")" -eq "$ended" ] || break
    sleep 0.1
done
awk -v lag="$(lag study)" '{ ms = ($1 - $2) * 1000; how = $4 }
    END { exit !(how == "left" && ms < 2000 + lag) }' "$work/study/ends" ||
    fail "the other went on: $(tail -n 1 "$work/study/ends")"

# --- Stopped while they hang ---
rules subject '0.5:hang'
env --default-signal=INT "$IMGPIPE" run "$work/fifty" --archive "$work/int/a" \
    --state "$work/int/s" --settle 0 --subject-from "$rule" \
    --subjects "$subject" --jobs 4 --lookup-timeout 60s --grace 1s \
    2>"$work/err" &
pid=$!
asking=$(asked subject)
hang_all_four() {
    [ "$(wc -l <"$work/subject/log")" -ge $((asking + 4)) ] &&
        [ $(($(wc -l <"$work/subject/log") - $(wc -l <"$work/subject/ends"))) -eq 4 ]
}
await_that hang_all_four
started=$(now)
kill -INT $pid
wait $pid
code=$? stopped=$(($(now) - started))
[ $code -eq 130 ] || fail "exit $code, want 130: $(cat "$work/err")"
[ $stopped -ge 900 ] && [ $stopped -lt $((1500 + $(lag subject))) ] ||
    fail "stopped after $stopped ms, want a grace of 1 s"
[ ! -e "$work/int/a/bagit.txt" ] || valid_bag "$work/int/a"
no_temporaries "$work/int/a"
rules subject
"$IMGPIPE" run "$work/fifty" --archive "$work/int/a" --state "$work/int/s" \
    --settle 0 --subject-from "$rule" --subjects "$subject" --quiet ||
    fail "the next run: exit $?"
valid_bag "$work/int/a"
[ "$(find "$work/int/a/data" -type f | wc -l)" -eq 50 ] || fail "not complete"

# --- Tokens ---
printf 'a-token-of-ours\n' >"$work/token"
chmod 600 "$work/token"
start_stub guarded token=a-token-of-ours
start_stub plain "$study_says"
plain_url=$url
guarded() { # guarded NAME [OPTION...]
    name=$1
    shift
    subject=http://127.0.0.1:$(cat "$work/guarded/port")/ask/{key}
    run "$name" "$work/one" --study "$plain_url" "$@"
}
expect_exit 1 guarded unlet
reasons unlet | grep -q 'HTTP status 401' || fail "without: $(reasons unlet)"
# Neither the other source nor a proxy gets to see it.
http_proxy=$plain_url all_proxy=$plain_url \
    expect_exit 0 guarded unlet --subjects-token-file "$work/token"
[ "$(sort -u "$work/guarded/tokens")" = a-token-of-ours ] || fail "not sent"
[ ! -s "$work/plain/tokens" ] || fail "sent to the other source, too"
rules guarded redirect
expect_exit 1 guarded redirected --subjects-token-file "$work/token"
! grep -q ' x ' "$work/guarded/log" || fail "a redirect was followed"
refused() { # refused MESSAGE COMMAND...
    reason=$1
    shift
    expect_exit 3 "$@"
    grep -q -- "$reason" "$work/err" || fail "want '$reason': $(cat "$work/err")"
    [ ! -e "$work/refused/a" ] || fail "an archive was made"
    ! grep -q a-token-of-ours "$work/err" "$work/out" || fail "the token is told"
}
for mode in 640 604 620; do
    chmod $mode "$work/token"
    refused "open to others" guarded refused --subjects-token-file "$work/token"
done
chmod 600 "$work/token"
refused "token file" guarded refused --subjects-token-file "$work/no-token"
printf 'two words\n' >"$work/words"
chmod 600 "$work/words"
refused "token file" guarded refused --subjects-token-file "$work/words"
# TEST-NET-1: nobody is there. No packet leaves.
refused "https only" guarded refused --study http://192.0.2.1/{key} \
    --study-token-file "$work/token"

# Over TLS the server must prove who it is, before it hears of anybody.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$work/tls.key" -out "$work/tls.crt" 2>"$work/err" ||
    fail "openssl: $(cat "$work/err")"
cat "$work/tls.key" "$work/tls.crt" >"$work/tls.pem"
start_stub secure "tls=$work/tls.pem" token=a-token-of-ours
subject=https://localhost:$(cat "$work/secure/port")/ask/{key}
unset SSL_CERT_FILE
expect_exit 1 run tls "$work/one" --subjects-token-file "$work/token"
reasons tls | grep -q "subject: .*certificate" || fail "$(reasons tls)"
[ ! -s "$work/secure/log" ] || fail "asked before it was verified"
SSL_CERT_FILE=$work/tls.crt \
    expect_exit 0 run tls "$work/one" --subjects-token-file "$work/token"
[ "$(field archived)" -eq 1 ] || fail "over TLS: $(cat "$work/out")"

echo "$(cat "$work/judged"); $((took / 1000)) s with $jobs workers;" \
    "$threads threads and $descriptors descriptors before, no more after," \
    "$connections connections kept; 300 and 400 ms took $overlapped ms;" \
    "$cases bad answers; stopped in $stopped ms"

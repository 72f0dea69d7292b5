# A server that answers once more than it was asked, on a connection that is kept:
# no image gets the code of another subject, in the clear and over TLS.
. tests/lib/env.sh
. tests/lib/e2e.sh
. tests/lib/lookups.sh
rule='name:(subject-[0-9]+-xyzzy)_wound' n=40
mkdir "$work/in"
python3 tests/s3/pictures.py "$work/in" $n 8 'subject-{:04}-xyzzy_wound.png'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$work/tls.key" -out "$work/tls.crt" 2>"$work/err" ||
    fail "openssl: $(cat "$work/err")"
cat "$work/tls.key" "$work/tls.crt" >"$work/tls.pem"
export SSL_CERT_FILE="$work/tls.crt"
repeats='body={"code":"C-{digest}","subject":"{key}"}'

run() { # run WANT NAME RULE: one question after the other
    rules "$server" "$3"
    "$IMGPIPE" run "$work/in" --archive "$work/$2/a" \
        --state "$work/$2/s" --settle 0 --json --subject-from "$rule" \
        --subjects "$url" --jobs 1 --lookup-jobs 1 \
        >"$work/out" 2>"$work/err"
    code=$?
    [ $code -le 1 ] && [ "$1" = any ] || [ $code -eq "$1" ] ||
        fail "$2: exit $code: $(tail -n 3 "$work/err")"
    of_ledger "$work/$2/s" "SELECT subject, code FROM subjects" >"$work/codes"
    while IFS="|" read -r key code; do
        [ "$code" = "C-$(printf %s "$key" | sha256sum | cut -c 1-8)" ] ||
            fail "$2: somebody has the code of another"
    done <"$work/codes"
}
connections() { # that the server has seen
    cut -d ' ' -f 2 "$work/$server/log" | sort -u | wc -l
}

told_by_subject() { # told_by_subject NAME: nothing else was wrong with any
    [ "$(of_ledger "$work/$1/s" "SELECT count(*) FROM inputs WHERE reason NOT
        NULL AND reason <> 'subject: the answer is about another subject'")" \
        -eq 0 ] || fail "$1: $(of_ledger "$work/$1/s" 'SELECT reason FROM inputs')"
}
for server in plain secure; do
    if [ $server = plain ]; then
        start_stub plain
    else
        start_stub secure "tls=$work/tls.pem"
        url=https://localhost:${url#http://127.0.0.1:}
    fi
    run 0 $server-twice twice
    [ "$(field archived)" -eq $n ] || fail "twice: $(cat "$work/out")"
    # The stub itself may be so late that it comes too late for a few.
    run any $server-later "surplus=0+$repeats"
    archived=$(field archived) failed=$(field failed)
    told_by_subject $server-later
    [ $((archived + failed)) -eq $n ] && [ "$archived" -gt $((n * 3 / 4)) ] ||
        fail "later: $(cat "$work/out")"
    # A failed one was asked where the answer before was still to come again.
    [ "$(connections)" -eq $((2 * n - failed)) ] ||
        fail "$(connections) connections, $failed failed: want none asked with" \
            "an answer too many"
done

# It comes when the next question is under way. That can be told only if answers
# repeat the key; and the connection is given up, or each answer were that of
# the question before from then on.
server=late
start_stub late
run 1 late "delay=60+surplus=30+$repeats"
archived=$(field archived) failed=$(field failed)
told_by_subject late
[ $((archived + failed)) -eq $n ] && [ "$failed" -gt 0 ] &&
    [ "$archived" -ge $((n / 2)) ] || fail "late: $(cat "$work/out")"
run 0 late ''
[ "$(field archived)" -eq "$failed" ] || fail "not tried again"

echo "4 times $n codes right; of $n answers that came late $failed were told" \
    "by their subject"

# lookups.sh - sourced after e2e.sh: servers of look-ups (stub.py) for as long as
# the script runs, and words for them.
stubs=
trap 'kill $stubs 2>/dev/null; rm -rf "$work"' EXIT

await_that() { # await_that COMMAND...: until it succeeds
    tries=1200
    until "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || fail "waited in vain for: $*: $(tail -n 3 "$work/err")"
        sleep 0.05
    done
}

# start_stub NAME [ARGUMENT...]: its state is $work/NAME, its rules the lines of
# $work/NAME.rules behind those that are given, and $url where it is asked.
start_stub() {
    rm -rf "${work:?}/$1"
    stub=$work/$1
    shift
    python3 tests/lib/stub.py "$stub" "rules=$stub.rules" "$@" >/dev/null &
    stubs="$stubs $!"
    await_that [ -e "$stub/port" ]
    url=http://127.0.0.1:$(cat "$stub/port")/ask/{key}
}

rules() { # rules NAME [RULE...]: from now on
    stub=$work/$1
    shift
    printf '%s\n' "$@" >"$stub.new"
    mv "$stub.new" "$stub.rules"
}

asked() { # asked NAME: how many requests came
    wc -l <"$work/$1/log"
}

# The longest time that a server was late itself, in milliseconds.
lag() { # lag NAME
    awk '{ print int($1 * 1000) + 1 }' "$work/$1/lag"
}

now() { # milliseconds
    echo $(($(date +%s%N) / 1000000))
}

of_ledger() { # of_ledger STATE SQL
    sqlite3 -readonly "$1/ledger.db" "$2"
}

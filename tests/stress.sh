#!/bin/sh
# stress.sh BUILD_DIR tsan|drd - run every BUILD_DIR/bin/stress-* under a judge
# of threads: ThreadSanitizer, which is built in, or valgrind's DRD.
#
# Prints each program's closing line, and all its output if it fails. The first
# argument of a stress program is its amount of work. DRD runs it some fifty
# times slower and gets STRESS_DRD_SIZE; ThreadSanitizer gets the default.
set -u

usage() {
    echo 'usage: tests/stress.sh BUILD_DIR tsan|drd' >&2
    exit 2
}

# What is right for DRD depends on the program.
drd_size() {
    case $1 in
    stress-stencil) echo "${STRESS_DRD_SIZE:-5000}" ;;
    stress-lookup_sqlite) echo "${STRESS_DRD_SIZE:-15}" ;;
    stress-frames) echo "${STRESS_DRD_SIZE:-20}" ;;
    stress-sync) echo "${STRESS_DRD_SIZE:-100000}" ;;
    *) echo "${STRESS_DRD_SIZE:-200}" ;;
    esac
}

run_tsan() {
    # Kernels with more random address bits than ThreadSanitizer knows make it
    # die with "unexpected memory mapping"; setarch -R takes them away. Not
    # every container allows that.
    if setarch "$(uname -m)" -R true 2>/dev/null; then
        set -- setarch "$(uname -m)" -R "$@"
    fi
    TSAN_OPTIONS="halt_on_error=1 exitcode=66 ${TSAN_OPTIONS:-}" "$@"
}

# Without fair scheduling one thread can keep valgrind's lock from all others.
run_drd() {
    valgrind --tool=drd --fair-sched=yes --suppressions=tests/drd.supp \
        --error-exitcode=1 -q "$1" \
        "$(drd_size "$(basename "$1")")"
}

[ $# = 2 ] || usage
case $2 in
tsan | drd) ;;
*) usage ;;
esac

passed=0 failed=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
for program in "$1"/bin/stress-*; do
    [ -x "$program" ] || continue
    name=$(basename "$program")
    if "run_$2" "$program" >"$log" 2>&1; then
        passed=$((passed + 1))
        echo "$2: $name: $(grep ' passed, ' "$log" | head -n 1)"
    else
        status=$?
        failed=$((failed + 1))
        cat "$log"
        echo "$2: $name: exit $status: 0 passed, 1 failed"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]

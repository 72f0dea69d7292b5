# Each sample comes out as samples/EXPECTED.tsv says, and marked, in the demo, too.
. tests/lib/env.sh
. tests/lib/e2e.sh
cp -r "$SAMPLES/uploads" "$work/in"
"$IMGPIPE" run "$work/in" --archive "$work/a" --state "$work/s" --settle 0 \
    --verbose --jobs 1 >"$work/out" 2>"$work/err"
[ $? -eq 1 ] || fail "exit $?, want 1: some samples are damaged"
python3 - "$work" "$SAMPLES/EXPECTED.tsv" <<'PY' || exit 1
import os, re, sys
work, table = sys.argv[1:]
want = {}
for line in open(table):
    if line.strip() and not line.startswith("#"):
        path, outcome = line.rstrip("\n").split("\t")[:2]
        if path != "path":
            want[path] = outcome
got = {}
for line in open(work + "/err", errors="replace"):
    m = re.match(r"(archived|duplicate|skipped|quarantined|failed|cancelled): " + re.escape(os.path.realpath(work)) + r"/in/(.*?):", line)
    if m:
        got[m[2]] = m[1]
# Which of two equal images comes first is a matter of the scan's order.
for w in (want, got):
    for k, v in w.items():
        if v == "duplicate":
            w[k] = "archived"
bad = [f"{p}: {got.get(p)}, want {want.get(p)}" for p in sorted(set(want) | set(got)) if want.get(p) != got.get(p)]
print("\n".join(bad))
sys.exit(1 if bad or len(want) < 20 else 0)
PY
if [ -n "$IMP_TOOLS" ]; then
    "$IMP_TOOLS/leak-judge" "$work/a/data" >"$work/judge" ||
        fail "leak-judge: $(tail -n 5 "$work/judge")"
fi
# No name of an input is in the archive, nor on standard output.
for f in $(cd "$work/in" && find . -type f | sed 's|.*/||; s|\..*||' | sort -u); do
    if [ ${#f} -gt 4 ] && grep -rqaF "$f" "$work/a" "$work/out"; then
        fail "the archive holds the input's name $f"
    fi
done
# As `make demo` calls it.
"$SAMPLES/demo.sh" "$(realpath --relative-to=. "$IMGPIPE")" >"$work/demo" 2>&1 ||
    fail "the demo: $(grep -A 20 '^demo:' "$work/demo")"
echo "$(grep -vc '^#' "$SAMPLES/EXPECTED.tsv") samples as expected"

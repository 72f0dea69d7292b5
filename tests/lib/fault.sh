# fault.sh - sourced by the scripts in tests/fault, behind env.sh and e2e.sh.
SHIM=$build/lib/fault-shim.so

# The shim puts itself before malloc, and so do the sanitizers.
need_shim() {
    case $build in
    *release*) ;;
    *) skip "the shim and this build's malloc exclude each other" ;;
    esac
    [ -e "$SHIM" ] || fail "no $SHIM: make build-all"
}

need_root() {
    [ "$(id -u)" = 0 ] || skip "mounting a file system needs root"
}

# A handful of uploads: of several formats, two of them the same image, one for
# quarantine, one that is still being uploaded.
few_uploads() { # few_uploads DIRECTORY
    mkdir -p "$1/below"
    (cd "$SAMPLES/uploads" &&
        cp clinic-a/2026-11-20/patient_1001_jane-doe_detail.jpg \
            clinic-a/2026-11-20/patient_1003_maria-mustermann_back.jpg \
            clinic-b/ecg_1007_richard-roe.png clinic-c/echo_1002.gif \
            clinic-b/scan_1011.jpg.part "$1" &&
        cp clinic-a/2026-11-20/sent-again/mustermann.jpg \
            clinic-b/damaged_1008.png "$1/below")
}

# A few dozen: all samples, and small ones from the corpus.
many_uploads() { # many_uploads DIRECTORY
    mkdir -p "$1"
    cp -r "$SAMPLES/uploads/." "$1"
    [ -n "$IMP_CORPUS" ] || return 0
    find "$IMP_CORPUS/jpeg" "$IMP_CORPUS/png" -type f -size -8k | sort |
        awk 'NR % 4 == 0' | head -n 24 | xargs cp -t "$1"
}

campaign() { # campaign ARGUMENT...
    python3 tests/fault/campaign.py --build "$build" "$@"
}

# Uploads of two subjects, one image of both; with `named`, which runs a campaign
# in which images are called by code and digest.
uploads_of_two() { # uploads_of_two DIR
    mkdir -p "$1/ann" "$1/bob"
    python3 tests/s3/pictures.py "$1/ann" 3 8 'a{}.png'
    python3 tests/s3/pictures.py "$1/bob" 5 8 'b{}.png'
    rm "$1"/bob/b[0-2].png
    cp "$1/ann/a0.png" "$1/bob/b0.png"
    printf '%064d\n' 7 >"$1.key"
    chmod 600 "$1.key"
}
named() { # named UPLOADS MODE...
    two=$1
    shift
    campaign "$@" --uploads "$two" --option=--commit-every=2 \
        --option=--subject-from=dir --option=--key-file="$two.key" \
        --option=--name='{subject}/{digest:8}.{ext}' \
        --target bag --target tar.gz --after delete
}

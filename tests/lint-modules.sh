#!/bin/sh
# Each module includes only itself and those that the table allows it.
set -u
bad=0
allowed() {
    case $1 in
    base) echo "" ;;
    sync) echo "base" ;;
    dicom) echo "base" ;;
    net | source | ledger) echo "base sync" ;;
    image) echo "base sync dicom" ;;
    lookup | archive) echo "base sync net" ;;
    deid | mark) echo "base sync dicom image" ;;
    pipeline)
        echo "base sync net dicom image source lookup archive ledger deid mark"
        ;;
    *) echo "?" ;;
    esac
}
for dir in lib/*/; do
    module=$(basename "$dir")
    may=" $module $(allowed "$module") "
    case $may in *"?"*)
        echo "$dir: no row in the table of modules"
        bad=1
        ;;
    esac
    # shellcheck disable=SC2046
    for pair in $(grep -Eo '^#include "[a-z0-9_]+/' \
        $(find "$dir" -name '*.[ch]') | sed 's/:#include "/=/; s|/$||'); do
        file=${pair%%=*} other=${pair##*=}
        case $may in
        *" $other "*) ;;
        *)
            echo "$file: $module/ may not include $other/"
            bad=1
            ;;
        esac
    done
done
# Third-party types stay out of our headers.
if grep -nE '#include <(vips|glib|sqlite3|zlib|curl|expat|openssl|libexif|jpeglib|jansson|pcre2|sodium)' \
    $(find lib -name '*.h' ! -path 'lib/mark/vips/*'); then
    echo "a header includes a third-party library"
    bad=1
fi
exit $bad

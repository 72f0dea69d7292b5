# env.sh - sourced by the test scripts, from the top of the project, with
# $build set: where things are.
top=$PWD
case $build in
/*) ;;
*) build=$top/$build ;;
esac
IMGPIPE=$build/bin/imgpipe
SAMPLES=$top/samples
# Real images and judges; tests that need them say "skipped: no corpus".
: "${IMP_CORPUS=$top/../shared/corpus}"
: "${IMP_TOOLS=$top/../shared/tools}"
# The standard as data, of which scripts/dicom_tables.py makes tables.
: "${IMP_DICOM=$top/../shared/dicom}"
[ -d "$IMP_DICOM" ] || IMP_DICOM=
[ -d "$IMP_CORPUS" ] || IMP_CORPUS=
[ -d "$IMP_TOOLS" ] || IMP_TOOLS=
export IMGPIPE SAMPLES IMP_CORPUS IMP_TOOLS IMP_DICOM build top
# Nothing of the user's own state, locale or time zone may matter.
LC_ALL=C.UTF-8 TZ=UTC
export LC_ALL TZ

#!/bin/sh
# Does the installed lexon work? A new study in an empty folder, from events to report, in test size.
# The images, `make image-steps` and `make try-wheel` run it, with the lexon of the PATH.
set -eu

export DO_NOT_TRACK=1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
lexon new my-study
cd my-study
kedro run --pipelines first_look --env test
ls data/test/08_reporting/first_look/*/report.html

#!/bin/sh
# Installs lexon from a checkout into the running Python, with the tested versions.
# usage: install.sh CHECKOUT cpu|cuda
# The images (Containerfile, lexon.def) and `make image-steps`, in a virtual environment, run the same steps.
set -eu

checkout=$1
device=$2
cd "$checkout"
torch=$(grep '^torch==' constraints.txt)

export PIP_CONSTRAINT="$PWD/constraints.txt" PIP_BUILD_CONSTRAINT="$PWD/constraints.txt"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_PROGRESS_BAR=off
case $device in
    cpu) index=${TORCH_INDEX-https://download.pytorch.org/whl/cpu}   # empty: the one that pip is set up for
         pip install "$torch" ${index:+--index-url "$index"} ;;
    cuda) pip install --require-hashes --requirement requirements.lock ;;   # its torch brings CUDA; the machine brings the driver
    *) echo "install.sh: $device: choose cpu or cuda" >&2; exit 2 ;;
esac
pip install '.[root,export]'
lexon --version

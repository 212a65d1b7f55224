#!/bin/sh
# Installs lexon from a checkout into the running Python, with the tested versions.
# usage: install.sh CHECKOUT cpu|cuda
# The images (Containerfile, lexon.def) and CI, in a virtual environment, run the same steps.
set -eu

checkout=$1
device=$2
cd "$checkout"
torch=$(grep '^torch==' constraints.txt)

export PIP_CONSTRAINT="$PWD/constraints.txt" PIP_BUILD_CONSTRAINT="$PWD/constraints.txt"
export PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
case $device in
    cpu) pip install "$torch" --index-url "${TORCH_INDEX:-https://download.pytorch.org/whl/cpu}" ;;
    cuda) pip install "$torch" ;;   # PyPI's build for Linux brings CUDA; the machine brings the driver
    *) echo "install.sh: $device: choose cpu or cuda" >&2; exit 2 ;;
esac
pip install .
lexon --version

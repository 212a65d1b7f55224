"""What ends a command, and with which exit code."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from lexon.errors import (
    FAILED,
    OTHER_MACHINE,
    USER_MISTAKE,
    DataError,
    MachineError,
    exit_code,
    explained,
    first_cause,
)


@pytest.mark.parametrize("code", sorted(errno.errorcode))
def test_every_error_of_the_operating_system_is_one_sentence_that_names_the_file(code):
    error = explained(OSError(code, os.strerror(code), "/data/events.h5"))
    assert str(error).startswith("/data/events.h5: ")
    assert "\n" not in str(error)


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE, errno.ENOLCK])
def test_a_fault_of_the_machine_may_be_tried_again_elsewhere(code):
    assert explained(OSError(code, "x"), "events.h5").exit_code == OTHER_MACHINE


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES])
def test_what_only_the_user_can_change_is_not_tried_again(code):
    assert explained(OSError(code, "x"), "events.h5").exit_code == USER_MISTAKE


def test_a_refused_path_names_its_owner_and_mode(tmp_path):
    path = tmp_path / "events.h5"
    path.touch(mode=0o600)
    message = str(explained(PermissionError(errno.EACCES, "Permission denied", str(path))))
    assert f"belongs to {Path(path).owner()}, mode -rw-------" in message


def test_the_cause_of_what_kedro_wraps_is_explained():
    wrapped = RuntimeError("Failed while saving data")
    wrapped.__cause__ = OSError(errno.EIO, "Input/output error", "model.pt")
    assert isinstance(first_cause(wrapped), MachineError)
    wrapped.__cause__ = DataError("events.h5: row 3 is wrong")
    assert first_cause(wrapped) is wrapped.__cause__


@pytest.mark.parametrize(
    ("codes", "together"),
    [
        ([USER_MISTAKE, USER_MISTAKE], USER_MISTAKE),
        ([OTHER_MACHINE], OTHER_MACHINE),
        ([USER_MISTAKE, OTHER_MACHINE], OTHER_MACHINE),
        ([USER_MISTAKE, FAILED], FAILED),
        ([OTHER_MACHINE, FAILED], FAILED),
        ([OTHER_MACHINE, -9], FAILED),
        ([], FAILED),
    ],
)
def test_several_failures_have_the_exit_code_that_helps_most(codes, together):
    assert exit_code(codes) == together

"""A mistake in a file of the configuration is one sentence that names the file, and files are read
in one order.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lexon.errors import ConfigurationError
from lexon.framework.config_files import ConfigFiles, has_key

PATTERNS = {"parameters": ["parameters*", "parameters*/**", "**/parameters*"]}


def files(folder: Path, **texts: str | bytes) -> ConfigFiles:
    for name, text in texts.items():
        path = folder / "conf" / "local" / f"{name}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return ConfigFiles(folder / "conf", PATTERNS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "line 1: a list at the top level"),
        ("x\n", "line 1: a single value at the top level"),
        ("a: 1\nb: caf\xe9\n".encode("latin-1"), "line 2: byte 0xe9 is not UTF-8"),
        ("a: 1\n\tb: 2\n", "line 2.*blanks, not with tabs"),
        ("a: !!python/object:os.system x\n", "tags .* are not read"),
        ("a: !!int x\n", "invalid literal"),
        ('a: "${"\n', "references are written"),
        ("a: &a [*a]\n", "contains itself"),
        (
            "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
            + "".join(
                f"{k}: &{k} [{','.join(['*' + j] * 10)}]\n"
                for j, k in zip("abcdef", "bcdefg", strict=True)
            ),
            "anchors",
        ),
        ("1: 3\n", "line 1: 1 is no key"),
        ("a: 1\na: 2\n", "duplicate key a"),
        ("a: [1\n", "line 2"),
    ],
)
def test_a_mistake_names_file_and_line(tmp_path, text, message):
    with pytest.raises(ConfigurationError, match=f"conf/local/parameters.yml: .*{message}"):
        files(tmp_path, parameters=text).of("parameters", "local")


def test_two_files_with_one_key_are_both_named(tmp_path):
    with pytest.raises(
        ConfigurationError, match=r"parameters.yml and conf/local/parameters_old.yml both set a.b"
    ):
        files(tmp_path, parameters="a: {b: 1}", parameters_old="a: {b: 2}").of(
            "parameters", "local"
        )


def test_files_come_in_the_order_of_their_names(tmp_path):
    names = [f"parameters_{letter}" for letter in "hagcbfde"]
    found = files(tmp_path, **{name: f"{name}: 1" for name in names}, other="x: 1").of(
        "parameters", "local"
    )
    assert [path.stem for path in found] == sorted(names)


def test_anchors_an_empty_file_and_a_byte_order_mark_are_fine(tmp_path):
    found = files(
        tmp_path, parameters="\ufeffa: &a {x: 1}\nb: *a\n", parameters_none="# nothing\n"
    ).of("parameters", "local")
    assert [dict(config) for config in found.values()] == [{"a": {"x": 1}, "b": {"x": 1}}, {}]


def test_a_key_counts_as_set_where_its_value_is_empty_or_a_reference(tmp_path):
    (config,) = (
        files(tmp_path, parameters="a: {b: {}, c: null, d: '${nope}', 1: x}")
        .of("parameters", "local")
        .values()
    )
    assert all(has_key(config, key) for key in ("a", "a.b", "a.c", "a.d", "a.1"))
    assert not any(has_key(config, key) for key in ("a.b.x", "b", "a.e"))

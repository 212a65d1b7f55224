"""The table of parameters: names, defaults and reasons from conf/base, allowed values from types.

A parameter is what `lexon.config.parameters.Parameters` holds and conf/base/parameters*.yml sets;
the comment beside the default is the reason to change it. Nothing is written twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lexon.config import KINDS
from lexon.config.classifiers import classifier_classes
from lexon.config.parameters import Parameters
from lexon.config.tokenisers import tokeniser_classes
from lexon.config.training import SIZES

_UNIT = re.compile(r"(GeV|MB)(; | that |$)")
_UNIT_OF_NAME = {"_seconds": "s", "_minutes": "min", "minutes": "min"}


@dataclass(frozen=True)
class Entry:
    """A parameter of a file.

    Attributes:
        key: dotted.
        default: as the file has it; None of a group.
        comment: beside it, and the lines below that continue it.
    """

    key: str
    default: str | None
    comment: str

    @property
    def unit(self) -> str:
        """The unit that the comment begins with, or the name ends with."""
        if found := _UNIT.match(self.comment):
            return found[1]
        return next((u for end, u in _UNIT_OF_NAME.items() if self.key.endswith(end)), "")


def entries(text: str) -> list[Entry]:
    """All parameters and groups of a YAML file, in order."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return [] if root is None else list(_walk(root, (), text, text.splitlines()))


def _walk(
    node: yaml.Node, above: tuple[str, ...], text: str, lines: Sequence[str]
) -> Iterator[Entry]:
    for key, value in node.value:
        names = (*above, str(key.value))
        is_group = isinstance(value, yaml.MappingNode) and not value.flow_style
        last = key.end_mark.line if is_group else value.end_mark.line
        default = None if is_group else text[value.start_mark.index : value.end_mark.index].strip()
        comment = _comment(lines, last)
        if is_group and not comment:
            comment = _above(lines, key.start_mark.line)
        yield Entry(".".join(names), default, comment)
        if is_group:
            yield from _walk(value, names, text, lines)


def _above(lines: Sequence[str], number: int) -> str:
    """The comment on the lines directly above a group."""
    found: list[str] = []
    while number and lines[number - 1].lstrip().startswith("#"):
        number -= 1
        found.insert(0, lines[number].lstrip("# ").strip())
    return " ".join(found)


def _comment(lines: Sequence[str], number: int) -> str:
    """The comment at the end of a line, and the comments alone on the next lines that are indented
    as far as it or further.
    """
    _, mark, first = lines[number].partition(" # ")
    if not mark:
        return ""
    column, found = lines[number].index(" # "), [first]
    for line in lines[number + 1 :]:
        words = line.strip()
        if not words.startswith("#") or len(line) - len(line.lstrip()) < min(column, 20):
            break
        found.append(words.lstrip("# "))
    return " ".join(part.strip() for part in found)


# Names that are known by a class each: the types say so by a check, which no schema shows.
NAMED: Mapping[str, Sequence[str]] = {
    "kind": list(KINDS),
    "tokeniser": [name for name, made in tokeniser_classes().items() if made.selectable],
    "model.name": list(classifier_classes()),
    "model.size": list(SIZES),
}


def allowed(key: str, schema: Mapping[str, Any] | None = None) -> str:
    """What a parameter may be, in words.

    Raises:
        KeyError: no type has such a parameter.
    """
    if key in NAMED:
        return ", ".join(f"`{name}`" for name in NAMED[key])
    schema = schema or Parameters.model_json_schema()
    found: Mapping[str, Any] = schema
    for part in key.split("."):
        found = _resolved(found, schema)
        known = found.get("properties", {})
        found = known[part] if part in known else found["additionalProperties"]
    return _words(found, schema)


_TYPES = {
    "null": "`null`",
    "boolean": "`true`, `false`",
    "string": "text",
    "array": "a list",
    "object": "a mapping",
}


def _resolved(found: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in found:
        found = schema["$defs"][found["$ref"].rpartition("/")[2]]
    return found


def _words(found: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    found = _resolved(found, schema)
    if values := found.get("enum", [found["const"]] if "const" in found else []):
        return ", ".join(f"`{value}`" for value in values)
    if "anyOf" in found:
        return " or ".join(dict.fromkeys(_words(part, schema) for part in found["anyOf"]))
    kind = found.get("type", "object")
    if kind in ("integer", "number"):
        return _range(found)
    return "a path" if found.get("format") == "path" else _TYPES[kind]


def _range(found: Mapping[str, Any]) -> str:
    """Whole number or number, with its limits."""
    signs = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
    limits = [f"{sign} {found[name]:,}" for name, sign in signs.items() if name in found]
    what = "whole number" if found["type"] == "integer" else "number"
    return " ".join([what, ", ".join(limits)]).strip()


def page(folder: Path) -> str:
    """The page, in Markdown.

    Args:
        folder: conf/base.

    Raises:
        ValueError: a parameter has no reason beside it, nor one of its name elsewhere.
    """
    schema = Parameters.model_json_schema()
    files = {
        path.name: entries(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("parameters*.yml"))
    }
    reasons = {
        entry.key: entry.comment for found in files.values() for entry in found if entry.comment
    }
    lines = [
        "# Parameters",
        "",
        "Made from `conf/base/parameters*.yml` (names, defaults, reasons) and the types of"
        " `lexon.config` (allowed values). On the command line: `--params key=value`; in a file of"
        " `conf/experiments` or `conf/local`, as YAML. In a file, a list spans an axis of a grid"
        " where `grid.axes` names the key; on the command line, wherever the parameter takes one"
        " value. Energies are in GeV, angles in rad; without a unit, a value is"
        " a number.",
        "",
    ]
    for name, found in files.items():
        lines += [f"## {name}", ""]
        lines += [
            "| parameter | default | unit | allowed | why change it |",
            "|---|---|---|---|---|",
        ]
        for entry in found:
            if entry.default is not None:
                lines.append(_row(entry, _reason(entry, reasons), allowed(entry.key, schema)))
        lines.append("")
    return "\n".join(lines)


def _reason(entry: Entry, reasons: Mapping[str, str]) -> str:
    """Its own reason; that of `training.x` for the same setting of another training; or its
    group's.
    """
    group, _, name = entry.key.rpartition(".")
    of_training = f"training.{name}" if group.endswith(".training") else ""
    for key in (entry.key, of_training, group):
        if key in reasons:
            return reasons[key]
    raise ValueError(f"conf/base: {entry.key} has no comment that says why to change it")


def _row(entry: Entry, reason: str, values: str) -> str:
    default = " ".join((entry.default or "").split())
    cells = (f"`{entry.key}`", f"`{default}`", entry.unit, values, reason)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"

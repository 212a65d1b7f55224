"""What a reader of YAML complains of, with the remedy."""

from __future__ import annotations

import yaml


def yaml_problem(error: yaml.YAMLError) -> str:
    """Where and why YAML cannot be read, and the remedy."""
    problem = str(getattr(error, "problem", None) or error).splitlines()[0]
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    remedy = "write `key: value`, and quote what YAML might take for something else"
    if r"'\t'" in problem:
        remedy = "indent with blanks, not with tabs"
    elif "constructor for the tag" in problem:
        remedy = "tags (words that begin with !) are not read; write a plain value, or quote it"
    return f"{where}{problem}; {remedy}"


def first_line(error: Exception) -> str:
    """An error's text without the lines that only its library understands."""
    return str(error).strip().splitlines()[0]

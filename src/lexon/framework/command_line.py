"""What a user types after --params, and how a command ends when it cannot be right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
import yaml
from kedro.framework.cli.utils import _config_file_callback, split_string
from kedro.utils import load_obj
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from lexon.errors import ConfigurationError, LexonError
from lexon.framework.yaml_errors import first_line, yaml_problem

if TYPE_CHECKING:
    from lexon.runners.cluster.runner import WorkflowFailed
    from lexon.runners.local import RunFailed


class CommandFailed(click.ClickException):
    """An error that needs no traceback: the message, and an exit code that a batch system can act
    on.
    """

    def __init__(self, error: LexonError | RunFailed | WorkflowFailed) -> None:
        super().__init__(str(error))
        self.exit_code = error.exit_code  # type: ignore[misc]  # click declares it for the class


def typed_parameters(context: click.Context, option: click.Parameter, typed: Any) -> dict[str, Any]:
    """The callback of `--params`: `a.b=1,run=6.10` -> `{"a": {"b": 1}, "run": "6.10"}`."""
    if isinstance(typed, dict):  # from --config FILE
        return typed
    try:
        return _nested(split_string(context, option, typed))
    except LexonError as error:
        raise CommandFailed(error) from error


def checked_runner(
    _context: click.Context, _option: click.Parameter, typed: str | None
) -> str | None:
    """The callback of `--runner`: a runner that exists, or none.

    Raises:
        CommandFailed: there is no such runner.
    """
    try:
        if typed is not None:
            load_obj(typed, "kedro.runner")
    except (ImportError, AttributeError, ValueError) as error:
        advice = "leave it out to take the site's own, or choose SequentialRunner"
        raise CommandFailed(
            ConfigurationError(f"--runner {typed}: no such runner; {advice}")
        ) from error
    return typed


def checked_config(
    context: click.Context, option: click.Parameter, typed: str | None
) -> str | None:
    """The callback of `--config`: a file of options, as Kedro reads it.

    Raises:
        CommandFailed: it is no such file.
    """
    try:
        return _config_file_callback(context, option, typed)
    except yaml.YAMLError as error:
        raise CommandFailed(
            ConfigurationError(f"--config {typed}: {yaml_problem(error)}")
        ) from error
    except (
        AttributeError,
        KeyError,
        TypeError,
        OSError,
        ValueError,
        OmegaConfBaseException,
    ) as error:
        advice = (
            "options lie below the key run, as in `run: {env: test, pipelines: [binning_flaw]}`"
        )
        raise CommandFailed(
            ConfigurationError(
                f"--config {typed}: is no file of options ({first_line(error)}); {advice}"
            )
        ) from error


def split_lists(value: Any, key: str = "") -> Any:
    """`cls|max` -> `[cls, max]`, because a comma separates parameters on the command line.

    Raises:
        ConfigurationError: a part is empty or no YAML.
    """
    if isinstance(value, dict):
        return {
            name: split_lists(item, f"{key}.{name}" if key else str(name))
            for name, item in value.items()
        }
    if isinstance(value, str) and "|" in value:
        return [_value(key, item, value) for item in value.split("|")]
    return value


def refuse_unusable(parameters: dict[str, Any], key: str = "") -> None:
    """Refuse what would be ignored without a word, wherever it was typed.

    Raises:
        ConfigurationError: a key that begins with an underscore, or a group without anything in it.
    """
    for name, value in parameters.items():
        dotted = f"{key}.{name}" if key else str(name)
        if str(name).startswith("_") or not str(name).strip():
            raise ConfigurationError(
                f"--params {dotted}: no such parameter; none begins with an underscore or is empty"
            )
        if isinstance(value, dict):
            if not value:
                raise ConfigurationError(
                    f"--params {dotted}={{}}: it is empty and would change nothing; leave it out,"
                    " or give it values"
                )
            refuse_unusable(value, dotted)


def _nested(items: list[str]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for item in items:
        key, equals, text = (part.strip() for part in item.partition("="))
        if not equals:
            raise ConfigurationError(
                f"--params {item}: has no value; write {item}=VALUE, and a list with bars:"
                " pool=cls|max"
            )
        *groups, leaf = _parts(key)
        target = nested
        for group in groups:
            target = target.setdefault(group, {})
            if not isinstance(target, dict):
                raise ConfigurationError(
                    f"--params {key}: {group} has a value of its own in the same command; leave"
                    " one out"
                )
        if leaf in target:
            raise ConfigurationError(
                f"--params {key}: typed twice, {target[leaf]} and {text}; leave one out, or write a"
                f" list: {key}=A|B"
            )
        target[leaf] = text if "|" in text else _value(key, text, text)
    return nested


def _parts(key: str) -> Iterator[str]:
    parts = key.split(".")
    if (
        not all(part.strip() for part in parts)
        or any(character in key for character in "[]{}")
        or not key.isprintable()
    ):
        raise ConfigurationError(f"--params {key}: not a parameter's name; write group.key=VALUE")
    yield from parts


def _value(key: str, text: str, whole: str) -> Any:
    """One value as YAML reads it, or as it was typed where the parameter is text: a run called 6.10
    is not 6.1.
    """
    from lexon.config.fields import is_text

    if not text.strip():
        raise ConfigurationError(
            f"--params {key}={whole}: a value is missing (an unset shell variable?); null unsets a"
            " parameter"
        )
    if is_text(key) and text[:1] not in "'\"!$" and text.lower() not in ("null", "~"):
        return text
    try:
        (value,) = OmegaConf.to_container(OmegaConf.from_dotlist([f"value={text}"])).values()  # type: ignore[union-attr]
    except yaml.YAMLError as error:
        raise ConfigurationError(f"--params {key}={whole}: {yaml_problem(error)}") from error
    except (OmegaConfBaseException, ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"--params {key}={whole}: {first_line(error)}; quote it if it is text"
        ) from error
    return value

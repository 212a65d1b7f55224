"""conf/<site>/tracking.yml, as types."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, PositiveFloat, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from lexon.config import Config
from lexon.errors import ConfigurationError

FILE = "tracking.yml"
SECRETS = (
    "keys and passwords are never read from files of conf/: MLflow takes MLFLOW_TRACKING_USERNAME"
    " and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, W&B takes WANDB_API_KEY or what"
    " `wandb login` wrote"
)
Text = Annotated[str, Field(min_length=1)]
Project = Annotated[str, Field(pattern=r"^[^/\\#?%:]{1,128}$")]  # what W&B takes


class WandbSettings(Config):
    """What is below `wandb`.

    Attributes:
        mode: offline writes files, which `wandb sync` sends; online sends at once.
        folder: of those files; null: WANDB_DIR, or else DATA_ROOT.
    """

    project: Project
    entity: Text | None = None
    mode: Literal["offline", "online"] = "offline"
    folder: Text | None = None


class TrackingSettings(Config):
    """The services that show runs; neither of them by default.

    Attributes:
        mlflow: address of an MLflow server.
        seconds: between two exports of what is still training; null: only at the end of a command.
    """

    mlflow: str | None = None
    wandb: WandbSettings | None = None
    seconds: PositiveFloat | None = None

    @field_validator("mlflow")
    @classmethod
    def _is_a_server(cls, uri: str | None) -> str | None:
        """An address without a password in it, which records and logs would show."""
        if uri is None:
            return None
        try:
            parts = urlsplit(uri)
            _ = parts.port
        except ValueError as error:
            raise PydanticCustomError(
                "address", "not an address ({why})", {"why": str(error)}
            ) from error
        if "@" in parts.netloc:
            raise PydanticCustomError(
                "address", "holds a name or password; {secrets}", {"secrets": SECRETS}
            )
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PydanticCustomError(
                "address",
                "not the address of an MLflow server, such as http://127.0.0.1:5000; for a database"
                " start one: mlflow server --backend-store-uri sqlite:///mlflow.db",
                {},
            )
        return uri.rstrip("/")

    @property
    def services(self) -> tuple[str, ...]:
        """The packages that are needed, one a service."""
        return tuple(name for name in ("mlflow", "wandb") if getattr(self, name) is not None)


def read_settings(raw: dict[str, Any]) -> TrackingSettings:
    """The settings of a site.

    Raises:
        ConfigurationError: a service or a key is unknown, or a value cannot be right; names each.
    """
    try:
        return TrackingSettings(**raw)
    except ValidationError as error:
        problems = [_problem(each) for each in error.errors()]
        raise ConfigurationError("\n".join([f"{FILE} cannot be right:", *problems])) from error


def _problem(error: Any) -> str:
    """One line: key, value, and what is allowed; a value that may be a secret is not repeated."""
    key = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        known = ", ".join(WandbSettings.model_fields)
        return f"  {key}: no such setting; known there: {known}; {SECRETS}"
    if error["type"] == "missing":
        return f"  {key}: is missing"
    shown = "" if "password" in error["msg"] else f"={error['input']!r}"
    return f"  {key}{shown}: {error['msg']}"


def refuse_missing_packages(settings: TrackingSettings) -> None:
    """Raise a ConfigurationError unless what the services need is installed."""
    if missing := [name for name in settings.services if find_spec(name) is None]:
        raise ConfigurationError(
            f"{FILE}: {missing[0]} is configured, but the package {missing[0]} is not installed"
            " here: pip install 'lexon[tracking]', or set it to null in conf/local/tracking.yml"
        )

"""The two errors a user can cause. Trying again without a change is pointless, so a batch system should not."""


class LexonError(ValueError):
    """A mistake in what the user gave: the message names the thing, its value and the remedy."""

    exit_code = 2


class ConfigurationError(LexonError):
    """A parameter that is unknown, out of range, or contradicts another one."""


class DataError(LexonError):
    """An input file whose content cannot be right: names file, dataset, first bad row and value."""


def first_cause(error: BaseException) -> BaseException:
    """The user's mistake behind an error, or else what went wrong first; Kedro wraps what a dataset raises."""
    while error.__cause__ is not None and not isinstance(error, LexonError):
        error = error.__cause__
    return error

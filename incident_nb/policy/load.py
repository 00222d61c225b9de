"""The procedure as typed, frozen data, read once from `policy.toml` or from a file of the same shape."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from incident_nb.errors import SettingsError
from incident_nb.policy.tables import Policy

DEFAULT = Path(__file__).with_name("policy.toml")


@cache
def load(path: Path | None = None) -> Policy:
    """The policy of a file, by default the one that comes with the package; each file is read once per process.

    Raises `SettingsError` that names the file and every place in it that does not fit.
    """
    source = path or DEFAULT
    try:
        tables = tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The policy file {source} could not be read: {error}. Check the path.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The policy file {source} is not valid TOML: {error}. Correct that line.") from error
    settings = tables.get("settings")
    try:
        return Policy.model_validate(_filled(tables, settings if isinstance(settings, dict) else {}))
    except ValidationError as error:
        raise SettingsError(_explain(source, error)) from error


def _filled(value: object, settings: dict[str, object]) -> object:
    """The same tables with the two settings written into their texts; other braces belong to the procedure."""
    if isinstance(value, dict):
        return {key: _filled(inner, settings) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, settings) for inner in value]
    if isinstance(value, str):
        for name in ("escalate_to", "billing_rate"):
            value = value.replace(f"{{{name}}}", str(settings.get(name, "")))
    return value


def _explain(source: Path, error: ValidationError) -> str:
    # A union reports one error per branch; one line per place is enough.
    places: dict[str, str] = {}
    for problem in error.errors(include_url=False):
        table, *rest = problem["loc"] or ("file",)
        index = rest[0] if rest and isinstance(rest[0], int) else None
        keys = [key for key in rest if isinstance(key, str)][:1]
        row = [] if index is None else [f"row {index + 1}"]
        places.setdefault(" ".join([str(table), *row, *keys]), problem["msg"])
    lines = "\n".join(f"  {place}: {message}" for place, message in places.items())
    return f"The policy file {source} does not fit:\n{lines}\nCompare it with the package's own policy.toml."

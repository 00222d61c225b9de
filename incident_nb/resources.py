"""Where the files that come with the package lie: at the root of a checkout, in `_house` of an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_HOUSE = _PACKAGE / "_house" if (_PACKAGE / "_house").is_dir() else _PACKAGE.parent


def templates() -> Path:
    """The folder of templates: `nbconvert/` for reports, `documents/` for what is written from the record."""
    return _HOUSE / "templates"


def notebooks() -> Path:
    """The folder of the notebooks that come with the package. Runs are written elsewhere, never here."""
    return _HOUSE / "notebooks"


def sample() -> Path:
    """The folder of the bundled sample data, the offline default of every notebook and of the demo."""
    return _PACKAGE / "sample"

"""What can go wrong, seen from the caller: each message says what was tried, what happened and what to do."""

from __future__ import annotations


class IncidentNbError(Exception):
    """Base of everything this package raises on purpose. `exit_code` is what the command line ends with."""

    exit_code = 1


class UsageError(IncidentNbError):
    """The caller asked for something that does not exist or does not fit: an unknown id, an unknown workflow."""

    exit_code = 2


class SourceError(UsageError):
    """A source could not be read at all. Damaged rows inside a readable source are skipped and counted instead."""


class SettingsError(UsageError):
    """A setting is missing or has a value that cannot be used. Never carries the value of a secret."""


class MissingExtraError(UsageError):
    """An optional library is needed for this; the message holds the install line."""


class UnreachableError(IncidentNbError):
    """A system did not answer, or not as it should; the message says what was asked, what came, and what to do."""


class OutputError(IncidentNbError):
    """A result could not be written where it was asked for."""


class LeakError(OutputError):
    """A result was not written because a secret stood in it, at the place that the message names."""


class NotebookError(IncidentNbError):
    """A notebook run did not finish; the partly executed notebook is kept and reported on."""

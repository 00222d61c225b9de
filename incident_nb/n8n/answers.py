"""The ways in which an n8n server says no, and which of them will not change another time."""

from __future__ import annotations

from incident_nb.errors import UnreachableError
from incident_nb.http import RequestError

REFUSALS = (400, 401, 403, 404, 405, 409, 413, 415, 422, 429)
UNDONE = tuple(status for status in REFUSALS if status != 400)  # answers after which nothing was done


class NotThereError(UnreachableError):
    """The server has no such thing."""


class RefusedError(UnreachableError):
    """The server refused with this `status`. n8n 1.x answers 400 to whatever went wrong, however far it had come."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class BrokenError(UnreachableError):
    """The server tried, and failed over this very thing (status 500)."""


def lasting(error: UnreachableError) -> str | None:
    """Why an execution's data will not be had another time either; None where it may."""
    if isinstance(error, BrokenError):
        return "the server can't give its data (status 500)"
    if isinstance(error, NotThereError):
        return "it was gone before its data could be read"
    if isinstance(error, RequestError) and error.reason == "too_large":
        return "its data is larger than an answer may be"
    return None

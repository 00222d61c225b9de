"""Every kind of event, a small class each, in files by the procedure's steps. A new kind is a new class in one of them."""

from __future__ import annotations

from incident_nb.incidents.kinds import acting, diagnosing, ending, mending, opening, recovering, telling
from incident_nb.incidents.payload import Payload

_FILES = (opening, diagnosing, mending, acting, recovering, telling, ending)
KINDS: dict[str, type[Payload]] = {
    value.kind: value
    for file in _FILES
    for value in vars(file).values()
    if isinstance(value, type) and issubclass(value, Payload) and value is not Payload
}

"""The record of incidents: events that are only ever added, the incident folded from them, and the store of both."""

from __future__ import annotations

from incident_nb.incidents.events import Event, fold, payload_of
from incident_nb.incidents.folder import put_into, take_from
from incident_nb.incidents.kinds import KINDS
from incident_nb.incidents.payload import Payload
from incident_nb.incidents.store import Records, records_of

__all__ = ["KINDS", "Event", "Payload", "Records", "fold", "payload_of", "put_into", "records_of", "take_from"]

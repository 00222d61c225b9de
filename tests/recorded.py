"""Events to record: one of each kind, and any valid ones by Hypothesis, corrections of earlier ones included."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from incident_nb.incidents import KINDS, Event, Payload, Records, fold, payload_of
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.record import Incident

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = "2026-11-27T17:00:00Z"

# One of each kind, as it is kept.
ONE_OF_EACH: dict[str, dict[str, Any]] = {
    "opened": {"title": "Orders fails", "detected_at": "2026-11-23T11:58:00Z", "client": "ACME", "source": "slack",
               "subject": {"instance": "default", "workflow": "Orders", "node": "Ask", "fingerprint": "a1b2c3d4e5f6"}},
    "imported": {"incident": 7, "events": 12, "exported_at": LATER},
    "assigned": {"client": "ACME"},
    "acknowledged": {},
    "severity_suggested": {"severity": "P2", "reasons": ["SEV-X3: a workflow of one client is down"]},
    "severity_chosen": {"severity": "P1", "reason": "the shop is closed"},
    "noticed": {},
    "scheduled": {"due": LATER},
    "diagnosed": {"headline": "The key has expired", "cause": "credentials", "confidence": 0.9, "case": "case",
                  "subject": {"execution_id": "4711"}, "recurring": True},
    "investigated": {"attempt": 2, "done": False, "reason": "the kernel died", "report": "incidents/INC-1/report"},
    "vendor_watched": {"vendor": "Slack", "level": "down", "eta": LATER, "text": "Messages are not delivered"},
    "cause_accepted": {"cause": "credentials", "detail": "expired", "reason": "seen in the service"},
    "cause_rejected": {"cause": "timeout", "reason": "it answers in 2 s"},
    "fact_confirmed": {"fact": "data_loss", "true": False, "text": "all runs were repeated"},
    "occurred": {"execution_id": "4712", "count": 3},
    "related": {"incident": "INC-2", "why": "the same key"},
    "started": {"row": "RES-1", "text": "with the client"},
    "ticked": {"row": "RES-1", "text": "by hand", "execution_id": "4799", "among": ["4797", "4798"]},
    "worked_around": {"what": "the old key for now", "due": LATER},
    "waiting_began": {"why": "a new key"},
    "waiting_ended": {},
    "stopping": {"instance": "default", "scope": "its workflow",
                 "workflows": [{"workflow_id": "w1", "workflow": "Orders", "version": "v7"}]},
    "stopped": {"instance": "default", "workflows": ["w1"], "left": {"w2": "n8n did not stop it"}},
    "restored": {"instance": "default", "workflows": ["w1"], "left": {"w3": "n8n did not activate it"},
                 "over": {"w4": "it was deleted"}},
    "harmed": {"instance": "default", "since": "2026-11-23T11:00:00Z", "failed": 4, "green": 1, "workflows": ["Orders"],
               "clients": ["ACME"], "items": {"invoices": 3}, "wrote": {"Store": 2}, "unseen": 1},
    "retrying": {"instance": "default", "execution_id": "4711", "workflow": "Orders", "current": True, "known": ["4712"]},
    "retried": {"instance": "default", "execution_id": "4711", "state": "failed", "retry_id": "4720", "text": "401 at Send"},
    "fixed": {"what": "a new key"},
    "run_watched": {"execution_id": "4800", "good": False, "text": "failed again at “Ask”", "began": LATER},
    "resolved": {"text": "three good runs", "open_items": {"VER-5": "there is no staging"}},
    "notified": {"notice": "holding", "subject": "We are on it", "to": "the shop"},
    "escalated": {"row": "ESC-1", "to": "the lead"},
    "reminded": {"of": "resolve", "state": "at_risk", "due": LATER, "text": "an hour is left"},
    "billing_classified": {"row": "BILL-2", "hours": 1.5, "reason": "their key", "uses": "allocation"},
    "billing_approved": {"text": "by mail"},
    "prevention": {"text": "Watch for keys that expire", "owner": "Kim", "due": LATER},
    "prevented": {"action": "Watch for keys that expire"},
    "worded": {"section": "what_happened", "text": "The shop's key had ended"},
    "waived": {"gap": "impact", "reason": "nobody can count it", "found": "a1b2c3d4e5f60718"},
    "documented": {"row": "DOC-2", "path": "learnings/keys.md", "sections": {"Cause": "a1b2c3d4"}},
    "note": {"text": "Lunch"},
    "reopened": {"reason": "it fails again"},
    "corrected": {"seq": 2, "reason": "it was somebody else"},
    "closed": {"text": "done", "open_items": {"FIN-8": "nothing to learn"}},
}  # fmt: skip

_words = st.text(max_size=12).map(lambda text: f"w{text}")  # something that anybody sees
_instants = st.integers(-5000, 5000).map(lambda minutes: NOON + timedelta(minutes=minutes))
_dates = _instants.map(lambda instant: instant.isoformat())
_causes = st.sampled_from(["credentials", "timeout", "network", "unknown"])
_flag = st.booleans()
_subjects = st.fixed_dictionaries({}, optional={"workflow": _words, "node": _words, "fingerprint": _words})
_left = st.dictionaries(st.sampled_from(["VER-1", "VER-5", "FIN-1"]), _words, max_size=2)

_reasons = st.dictionaries(_words, _words, max_size=2)
_counts = st.dictionaries(_words, st.integers(0, 9), max_size=2)
_names = st.sampled_from(["default", "4711"])
_running = st.fixed_dictionaries({"workflow_id": _words, "workflow": _words}, optional={"version": _words})


def _with(fixed: dict[str, Any] | None = None, **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(fixed or {}, optional=optional)


VALUES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "opened": _with({"title": _words, "detected_at": _dates}, client=_words, subject=_subjects, noticed=_flag, text=_words),
    "assigned": _with({"client": _words}),
    "acknowledged": _with(),
    "severity_suggested": _with({"severity": st.sampled_from(["P1", "P4"])}, reasons=st.lists(_words, max_size=2)),
    "severity_chosen": _with({"severity": st.sampled_from(["P2", "P3"])}, reason=_words),
    "noticed": _with(noticed=_flag),
    "scheduled": _with({"due": _dates}),
    "diagnosed": _with({"headline": _words, "cause": _causes, "confidence": st.floats(0, 1)}, subject=_subjects, recurring=_flag),
    "investigated": _with({"attempt": st.integers(1, 9), "done": _flag}, reason=_words, report=_words),
    "vendor_watched": _with({"vendor": _words, "level": st.sampled_from(["up", "down"])}, eta=_dates, text=_words),
    "cause_accepted": _with({"cause": _causes}, detail=_words, reason=_words),
    "cause_rejected": _with({"cause": _causes, "reason": _words}),
    "fact_confirmed": _with({"fact": st.sampled_from(["data_loss", "security"])}, true=_flag, text=_words),
    "occurred": _with(count=st.integers(1, 9), execution_id=_words),
    "related": _with({"incident": st.sampled_from(["INC-8", "INC-9"])}, why=_words),
    "started": _with({"row": st.sampled_from(["VER-1", "FIN-2", "RES-1"])}, text=_words),
    "ticked": _with(
        {"row": st.sampled_from(["VER-1", "FIN-2", "RES-1"])}, done=_flag, text=_words, execution_id=_words,
        among=st.lists(_words, max_size=2),
    ),
    "worked_around": _with({"what": _words, "due": _dates}),
    "waiting_began": _with({"why": _words}),
    "waiting_ended": _with(),
    "stopping": _with({"instance": _words, "scope": _words, "workflows": st.lists(_running, min_size=1, max_size=3)}),
    "stopped": _with({"instance": _words}, workflows=st.lists(_words, max_size=2), left=_reasons),
    "restored": _with({"instance": _words}, workflows=st.lists(_words, max_size=2), left=_reasons, over=_reasons),
    "harmed": _with({"instance": _words, "since": _dates, "failed": st.integers(0, 9)}, workflows=st.lists(_words, max_size=2),
                    items=_counts, wrote=_counts),
    "retrying": _with({"instance": _names, "execution_id": _names, "workflow": _words}, current=_flag,
                      known=st.lists(_words, max_size=2)),
    "retried": _with({"instance": _names, "execution_id": _names, "state": st.sampled_from(["well", "failed"])}, retry_id=_words),
    "fixed": _with({"what": _words}),
    "run_watched": _with({"execution_id": _words, "good": _flag}, by_hand=_flag, text=_words, began=_dates),
    "resolved": _with(text=_words, open_items=_left),
    "notified": _with(notice=st.sampled_from(["notice", "holding", "brief"]), subject=_words, to=_words),
    "escalated": _with({"row": st.sampled_from(["ESC-1", "ESC-2"]), "to": _words}),
    "reminded": _with({"of": st.sampled_from(["notify", "ESC-1"]), "state": st.just("missed"), "due": _dates}, text=_words),
    "billing_classified": _with({"row": st.sampled_from(["BILL-1", "BILL-3"])}, hours=st.floats(0, 99), reason=_words,
                                uses=st.sampled_from(["allocation", "rate"])),
    "billing_approved": _with({"text": _words}),
    "prevention": _with({"text": _words}, owner=_words, due=_dates),
    "prevented": _with({"action": _words}),
    "worded": _with({"section": st.sampled_from(["subject", "impact"])}, text=_words),
    "waived": _with({"gap": st.sampled_from(["impact", "owner"]), "reason": _words}),
    "documented": _with({"path": _words}, row=st.sampled_from(["DOC-1", "DOC-2"]),
                        sections=st.dictionaries(_words, _words, max_size=2)),
    "note": _with({"text": _words}),
    "reopened": _with({"reason": _words}),
    "closed": _with(text=_words, open_items=_left),
}  # fmt: skip
"""By kind what any valid one says: all but `imported`, which only an import writes, and corrections."""

ADDED = sorted(set(VALUES) - {"opened"})


@st.composite
def steps(draw: st.DrawFn, most: int = 12) -> list[tuple[str, dict[str, Any], datetime | None]]:
    """What is recorded one after the other, the opening first: kind, values and when it happened."""
    made: list[tuple[str, dict[str, Any], datetime | None]] = [("opened", draw(VALUES["opened"]), draw(_instants))]
    for _ in range(draw(st.integers(0, most))):
        at = draw(st.none() | _instants)
        if draw(st.integers(0, 2)):
            kind = draw(st.sampled_from(ADDED))
            made.append((kind, draw(VALUES[kind]), at))
        else:
            made.append(("corrected", draw(corrections(made)), at))
    return made


@st.composite
def corrections(draw: st.DrawFn, made: list[tuple[str, dict[str, Any], datetime | None]]) -> dict[str, Any]:
    """A correction of one of these."""
    seq = draw(st.integers(1, len(made)))
    kind = made[seq - 1][0]
    values: dict[str, Any] = {"seq": seq, "reason": "erred"}
    what = draw(st.sampled_from(["instant", "values", "both"] + ["gone"] * (kind != "opened")))
    if what in ("instant", "both"):
        values["happened_at"] = draw(_dates)
    if what in ("values", "both"):
        values["payload"] = draw(corrections(made[: seq - 1]) if kind == "corrected" else VALUES[kind])
    return values


def one(kind: str, **values: Any) -> Payload:
    """A payload: the example of its kind, with other values where they are given."""
    return payload_of(kind, {**copy.deepcopy(ONE_OF_EACH[kind]), **values})


def opened(**values: Any) -> Opened:
    """What opens an incident."""
    made = one("opened", **values)
    assert isinstance(made, Opened)
    return made


def engine_of(records: Records) -> Engine:
    """The engine under the records, for looks beside them."""
    return records._engine


def kept(records: Records, number: int) -> Incident:
    """The state that a board is shown."""
    return next(incident for incident in records.incidents() if incident.number == number)


def sound(records: Records, number: int) -> tuple[Event, ...]:
    """The events of an incident; fails where they have gaps, or the state that is kept is not what they fold to."""
    events = records.events(number)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert kept(records, number) == fold(events)
    return events


def stored(place: Path | str) -> bytes:
    """All bytes that a database holds: its files, or its rows."""
    if isinstance(place, Path):
        return b"".join(path.read_bytes() for path in sorted(place.parent.iterdir()))
    records = Records(place)
    with engine_of(records).connect() as connection:
        rows = _rows(connection)
    records.close()
    return rows


def _rows(connection: Connection) -> bytes:
    names = ("incidents", "incident_events", "incident_nb_version")
    found = [connection.exec_driver_sql(f"SELECT t.*::text FROM {name} t").all() for name in names]
    return repr(found).encode()


assert set(VALUES) == set(KINDS) - {"imported", "corrected"}, "a new kind: say here what it may say"
assert set(ONE_OF_EACH) == set(KINDS), "a new kind: give an example of it here"

"""The live checks of a case: what may be asked, asking it, and keeping the answers with the case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from incident_nb.case import Case
from incident_nb.diagnose.aim import aim
from incident_nb.diagnose.judged import Analysis
from incident_nb.diagnose.target import target_of
from incident_nb.diagnose.whose import doubt, server_name
from incident_nb.errors import SettingsError
from incident_nb.http import Allowed, Session, is_loopback, origin
from incident_nb.live import trusted
from incident_nb.models import Outcome, Probed
from incident_nb.n8n import N8n, key_of
from incident_nb.policy import load
from incident_nb.probes import PROBES, OnAnswer, Probe, Target, Tools, ask_all
from incident_nb.probes.parts import good_ids
from incident_nb.probes.vendors import status_origins
from incident_nb.readers.single import Executions
from incident_nb.settings import Settings

PRESENT = timedelta(hours=1)
RECENT = timedelta(days=7)
GOOD_RUNS = 5

Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Checks:
    """What live systems answered (`answers`), and why they were not asked where they were not (`why_not`).

    `analysis` is the case's log as it was judged for it, so that it need not be judged again.
    """

    answers: tuple[Probed, ...] = ()
    why_not: str | None = None
    analysis: Analysis | None = None

    def count(self, outcome: Outcome) -> int:
        """How many answers were of this kind."""
        return sum(answer.outcome is outcome for answer in self.answers)


def run_checks(
    case: Case,
    on_answer: OnAnswer = lambda *_: None,
    *,
    records_only: bool = False,
    analysis: Analysis | None = None,
    probes: tuple[Probe, ...] = PROBES,
    clock: Clock = _utc_now,
) -> Checks:
    """What the checks of the case's subject answered; kept in its folder as `answers.json`.

    All live systems are asked side by side, for as long as the settings' `probes.budget_s`. None is asked where the case
    is offline, is seen from another time than `clock` tells, or its failures are old: then only checks that the records
    themselves answer are made, and with `records_only` in any case. What an earlier time has answered from the records
    stays. Can be repeated at will. `analysis`: the case's log, if it is judged already.

    Raises UsageError for a subject that is not in the log.
    """
    meant = aim(analysis or case.log, now=case.now, settings=case.settings, policy=load(), **case.asked)
    target = target_of(meant)
    why_not = "only the records were to be read" if records_only else _why_not(case, target, clock())
    kept = {answer.probe: answer for answer in case.answers}
    wanted = [probe for probe in probes if _wanted(probe, case, bool(why_not), kept)]
    fresh = _asked(case, target, tuple(wanted), on_answer, clock, live=not why_not) if wanted else ()
    answers = {**kept, **{answer.probe: answer for answer in fresh}}
    ordered = tuple(answers[probe.name] for probe in probes if probe.name in answers)
    if any(answer.at for answer in ordered):
        why_not = None  # what an earlier time asked still stands, and says when
    case.keep(ordered, why_not)
    return Checks(ordered, why_not, meant.analysis)


def _why_not(case: Case, target: Target, present: datetime) -> str | None:
    """Why no live system is asked; None where they are."""
    if case.offline:
        return "it is read offline"
    if abs(present - case.now) > PRESENT:
        return f"it is seen from {case.now:%Y-%m-%d %H:%M} UTC, and systems only say how they are now"
    if target.last_seen and case.now - target.last_seen > RECENT:
        days = (case.now - target.last_seen).days
        return f"the last failure was {days} days ago, and systems only say how they are now"
    return None


def _wanted(probe: Probe, case: Case, offline: bool, kept: dict[str, Probed]) -> bool:
    """Whether to ask: a check that the records answer is made where they are at hand, any other one where it may be."""
    if probe.records and case.sources:
        return True
    return not offline and not (probe.records and probe.name in kept)


def _asked(
    case: Case, target: Target, probes: tuple[Probe, ...], on_answer: OnAnswer, clock: Clock, *, live: bool
) -> tuple[Probed, ...]:
    settings = trusted(case.settings, came_along=case.folder is not None)
    allowed = _allowed(settings, target) if live else Allowed()
    with Session(allowed, budget_s=settings.probes.budget_s) as session:
        tools = Tools(session, settings, *(_server(target, session, settings) if live else (None, "it was not asked")))
        if case.sources:
            wanted = [target.execution_id] if target.execution_id else []
            wanted += good_ids(target, target.node)[:GOOD_RUNS] if target.node else []
            tools.execution_of = Executions(case.sources, also=wanted, deadline=session.deadline)
        return ask_all(target, tools, probes, on_answer, clock)


def _server(target: Target, session: Session, settings: Settings) -> tuple[N8n | None, str]:
    """The n8n server that the records came from, or why it can't be asked."""
    name = server_name(target, settings)
    if name not in settings.n8n:
        known = f"there is {', '.join(settings.n8n)}" if settings.n8n else "no server is configured"
        return None, f"n8n was not asked: there is no [n8n.{name}] in the settings, {known}"
    try:
        server = N8n(name, settings.n8n[name].url, session, key_of(name))
    except SettingsError as error:
        return None, str(error)
    another = doubt(target, server, session)
    return (None, another) if another else (server, "")


def _allowed(settings: Settings, target: Target) -> Allowed:
    """Every place that a probe may send a request to: our n8n servers, our endpoints, vendors' status pages."""
    origins = {origin(server.url) for server in settings.n8n.values()}
    origins |= {origin(settings.modal.health_of(row.app)) for row in settings.modal.apps.values()}
    origins |= set(_loopback(settings, target)) | status_origins()
    return Allowed(frozenset(origins - {""}), settings.own_hosts)


def _loopback(settings: Settings, target: Target) -> Iterator[str]:
    """Endpoints of ours on this very machine, which have no https: a workflow's own addresses, if they are own hosts."""
    for node in target.nodes.values():
        parameters = node.get("parameters")
        url = str(parameters.get("url") or "").removeprefix("=") if isinstance(parameters, dict) else ""
        try:
            host = urlsplit(url).hostname
        except ValueError:
            continue
        if is_loopback(host) and any(fnmatchcase(str(host), glob.lower()) for glob in settings.own_hosts):
            yield origin(url)

"""DX-2: how is the endpoint that the failing node calls? A few timed requests to its /health, and what they mean.

Only GET of /health, and HEAD of / where there is no such route; never a payload. It is asked where the procedure says
(`[modal]`), else at the host that the node calls. What is seen now weighs only where the problem goes on.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from incident_nb.errors import IncidentNbError
from incident_nb.http import RequestError, Session
from incident_nb.models import Cause, Evidence, Probed
from incident_nb.probes.endpoint_limits import limits
from incident_nb.probes.endpoint_places import Place, places_of
from incident_nb.probes.endpoint_timing import (
    AGAIN,
    MODAL_WEB_LIMIT_S,
    Kind,
    Shot,
    kind_of,
    said_by,
    single,
    span,
    steps,
    strange_in,
)
from incident_nb.probes.target import Target, Tools, clean, could_not_look, found, seen

C = Cause
SHARE = 0.6  # of what is left for one request, so that there is time to ask again
LONGEST_S = MODAL_WEB_LIMIT_S + 10  # a little more than Modal's proxy waits, so that its own end is seen
SPARE_S = 0.3  # so that the answer is there before the time for all checks is up
MOST_BODY = 1_000_000
GATEWAY = (502, 503, 504)
GOOD = (Kind.HEALTHY, Kind.COLD_START, Kind.SLOW)
CALL_ID = "__modal_function_call_id"  # in the address that Modal's 303 leads to

# What each kind does to the odds, where it is the failing node's endpoint and the problem goes on.
EFFECTS: dict[Kind, dict[Cause, float]] = {
    Kind.HEALTHY: {C.ENDPOINT_CRASH: 0.4, C.TIMEOUT: 0.6, C.NETWORK: 0.7},
    Kind.COLD_START: {C.TIMEOUT: 1.3, C.ENDPOINT_CRASH: 0.5},
    Kind.SLOW: {C.TIMEOUT: 2.0, C.ENDPOINT_CRASH: 0.8},
    Kind.FLAKY: {C.ENDPOINT_CRASH: 2.0, C.NETWORK: 1.2},
    Kind.UNWELL: {C.ENDPOINT_CRASH: 6.0},
    Kind.ERRORING: {C.ENDPOINT_CRASH: 30.0, C.NETWORK: 0.3, C.TIMEOUT: 0.3, C.EXTERNAL_OUTAGE: 0.3},
    Kind.TIMED_OUT: {C.TIMEOUT: 3.0, C.ENDPOINT_CRASH: 2.0, C.EXTERNAL_OUTAGE: 0.3},
    Kind.HANGS: {C.TIMEOUT: 2.0, C.ENDPOINT_CRASH: 2.0},
    Kind.DEFERRED: {C.TIMEOUT: 3.0},
    Kind.NO_HEALTH_ROUTE: {C.ENDPOINT_CRASH: 0.7},
    Kind.STRANGE: {},
    Kind.PROTECTED: {},
    Kind.NOT_DEPLOYED: {C.ENDPOINT_CRASH: 30.0, C.EXTERNAL_API_CHANGED: 0.3, C.TIMEOUT: 0.3},
    Kind.SPENT: {C.ENDPOINT_CRASH: 3.0, C.RATE_LIMIT: 2.0},
    Kind.BUSY: {C.RATE_LIMIT: 3.0, C.ENDPOINT_CRASH: 0.7},
    Kind.PLATFORM: {C.EXTERNAL_OUTAGE: 2.0, C.ENDPOINT_CRASH: 1.5},
    Kind.DOWN: {C.NETWORK: 2.0, C.ENDPOINT_CRASH: 1.5},
    Kind.UNREACHABLE: {C.NETWORK: 2.0, C.ENDPOINT_CRASH: 1.2},
    Kind.NOT_ASKED: {},
}
GATEWAY_EFFECTS = {C.ENDPOINT_CRASH: 8.0, C.EXTERNAL_OUTAGE: 0.3}  # busy or starting is not yet broken
COLD_TIMEOUT = 3.0  # a cold start, and the record says timeout

WORDS = {
    Kind.HEALTHY: "is healthy",
    Kind.COLD_START: "starts cold: its first answer is slow, the later ones are fast",
    Kind.SLOW: "is slow, and stays so",
    Kind.FLAKY: "answers well only some of the time",
    Kind.UNWELL: "answers, but says that it is not well",
    Kind.ERRORING: "fails",
    Kind.TIMED_OUT: "was ended by Modal at its own time limit",
    Kind.HANGS: "does not answer in time",
    Kind.DEFERRED: f"did not finish within Modal's limit of {MODAL_WEB_LIMIT_S:.0f} s, so that Modal sent us to wait",
    Kind.NO_HEALTH_ROUTE: "has no health route",
    Kind.STRANGE: "answers, but not as a health check does",
    Kind.PROTECTED: "asks for a sign-in that this check does not have",
    Kind.NOT_DEPLOYED: "is not deployed: Modal knows no running app there",
    Kind.SPENT: "is switched off with its whole Modal workspace: the spend limit is reached, or the account disabled",
    Kind.BUSY: "turns requests away because too many wait",
    Kind.PLATFORM: "failed inside Modal itself",
    Kind.DOWN: "is down",
    Kind.UNREACHABLE: "can't be reached from here",
    Kind.NOT_ASKED: "was not asked",
}
NEXT = {
    Kind.COLD_START: "Keep a container warm (min_containers=1 in the app), or raise the node's time-out above its first answer.",
    Kind.SLOW: "Read the endpoint's logs for what it waits for; give it more containers or resources.",
    Kind.FLAKY: "Read the endpoint's logs for the requests that failed; are single containers broken?",
    Kind.UNWELL: "See what its health route checks, and mend that.",
    Kind.ERRORING: "Read the endpoint's logs, fix it and deploy it again{deploy}.",
    Kind.TIMED_OUT: "Raise the function's timeout in the app or make it do less, then deploy it again{deploy}.",
    Kind.HANGS: "See in Modal's dashboard whether a container starts at all, and what it waits for.",
    Kind.DEFERRED: "Let the endpoint answer at once and do its work in the background, or split the work.",
    Kind.NO_HEALTH_ROUTE: "Give the app a /health route, so that this check can see more.",
    Kind.STRANGE: "Open it in a browser: does the endpoint answer there, a proxy before it, or somebody else?",
    Kind.PROTECTED: "Ask it by hand with its token, or leave its /health route open.",
    Kind.NOT_DEPLOYED: "See who stopped it, and deploy it{deploy}; if it runs, the address in the node is wrong.",
    Kind.SPENT: "Look at Modal's workspace settings under Usage and billing, and raise the limit.",
    Kind.BUSY: "Raise max_containers of the app, or have the workflow send less at once.",
    Kind.PLATFORM: "Read Modal's status page, and ask once more in a few minutes.",
    Kind.DOWN: "See whether the endpoint's host is up and its service runs.",
    Kind.UNREACHABLE: "Resolve and connect to it from the n8n host (DNS, TCP, TLS).",
    Kind.NOT_ASKED: "Add its host to own_hosts, so that it may be asked.",
}


class Asked(NamedTuple):
    """What asking one endpoint gave: at which address, all answers there, and what they mean together.

    `besides`: what else was asked of it, in a sentence; `elsewhere`: the status of / where there is no health route;
    `unseen`: why that says nothing of it.
    """

    place: Place
    url: str
    shots: tuple[Shot, ...]
    kind: Kind
    besides: str = ""
    elsewhere: int | None = None
    unseen: str = ""


def look(target: Target, tools: Tools) -> Probed:
    """How the failing node's endpoint is, and in passing up to four other endpoints of ours that the workflow calls."""
    places = places_of(target, tools)
    wanted = [*([places.failing] if places.failing else []), *places.others]
    with ThreadPoolExecutor(max_workers=max(len(wanted), 1), thread_name_prefix="endpoint") as pool:
        asked = list(pool.map(lambda place: _ask(place, tools, 3 if place is places.failing else 1), wanted))
    urls = ", ".join(f"GET {one.url}" for one in asked)
    others = asked[1:] if places.failing else asked
    context = [seen(f"Besides, {_told(one)}") for one in others]
    if places.failing:
        return _answer(asked[0], target, tools, context, urls, [one for one in others if one.kind in GOOD])
    why = f"No endpoint was asked for the failing node: {places.why_not}."
    summary = " ".join([why, *(fact.fact.text for fact in context)])
    if any(one.kind not in GOOD for one in others):
        return found(summary, context, asked=urls)
    if places.open:
        step = (
            f"Put {places.host} into [modal.apps] with its app." if places.host else "Configure its n8n server ([n8n])."
        )
        return could_not_look(summary, context, asked=urls, next_look=step)
    return clean(summary, context, asked=urls)


def _answer(
    one: Asked, target: Target, tools: Tools, context: list[Evidence], urls: str, reached: list[Asked]
) -> Probed:
    our_line = one.kind is Kind.UNREACHABLE and not _online(tools, reached)
    effects = _effects(one, target) if target.current and not our_line else {}
    fact = seen(_told(one), effects, detail="cold_start" if one.kind is Kind.COLD_START and effects else None)
    facts = [fact, *limits(target, tools, one.place.on_modal, _slowest(one)), *context]
    deploy = f": modal deploy {one.place.app.deploy}" if one.place.app and one.place.app.deploy else ""
    steps_next = [NEXT.get(one.kind, "").format(deploy=deploy)] if one.shots else []
    if one.place.app is None and one.place.host.endswith(".modal.run"):
        steps_next.append(f"Put {one.place.host} into [modal.apps], so that its app can be looked at, too.")
    told = " ".join(piece.fact.text for piece in facts)
    way = clean if one.kind is Kind.HEALTHY or (one.kind is Kind.NO_HEALTH_ROUTE and one.elsewhere) else found
    if (
        our_line
        or one.kind in (Kind.PROTECTED, Kind.NOT_ASKED, Kind.STRANGE)
        or (one.kind is Kind.NO_HEALTH_ROUTE and not one.elsewhere)
    ):
        way = could_not_look
    return way(told, facts, asked=urls, next_look=" ".join(filter(None, steps_next)) or None)


def _effects(one: Asked, target: Target) -> dict[Cause, float]:
    if one.kind is Kind.COLD_START and target.cause is C.TIMEOUT:
        return {**EFFECTS[one.kind], C.TIMEOUT: COLD_TIMEOUT}
    if one.kind is Kind.ERRORING and one.shots[-1].status in GATEWAY:
        return GATEWAY_EFFECTS
    if one.kind is Kind.NO_HEALTH_ROUTE and not one.elsewhere:
        return {}
    return EFFECTS[one.kind]


def _slowest(one: Asked) -> float | None:
    """The longest that a good answer took."""
    return max((shot.seconds for shot in one.shots if single(shot) is Kind.HEALTHY), default=None)


def _ask(place: Place, tools: Tools, most: int) -> Asked:
    """Asks one endpoint: where the procedure says, and where that brings nothing good, at the host itself."""
    own = f"{place.base}/health"
    if place.app is None:
        return _at(place, own, tools.session, most)
    first = _at(place, tools.settings.modal.health_of(place.app.app), tools.session, most)
    if first.kind in GOOD or first.url == own:
        return first
    second = _at(place, own, tools.session, most)
    if second.kind is first.kind:
        return second
    if second.kind is Kind.NOT_ASKED:
        return first
    return second._replace(besides=f"The address of its app in [modal.apps] says otherwise: {_told(first)}")


def _at(place: Place, url: str, session: Session, most: int) -> Asked:
    shots: list[Shot] = []
    while len(shots) < most and session.left > SPARE_S:
        shots.append(_shot("GET", url, session))
        if len(shots) >= AGAIN.get(single(shots[-1]), 1):
            break
    kind = kind_of(shots)
    if kind is not Kind.NO_HEALTH_ROUTE or session.left <= SPARE_S:
        return Asked(place, url, tuple(shots), kind)
    root = _shot("HEAD", f"{place.base}/", session)
    if root.status and root.status >= 500:
        return Asked(place, f"{place.base}/", (root,), Kind.ERRORING)
    unseen = root.said if root.reason else f"{root.strange} answers there" if root.strange else ""
    alive = None if root.status == 404 or unseen else root.status
    return Asked(place, url, tuple(shots), kind, elsewhere=alive, unseen=unseen)


def _shot(method: str, url: str, session: Session) -> Shot:
    within = max(min((session.left - SPARE_S) * SHARE, LONGEST_S), 0.05)
    began = time.monotonic()
    try:
        got = session.ask(method, url, within=within, most=MOST_BODY)
    except RequestError as error:
        return Shot(time.monotonic() - began, reason=error.reason, said=str(error))
    took = got.timing.total if got.timing.total is not None else time.monotonic() - began
    deferred = got.status == 303 and CALL_ID in got.headers.get("location", "")
    to = got.headers.get("location", "")
    strange = "" if deferred else strange_in(got.status, got.body, url, to)
    return Shot(took, got.status, None, said_by(got.status, got.body), got.timing, deferred, strange)


def _told(one: Asked) -> str:
    """One endpoint's state in a sentence or two, with its times."""
    if not one.shots:
        return f"{one.url} was not asked, since no time was left."
    first, last = one.shots[0], one.shots[-1]
    said = last.strange or last.said
    said = f" ({said})" if said and one.kind not in GOOD else ""
    text = f"{one.url} {WORDS[one.kind]}{said}: {_answers(one.shots)}."
    if one.kind is Kind.NO_HEALTH_ROUTE:
        text += (
            f" At / it answers with {one.elsewhere}, so something runs."
            if one.elsewhere
            else f" Whether anything else is there could not be seen: {one.unseen}."
            if one.unseen
            else " Nor is / there."
        )
    if times := steps(first.timing):
        text += f" The first request in steps: {times}."
    return f"{text} {one.besides}".strip()


def _answers(shots: tuple[Shot, ...]) -> str:
    return ", then ".join(
        f"{shot.status} after {span(shot.seconds)}" if shot.status else f"no answer after {span(shot.seconds)}"
        for shot in shots
    )


def _online(tools: Tools, reached: list[Asked]) -> bool:
    """Whether anything else can be reached from here: else it is our own line that is down."""
    if reached:
        return True
    try:
        return tools.n8n is not None and tools.n8n.health().status > 0
    except IncidentNbError:
        return False

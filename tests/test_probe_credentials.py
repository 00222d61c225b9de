"""DX-3 against a server that tells of its credentials as n8n does: there, changed, deleted, out of reach; who uses it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from incident_nb.http import Allowed, Session, origin
from incident_nb.models import Cause, Outcome, Probed
from incident_nb.n8n import N8n
from incident_nb.probes import PROBES, Probe, Target, Tools, ask_all
from incident_nb.probes.credential_hints import HINTS, hint
from incident_nb.settings import Settings
from tests import faulty
from tests.builders import HOUR, NOW, START, UNAUTHORISED, call, error, flow, log_of, runs
from tests.faulty import Asked, answer, serving
from tests.served import KEY

ASK = tuple(probe for probe in PROBES if probe.name == "credentials")
ONSET = START + 3 * HOUR  # after "..." comes "XX"
Json = dict[str, Any]


def iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def credential(
    name: str = "c1", changed: datetime = START - 90 * HOUR, made: datetime = START - 99 * HOUR, **more: Any
) -> Json:
    """A credential as n8n 2.x tells of it."""
    dates = {"createdAt": iso(made), "updatedAt": iso(changed)}
    return {"id": name, "name": f"Key {name}", "type": "httpHeaderAuth", **dates, **more}


def listed(*rows: Json) -> Json:
    return {"data": list(rows), "nextCursor": None}


@contextmanager
def server(paths: dict[str, Any]) -> Iterator[Any]:
    """A server that knows these paths, and answers to others as n8n does."""

    def reply(connection: Any, asked: Asked) -> None:
        thing = paths.get(asked.path.partition("?")[0].removeprefix("/api/v1/"), answer({"message": "not found"}, 404))
        (thing if callable(thing) else answer(thing))(connection, asked)

    with serving(reply) as started:
        yield started


def n8n_2(record: Any, *flows: Json, shared: list[Json] | None = None) -> dict[str, Any]:
    """What n8n 2.x answers where the credential c1 is so, and these workflows are there."""
    workflows: dict[str, Any] = {f"workflows/{one['id']}": one for one in flows}
    paths = {"workflows": listed(*flows), **workflows, "credentials/c1": record}
    if isinstance(record, dict):
        paths["credentials"] = listed({**record, "shared": shared or []})
    return paths


def target(*executions: Json, settings: Settings | None = None, **more: Any) -> Target:
    """The failure of the workflow wf1 at its node Call since ONSET, with these executions on record."""
    log = log_of(*(executions or runs("...XX")), settings=settings)
    known: Json = {
        "now": START + 6 * HOUR, "instance": str(log.executions["instance"].iloc[0]), "client": "ACME", "workflow_id": "wf1",
        "node": "Call", "cause": Cause.CREDENTIALS, "message": UNAUTHORISED["message"], "description": "invalid token",
        "http_code": "401", "credential_id": "c1", "credential": "Key c1", "credential_type": "httpHeaderAuth",
        "onset": ONSET, "onset_not_before": START + 2 * HOUR, "last_seen": START + 4 * HOUR, "goes_on": True,
    }  # fmt: skip
    return Target(log=log, **(known | more))


def ask(
    paths: dict[str, Any], about: Target, settings: Settings | None = None, probes: tuple[Probe, ...] = ASK
) -> Probed:
    with server(paths) as started, Session(Allowed(frozenset({origin(started.url)}))) as session:
        tools = Tools(session, settings or Settings(), N8n("default", started.url, session, KEY))
        (said,) = ask_all(about, tools, probes)
    return said


def texts(said: Probed) -> str:
    return "\n".join(fact.fact.text for fact in said.evidence)


def effects(said: Probed) -> dict[Cause, float]:
    (all_of_them,) = [fact.effects for fact in said.evidence if fact.effects] or [{}]
    return all_of_them


LONG_AGO, BETWEEN, MEANWHILE, SINCE = (START + hours * HOUR for hours in (-90, 2.8, 3.5, 5))
WEIGHS = {Cause.CREDENTIALS: 30.0, Cause.EXTERNAL_API_CHANGED: 0.1, Cause.WORKFLOW_CONFIG: 0.5}
CHANGED = {
    "untouched": (credential(changed=LONG_AGO), Outcome.CLEAN, {}, "3 days before the first failure"),
    "before a good run": (credential(changed=START + 1.5 * HOUR), Outcome.CLEAN, {}, "90 minutes before"),
    "between good and bad": (credential(changed=BETWEEN), Outcome.FOUND, WEIGHS, "last changed 12 minutes before"),
    "made then": (credential(changed=BETWEEN, made=BETWEEN), Outcome.FOUND, WEIGHS, "was made 12 minutes before"),
    "meanwhile": (credential(changed=MEANWHILE), Outcome.CLEAN, {}, "and the failures went on"),
    "since": (credential(changed=SINCE), Outcome.CLEAN, {}, "Try again"),
    "OAuth, by n8n itself": (credential(changed=BETWEEN, type="oAuth2Api"), Outcome.CLEAN, {}, "last renewed its token"),
    "OAuth, made": (credential(changed=BETWEEN, made=BETWEEN, type="oAuth2Api"), Outcome.FOUND, WEIGHS, "was made"),
}  # fmt: skip


@pytest.mark.parametrize(("record", "outcome", "factors", "said"), CHANGED.values(), ids=CHANGED)
def test_when_it_was_changed_beside_the_onset(record: Json, outcome: Outcome, factors: Any, said: str) -> None:
    answered = ask(n8n_2(record, flow()), target())
    assert (answered.outcome, effects(answered)) == (outcome, factors)
    assert said in answered.summary and said in texts(answered)


OTHER = flow(1, None, call(credential="c2"))
DELETED = {
    "deleted": (answer({"message": "Credential not found"}, 404), flow(), True, Outcome.FOUND, 15.0, "no longer exists in n8n"),
    "deleted, and the problem is over": (answer({}, 404), flow(), False, Outcome.FOUND, None, "no longer exists in n8n"),
    "deleted, and replaced in the node": (answer({}, 404), OTHER, True, Outcome.CLEAN, None, "names another one by now"),
    "deleted, and the node was removed": (
        answer({}, 404), flow(1, None, call("Other")), True, Outcome.FOUND, None, "is not in the workflow any more"),
    "deleted, and the node signs in with none by now": (
        answer({}, 404), flow(1, None, call(credential=None)), True, Outcome.CLEAN, None, "names none by now"),
    "out of the key's reach": (answer({}, 403), flow(), True, Outcome.COULD_NOT_LOOK, None, "may not do that"),
    "a proxy's own 404": (
        answer("404 page not found", 404), flow(), True, Outcome.COULD_NOT_LOOK, None, "could not be looked at"),
    "n8n 1.x": (answer({}, 405), flow(), True, Outcome.COULD_NOT_LOOK, None, "n8n 1.x has no such question"),
}  # fmt: skip


@pytest.mark.parametrize(("record", "live", "goes_on", "outcome", "factor", "said"), DELETED.values(), ids=DELETED)
def test_deleted_is_told_from_out_of_reach(
    record: faulty.Reply, live: Json, goes_on: bool, outcome: Outcome, factor: float | None, said: str
) -> None:
    answered = ask(n8n_2(record, live), target(goes_on=goes_on))
    assert answered.outcome == outcome and said in answered.summary
    assert effects(answered) == ({Cause.CREDENTIALS: factor} if factor else {})


def test_a_deleted_credential_weighs_only_where_the_live_node_can_be_read() -> None:
    paths = n8n_2(answer({}, 404), flow()) | {"workflows/wf1": answer({}, 403)}
    answered = ask(paths, target())
    assert answered.outcome is Outcome.FOUND and effects(answered) == {}
    assert (
        "whether “Call” still names it could not be looked at" in answered.summary
        and "may not do that" in answered.summary
    )


def test_everything_that_uses_it_is_told_with_how_it_fares() -> None:
    mine, same = flow(), flow(2, "[ACME] Invoices", call("Send"), call("Other", credential="c9"))
    off = flow(3, "[ACME] Old", call("Call", disabled=True))
    idle = {**flow(4, "[ACME] Idle"), "active": False}
    theirs, alone = flow(5, "[BRXT] Secret name"), flow(6, "[ACME] Alone", call(credential="c9"))
    published = {**alone, "id": "wf7", "name": "[ACME] Draft", "activeVersion": {"nodes": flow()["nodes"]}}
    on_record = (
        *runs("...XX", mine), *runs(".....", same, first=20, node="Send"), *runs("....X", theirs, first=40),
        *runs(".....", alone, first=60),
    )  # fmt: skip
    flows = (mine, same, off, idle, theirs, alone, published)
    answered = ask(n8n_2(credential(), *flows), target(*on_record))
    said = texts(answered)
    assert "“[ACME] Flow 1” uses it in “Call”: last went well with it 2026-03-02 10:00 UTC" in said
    assert "first failed with it 2026-03-02 11:00 UTC (2 since)" in said
    assert "“[ACME] Invoices” uses it in “Send”: last went well with it 2026-03-02 12:00 UTC." in said
    assert "“[ACME] Idle”, which is not active, uses it in “Call”: no run with it is known." in said
    assert "“[ACME] Draft”" in said and "Old" not in said and "Alone" not in said
    assert "1 workflow of other clients uses it, too: 1 failing with it since then." in said and "Secret" not in said
    assert "5 workflows use it: 2 failing with it since then, 1 going well with it, 2 without a run" in answered.summary


def test_a_success_that_did_not_reach_the_node_or_had_another_credential_is_none() -> None:
    before = runs(".", flow(1, None, call(credential="c0")), start=START - HOUR)
    early = runs("..", flow(2, "[ACME] Early", call("First", credential=None), call()), first=10, node="First")
    answered = ask(n8n_2(credential(), flow(), flow(2, "[ACME] Early")), target(*runs("XX", first=2), *before, *early))
    assert "went well" not in texts(answered)


def test_without_a_client_nobody_is_hidden() -> None:
    answered = ask(n8n_2(credential(), flow(), flow(5, "[BRXT] Named")), target(client=None))
    assert "“[BRXT] Named”" in texts(answered)


def test_a_list_of_many_is_cut() -> None:
    many = [flow(number, f"[ACME] Flow {number:02}") for number in range(1, 9)]
    assert "3 workflows more: 3 without a run" in texts(ask(n8n_2(credential(), *many), target()))


WHOSE = {
    "a person": ("Some One <some.one@agency.test>", "belongs to one person", "Some One"),
    "the client's project": ("[ACME] Team", "the project “[ACME] Team”", "nothing"),
    "another client's project": ("[BRXT] Team", "a project of another client", "BRXT"),
}


@pytest.mark.parametrize(("name", "said", "hidden"), WHOSE.values(), ids=WHOSE)
def test_whose_it_is_without_naming_people_or_other_clients(name: str, said: str, hidden: str) -> None:
    shared = [{"role": "credential:user", "name": "[CMPS] Guest"}, {"role": "credential:owner", "name": name}]
    answered = ask(n8n_2(credential(), flow(), shared=shared), target())
    assert said in texts(answered) and hidden not in texts(answered) and "Guest" not in texts(answered)


def test_a_refused_renewal_says_what_ends_googles_tokens_and_who_has_to_sign_in() -> None:
    about = target(
        message="The credential “Mail” needs to be reconnected.",
        description=None,
        http_code=None,
        credential_type="gmailOAuth2",
    )
    record = credential(type="gmailOAuth2", made=ONSET - timedelta(days=7), changed=LONG_AGO)
    answered = ask(n8n_2(record, flow()), about)
    assert answered.outcome is Outcome.FOUND and effects(answered) == {}
    assert "six months without use" in answered.summary and "as long as Google's tokens last" in texts(answered)
    assert "they have to sign in themselves" in (answered.next_look or "")
    assert (answered.next_look or "").endswith("/home/credentials/c1")
    older = credential(type="gmailOAuth2", made=ONSET - timedelta(days=9), changed=LONG_AGO)
    assert "tokens last" not in texts(ask(n8n_2(older, flow()), about))


SAID = [
    ("googleSheetsOAuth2Api", 'invalid_grant "Token has been expired or revoked."', "six months"),
    ("gmailOAuth2", "invalid_grant invalid_rapt", "session control"),
    ("microsoftOutlookOAuth2Api", "invalid_grant AADSTS50173: The provided grant has expired", "password was changed"),
    ("microsoftOutlookOAuth2Api", "AADSTS7000222: The provided client secret keys are expired", "client secret"),
    ("microsoftOutlookOAuth2Api", "invalid_grant", "refuses to renew"),
    ("hubspotOAuth2Api", "The provided authorization grant is invalid", "refuses to renew"),
    ("oAuth2Api", "invalid_client", "the app itself"),
    ("slackApi", "token_revoked", "app was removed"),
    ("slackOAuth2Api", "missing_scope", "lacks a scope"),
    ("httpHeaderAuth", "insufficient_scope", "lacks a scope"),
    ("oAuth2Api", "401 Unauthorized", "renews expired ones"),
    (
        "httpHeaderAuth",
        'Credential with ID "c1" does not exist for type "httpHeaderAuth".',
        "no such credential in n8n any more",
    ),
    ("httpHeaderAuth", "invalid_grant", None),
    ("httpBasicAuth", "401 Unauthorized", None),
    ("oAuth2Api", "404 not found", None),
    ("githubApi", "token_revoked", None),
]


@pytest.mark.parametrize(("kind", "words", "why"), SAID)
def test_what_the_service_says_of_a_kind_of_credential(kind: str, words: str, why: str | None) -> None:
    row = hint(kind, words)
    assert (row is None) if why is None else (row is not None and why in row.why)


def test_every_hint_has_a_source_and_whole_words() -> None:
    assert all(
        row.source.startswith(("https://", "n8n, ")) and row.step.endswith(".") and row.why[0].isupper()
        for row in HINTS
    )


BASIC = error(401)
STEPS = [
    ("httpBasicAuth", "new password"),
    ("postgres", "new password"),
    ("httpHeaderAuth", "Make a new key"),
    ("openAiApi", "Make a new key"),
]


@pytest.mark.parametrize(("kind", "step"), STEPS)
def test_the_next_step_fits_the_kind(kind: str, step: str) -> None:
    answered = ask(n8n_2(credential(type=kind), flow()), target(credential_type=kind, description=None))
    assert step in (answered.next_look or "")


def test_the_credential_comes_from_the_runs_own_snapshot_or_else_from_the_live_node() -> None:
    bare = {"credential_id": None, "credential": None, "credential_type": None}
    then = {"Call": {"credentials": {"httpHeaderAuth": {"id": "c1", "name": "Then"}}}}
    assert "credential “Then”" in ask(n8n_2(credential(), flow()), target(**bare, nodes=then)).summary
    assert "credential “Key c1”" in ask(n8n_2(credential(), flow()), target(**bare)).summary
    none = ask(n8n_2(credential(), flow()), target(**bare, nodes={"Call": {"credentials": None}}))
    assert none.outcome is Outcome.CLEAN and "no credential" in none.summary
    assert ask({}, target(node=None)).outcome is Outcome.COULD_NOT_LOOK


NOTHING_KNOWN: dict[str, Any] = {
    "no snapshot and no workflow": {"workflow_id": None},
    "a snapshot without the node": {"nodes": {"Other": {}}},
    "a workflow that is not on the server": {"workflow_id": "wf9"},
    "a workflow without the node": {"node": "Renamed"},
}


@pytest.mark.parametrize("more", NOTHING_KNOWN.values(), ids=NOTHING_KNOWN)
def test_where_no_definition_of_the_node_is_known_nothing_was_looked_at(more: Any) -> None:
    bare = {"credential_id": None, "credential": None, "credential_type": None}
    answered = ask(n8n_2(credential(), flow()), target(**{**bare, **more}))
    assert answered.outcome is Outcome.COULD_NOT_LOOK and "no definition of the node is" in answered.summary


def test_without_a_server_it_says_so() -> None:
    with Session(Allowed()) as session:
        (said,) = ask_all(target(), Tools(session, Settings()), ASK)
    assert said.outcome is Outcome.COULD_NOT_LOOK and "no n8n server is configured" in said.summary


def test_what_is_old_is_not_current() -> None:
    answered = ask(n8n_2(answer({}, 404), flow()), target(now=NOW))
    assert effects(answered) == {}

"""What is to be done about a cause: every row with its names in it, links and commands exact, blanks with their reason."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pandas as pd
import pytest

from incident_nb.case import sample_case
from incident_nb.desk.backoff import pace_of
from incident_nb.desk.filled import Names
from incident_nb.desk.known import Known, known_of
from incident_nb.desk.paths import Path, Row, path_of
from incident_nb.desk.request import Request, request_of
from incident_nb.desk.rows import SAYS
from incident_nb.diagnose import investigate
from incident_nb.models import Cause, Fact, Finding, Outcome
from incident_nb.policy import load
from incident_nb.record import Incident
from incident_nb.settings import Settings
from tests.incidents import Happened, after, incident_of

SUBJECT = {
    "instance": "main", "workflow": "[BAY] Orders", "workflow_id": "w1", "node": "Ask", "execution_id": "77",
    "host": "bay--orders.modal.run", "credential_id": "c1", "credential": "Bay key",
}  # fmt: skip
N8N = "https://n8n.agency.example"
SETTINGS: dict[str, Any] = {
    "n8n": {"main": {"url": f"{N8N}/"}, "other": {"url": "https://other.example"}},
    "clients": {
        "BAY": {"name": "Bay Traders", "contact": "ops@bay.example", "models": {"Ask": "modal_apps/m.py:Order"}},
        "ALDER": {"name": "Alder Homes", "contact": "it@alder.example"},
    },
    "modal": {"apps": {"bay--orders.modal.run": "bay-orders"}},
}
CAUSES: list[tuple[str, str | None, list[str]]] = [
    ("credentials", "oauth_token", ["RES-1"]),
    ("credentials", "permission", ["RES-1"]),
    ("credentials", "api_key", ["RES-2"]),
    ("credentials", None, ["RES-1", "RES-2"]),
    ("external_api_changed", None, ["RES-3", "CODE-1", "CODE-2", "CODE-3", "CODE-4"]),
    ("endpoint_crash", None, ["RES-4", "CODE-1", "CODE-2", "CODE-3", "CODE-4"]),
    ("data_format", None, ["RES-5", "CODE-1", "CODE-2", "CODE-3", "CODE-4"]),
    ("rate_limit", "throttled", ["RES-6"]),
    ("rate_limit", "quota", ["RES-6"]),
    ("workflow_config", None, ["RES-7"]),
    ("infrastructure", None, ["RES-8"]),
    ("external_outage", None, ["RES-8"]),
    ("timeout", "execution", []),
    ("timeout", "external", []),
    ("network", None, []),
    ("workflow_inactive", None, []),
    ("unknown", None, []),
]
WORDS = re.compile(r"(?<![{])\{\w+\}(?!\})")


def settings(**changes: Any) -> Settings:
    return Settings.model_validate({**SETTINGS, **changes})


def caused(cause: str | None, detail: str | None = None, *more: Happened, **opened: Any) -> Incident:
    said = {"cause": cause, **({"detail": detail} if detail else {})}
    happened: list[Happened] = [("cause_accepted", 5, said)] if cause else []
    return incident_of(*happened, *more, severity="P2", **{"subject": SUBJECT, **opened})


def known(**changes: Any) -> Known:
    return Known(node="Ask", host="bay--orders.modal.run", url="https://bay--orders.modal.run/orders", **changes)


def row(path: Path, name: str) -> Row:
    return next(one for one in path.rows if one.id == name)


def everything(path: Path) -> str:
    return "\n".join(text for one in path.rows for text in (one.asks, *one.todo, *one.facts, *one.commands))


def test_every_cause_is_here() -> None:
    assert {cause for cause, *_ in CAUSES} == set(Cause)
    rules = load()
    assert set(SAYS) == {each.id for each in (*rules.resolutions, *rules.code_changes, *rules.workarounds)}


@pytest.mark.parametrize(("cause", "detail", "rows"), CAUSES)
def test_every_cause_has_its_rows_with_the_names_filled_in(cause: str, detail: str | None, rows: list[str]) -> None:
    path = path_of(caused(cause, detail), settings(), known())
    assert [one.id for one in path.rows] == [*rows, "WA-1", "WA-2", "WA-3"]
    assert bool(path.note) == (not rows)
    assert all(one.todo and one.label and one.asks for one in path.rows)
    left = set(WORDS.findall(everything(path)))
    assert left <= {"{service}"}, left  # what an endpoint of ours calls is on no record
    assert "{service}" not in left or any(
        "{service}: the node calls our own" in why for one in path.rows for why in one.missing
    )
    for name in rows:
        assert any(
            word in " ".join((*row(path, name).todo, *row(path, name).commands))
            for word in ("Ask", "Bay", "BAY", "bay-orders", "Orders", "INC-42", "n8n")
        ), name


@pytest.mark.parametrize(("cause", "detail", "rows"), CAUSES)
def test_without_client_server_host_and_case_each_blank_has_its_reason(
    cause: str, detail: str | None, rows: list[str]
) -> None:
    path = path_of(caused(cause, detail, client=None, subject={}), Settings(), None, "no case of it was made yet")
    for one in path.rows:
        for word in set(WORDS.findall("\n".join((one.asks, *one.todo, *one.commands)))):
            assert any(why.startswith(f"{word}: ") for why in one.missing), (one.id, word, one.missing)
        assert not one.links
    assert not path.links
    told = [why for one in path.rows for why in one.missing]
    if rows:
        assert any("no server is configured" in why for why in told)
    if "CODE-2" in rows:
        assert row(path, "CODE-2").commands == ("pytest clients/{client}/tests/ -v",)
        assert row(path, "CODE-2").missing == ("{client}: the incident names no client",)
        assert row(path, "CODE-3").commands == ("modal deploy clients/{client}/modal_apps/{name}_modal.py",)
        assert {why[:8] for why in row(path, "CODE-3").missing} == {"{client}", "{name}: "}


def test_links_lead_to_workflow_execution_and_credential() -> None:
    path = path_of(caused("credentials", "api_key"), settings())
    assert [link.url for link in path.links] == [
        f"{N8N}/workflow/w1", f"{N8N}/workflow/w1/executions/77", f"{N8N}/home/credentials/c1",
    ]  # fmt: skip
    assert [link.url for link in row(path, "RES-2").links] == [f"{N8N}/home/credentials/c1", f"{N8N}/workflow/w1"]
    odd = path_of(caused("workflow_config", subject={**SUBJECT, "workflow_id": 'a/../b"?c#d'}), settings())
    assert odd.links[0].url == f"{N8N}/workflow/a%2F..%2Fb%22%3Fc%23d"


def test_an_unknown_server_gives_no_link_and_says_so() -> None:
    elsewhere = {**SUBJECT, "instance": "theirs", "execution_url": "https://evil.example/workflow/w1/executions/77"}
    path = path_of(caused("workflow_config", subject=elsewhere), settings())
    assert not path.links and "evil" not in path.model_dump_json()
    assert any("does not say on which" in why for why in row(path, "RES-7").missing)


def test_commands_are_those_of_the_procedure_with_the_names() -> None:
    path = path_of(caused("external_api_changed"), settings())
    assert row(path, "RES-3").commands == (
        "modal app stop bay-orders", "modal deploy clients/BAY/modal_apps/bay_orders_modal.py",
    )  # fmt: skip
    assert row(path, "CODE-2").commands == ("pytest clients/BAY/tests/ -v",)
    assert row(path, "CODE-3").commands == ("modal deploy clients/BAY/modal_apps/bay_orders_modal.py",)
    assert "`modal app stop bay-orders`" in row(path, "RES-3").asks


def test_where_the_settings_say_where_the_code_is_that_counts() -> None:
    apps = {"bay--orders.modal.run": {"app": "bay-orders", "deploy": "modal_apps/listing.py"}}
    clients = {"BAY": {"repository": "code/bay"}}
    path = path_of(caused("endpoint_crash"), settings(modal={"apps": apps}, clients=clients))
    assert row(path, "CODE-3").commands == ("modal deploy code/bay/modal_apps/listing.py",)
    assert row(path, "CODE-2").commands == ("pytest code/bay/tests/ -v",)
    assert any("code/bay/modal_apps/listing.py" in text for text in row(path, "CODE-1").todo)


@pytest.mark.parametrize("odd", ["$(reboot)", "a; rm -rf ~", "x`y`", "it's", "{name}", "a\nb"])
def test_a_name_from_outside_runs_nothing(odd: str) -> None:
    incident = caused("endpoint_crash", client=odd)
    (command,) = row(path_of(incident, settings()), "CODE-2").commands
    assert shlex.split(command) == ["pytest", f"clients/{odd}/tests/", "-v"]
    unknown = caused("endpoint_crash", client=odd, subject={**SUBJECT, "host": "api.bay.example"})
    (command,) = row(path_of(unknown, settings()), "CODE-3").commands
    assert shlex.split(command) == ["modal", "deploy", f"clients/{odd}/modal_apps/{{name}}_modal.py"], "beside a blank"


def test_a_host_that_no_app_is_mapped_to_is_named() -> None:
    path = path_of(caused("endpoint_crash", subject={**SUBJECT, "host": "api.bay.example"}), settings())
    assert (
        "{name}: which Modal app answers at api.bay.example is not known: put it into [modal.apps]"
        in row(path, "RES-4").missing
    )
    assert any("no host of ours" in fact for fact in row(path, "RES-4").facts)


def test_what_the_record_does_not_name_the_case_does() -> None:
    bare = caused("credentials", "api_key", subject={"instance": "main", "workflow": "Orders"})
    held = Known(node="Ask", credential="Shop", credential_id="c9", host="api.stripe.com")
    path = path_of(bare, settings(), held)
    assert any("“Shop”" in text for text in row(path, "RES-2").todo)
    assert any("Stripe" in text for text in row(path, "RES-2").todo)
    assert f"{N8N}/home/credentials/c9" in [link.url for link in path.links]


def test_the_findings_of_the_checks_stand_with_their_rows() -> None:
    def finding(check: str, outcome: Outcome = Outcome.FOUND) -> Finding:
        return Finding(
            check=check, outcome=outcome, summary=f"{check} said", asked="", evidence=(Fact(text=f"{check} saw"),)
        )

    for cause, name, check in (
        ("data_format", "RES-5", "RC-3"), ("workflow_config", "RES-7", "DX-5"), ("endpoint_crash", "RES-4", "DX-2"),
        ("external_outage", "RES-8", "DX-4"), ("infrastructure", "RES-8", "RC-6"),
    ):  # fmt: skip
        said = row(path_of(caused(cause), settings(), known(findings={check: finding(check)})), name)
        assert {f"{check} said", f"{check} saw"} <= set(said.facts)
        blind = finding(check, Outcome.COULD_NOT_LOOK)
        unseen = row(path_of(caused(cause), settings(), known(findings={check: blind})), name)
        assert any(f"({check}): {check} said" in why for why in unseen.missing) and f"{check} said" not in unseen.facts
        without = row(path_of(caused(cause), settings(), None, "no case of it was made yet"), name)
        assert any(f"({check}): no case of it was made yet" in why for why in without.missing)


def test_the_model_behind_the_node_is_named() -> None:
    assert any(
        "clients/BAY/modal_apps/m.py:Order" in text
        for text in row(path_of(caused("data_format"), settings()), "RES-5").todo
    )
    by_path = {"BAY": {"models": {"/orders": "./m.py:Order"}}}
    found = row(path_of(caused("data_format"), settings(clients=by_path), known()), "RES-5")
    assert any("clients/BAY/m.py:Order" in text for text in found.todo)
    none = row(path_of(caused("data_format"), settings(clients={}), known()), "RES-5")
    assert any(why.startswith("{model}: ") for why in none.missing)


def test_what_differs_from_the_last_good_run() -> None:
    node = {"type": "n8n-nodes-base.set", "parameters": {"value": "a"}}
    held = known(nodes={"Ask": {**node, "parameters": {"value": "b"}}, "New": node}, good_nodes={"Ask": node})
    facts = row(path_of(caused("workflow_config"), settings(), held), "RES-7").facts
    assert any("“Ask”" in fact and "“a”" in fact and "“b”" in fact for fact in facts)
    assert any("New" in fact for fact in facts)
    without = row(path_of(caused("workflow_config"), settings(), known()), "RES-7")
    assert any("what differs from the last good run" in why for why in without.missing) and not without.facts


def test_an_outage_points_to_the_watch_and_says_what_it_saw() -> None:
    seen = (
        "vendor_watched",
        7,
        {"vendor": "Stripe", "level": "down", "eta": after(60).isoformat(), "text": "API errors"},
    )
    said = row(path_of(caused("external_outage", None, seen), settings()), "RES-8")
    assert any("worker" in text for text in said.todo)
    assert any("Stripe is down since 2026-11-23 10:07 UTC, back by 2026-11-23 11:00 UTC" in fact for fact in said.facts)
    own = row(path_of(caused("infrastructure"), settings()), "RES-8")
    assert any("No status page is watched for this cause" in text for text in own.todo)


def test_before_a_cause_and_for_several_clients() -> None:
    path = path_of(caused(None), settings())
    assert "Accept one in step 2" in path.note and [one.id for one in path.rows] == ["WA-1", "WA-2", "WA-3"]
    shared = path_of(
        caused(
            "credentials",
            "oauth_token",
            subject={"shared": "credential:c1", "instance": "main", "credential_id": "c1"},
            client=None,
        ),
        settings(),
    )
    assert "several clients" in shared.note and shared.request is None


def test_what_was_begun_and_done_stands_with_the_row() -> None:
    happened: list[Happened] = [
        ("started", 10, {"row": "RES-2"}), ("ticked", 31, {"row": "RES-2", "text": "new key", "by": "Ben"}),
        ("started", 40, {"row": "WA-1"}),
    ]  # fmt: skip
    path = path_of(caused("credentials", "api_key", *happened), settings())
    done, begun, neither = row(path, "RES-2"), row(path, "WA-1"), row(path, "WA-2")
    assert (done.begun, done.done, done.when) == (
        True,
        True,
        "begun 10:10 by Anna, done 10:31 UTC (21 min), by Ben: new key",
    )
    assert (begun.begun, begun.done, begun.when) == (True, False, "begun 10:40 UTC, by Anna")
    assert (neither.begun, neither.done, neither.when) == (False, False, "")


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        ([("ticked", 31, {"row": "RES-1"})], "done 10:31 UTC, by Anna"),
        ([("started", 10, {"row": "RES-1"}), ("ticked", 31, {"row": "RES-1"})], "begun 10:10, done 10:31 UTC (21 min), by Anna"),
        ([("started", 10, {"row": "RES-1"}), ("ticked", 31, {"row": "RES-1", "done": False})], "begun 10:10 UTC, by Anna"),
        ([("started", 40, {"row": "RES-1"}), ("ticked", 31, {"row": "RES-1"})], "done 10:31 UTC, by Anna"),
        ([("started", 10, {"row": "RES-1"}), ("ticked", 1000, {"row": "RES-1"})],
         "begun 10:10, done 2026-11-24 02:40 UTC (16 h 30 min), by Anna"),
        ([("started", 10, {"row": "VER-1"}), ("fixed", 20, {"what": "x"})], ""),
        ([("started", 10, {"row": "RES-2"}), ("fixed", 20, {"what": "x"})], ""),
    ],
)  # fmt: skip
def test_begun_and_done_in_words(happened: list[Happened], expected: str) -> None:
    from incident_nb.desk.told import row_words

    name = "VER-1" if "VER-1" in str(happened) else "RES-1"
    assert row_words(name, incident_of(*happened)) == expected


def test_a_fix_and_a_reopening_take_back_what_was_begun_for_the_last_one() -> None:
    begun: list[Happened] = [("started", 10, {"row": name}) for name in ("VER-1", "FIN-2", "RES-1")]
    assert set(incident_of(*begun, ("fixed", 20, {"what": "x"})).begun) == {"FIN-2", "RES-1"}
    assert set(incident_of(*begun, ("resolved", 20), ("reopened", 30, {"reason": "again"})).begun) == {"RES-1"}


# The message to the client


def asked(incident: Incident, **changes: Any) -> Request | None:
    kept = settings(**changes)
    return request_of(incident, kept, Names(incident, kept, known()))


@pytest.mark.parametrize(("cause", "detail", "_rows"), CAUSES)
def test_a_client_is_asked_for_sign_in_and_permission_only(cause: str, detail: str | None, _rows: list[str]) -> None:
    assert bool(asked(caused(cause, detail))) == (detail in ("oauth_token", "permission"))


@pytest.mark.parametrize("detail", ["oauth_token", "permission"])
def test_the_message_says_what_the_client_has_to_do_and_nothing_of_ours(
    detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INCIDENT_NB_ENGINEER", "Robin")
    subject = {
        **SUBJECT,
        "host": "api.stripe.com",
        "error": "401 for Bearer sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "vendor": "Stripe",
    }
    found = asked(caused("credentials", detail, subject=subject))
    assert found is not None and found.to == "ops@bay.example" and found.missing == ()
    assert found.text.startswith("Hi Bay Traders,\n") and found.text.endswith("Kind regards\nRobin\n")
    assert "“Orders”" in found.text and "Stripe" in found.text and "Stripe" in found.subject
    assert "1. " in found.text and "3. " in found.text and "no password" in found.text
    for inside in (
        "Ask",
        "Bay key",
        "c1",
        "w1",
        "77",
        "INC-42",
        "sk_live",
        "401",
        "n8n",
        "BAY",
        "Alder",
        "ALDER",
        "modal",
        "http",
        "RES-",
    ):
        assert inside not in found.text + found.subject, inside


def test_no_other_client_is_named_and_blanks_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INCIDENT_NB_ENGINEER", raising=False)
    subject = {**SUBJECT, "workflow": "Orders for Alder Homes", "vendor": "Alder Homes", "host": "api.odd.example"}
    found = asked(caused("credentials", "oauth_token", subject=subject, client="NEW"))
    assert found is not None and found.to is None
    assert "Alder" not in found.text + found.subject and "one of your automations" in found.text
    assert {why.partition(":")[0] for why in found.missing} == {"{Name}", "{Service}", "{Your name}"}
    for blank in ("{Name}", "{Service}", "{Your name}"):
        assert blank in found.text


# Fewer calls at a time (RES-6)


def paced(node: dict[str, Any], others: dict[str, Any] | None = None, detail: str = "throttled", **more: Any) -> str:
    held = Known(node="Ask", nodes={"Ask": node, **(others or {})}, **more)
    return "\n".join(one.words for one in pace_of(held, detail))


def scheduled(row: dict[str, Any]) -> dict[str, Any]:
    return {"type": "n8n-nodes-base.scheduleTrigger", "parameters": {"rule": {"interval": [row]}}}


HTTP = {"type": "n8n-nodes-base.httpRequest", "parameters": {}, "retry": {}}


def test_a_node_without_retry_and_batches() -> None:
    told = paced(HTTP)
    assert (
        "Retry On Fail is off" in told and "Max Tries 5, Wait Between Tries 5,000 ms" in told and "bridge 20 s" in told
    )
    assert (
        "Batching is not set" in told
        and "Items per Batch 1, Batch Interval 1,000 ms" in told
        and "60 calls a minute" in told
    )
    assert "N8N_CONCURRENCY_PRODUCTION_LIMIT" in told
    assert "without harm" not in told  # it reads


def test_what_is_set_is_read_within_the_bounds_of_n8n() -> None:
    assert "3 tries, 1,000 ms between" in paced({**HTTP, "retry": {"retryOnFail": True}})
    told = paced({**HTTP, "retry": {"retryOnFail": True, "maxTries": 99, "waitBetweenTries": 60_000}})
    assert "5 tries, 5,000 ms between" in told and "takes no more" in told and "Math.pow(2, $runIndex)" in told
    assert "2 tries, 500 ms" in paced({**HTTP, "retry": {"retryOnFail": True, "maxTries": 1, "waitBetweenTries": 500}})


def test_a_node_that_writes_is_warned_of() -> None:
    for node in ({**HTTP, "parameters": {"method": "POST"}}, {"type": "n8n-nodes-base.hubspot", "retry": {}}):
        assert "takes all items again" in paced(node)


def test_batches_loops_and_schedules_are_read() -> None:
    batching = {"options": {"batching": {"batch": {"batchSize": 10, "batchInterval": 2000}}}}
    told = paced({**HTTP, "parameters": batching})
    assert "10 items every 2,000 ms, 300 a minute" in told and "Batch Interval 4,000 ms" in told
    others = {
        "Loop": {"type": "n8n-nodes-base.splitInBatches", "parameters": {"batchSize": 20}},
        "Clock": scheduled({"field": "minutes", "minutesInterval": 2}), "Daily": scheduled({}),
        "Off": {"type": "n8n-nodes-base.scheduleTrigger", "disabled": True},
    }  # fmt: skip
    told = paced(HTTP, others, at_once=3)
    assert "“Loop” (Loop Over Items) takes 20 at a time" in told and "“Clock” starts it every 2 minutes" in told
    assert "“Daily” starts it every day" in told and "Off" not in told
    assert "up to 3 of its runs went on side by side" in told and "an interval longer than a run takes" in told
    assert "an interval longer" not in paced(HTTP, others, at_once=1)


@pytest.mark.parametrize(
    "odd", [None, 5, [], "x", {"options": "=expr"}, {"options": {"batching": {"batch": {"batchSize": "={{ 1 }}"}}}}]
)
def test_odd_parameters_are_no_trouble(odd: Any) -> None:
    clock = {"Clock": {"type": "n8n-nodes-base.scheduleTrigger", "parameters": odd}}
    assert "Batching is not set" in paced({**HTTP, "parameters": odd, "retry": odd}, clock)


def test_a_quota_is_not_helped_by_pauses() -> None:
    told = paced(HTTP, detail="quota")
    assert "quota" in told and "Retry" not in told


def test_without_the_definition_it_says_so() -> None:
    said = row(path_of(caused("rate_limit"), settings(), None, "no case of it was made yet"), "RES-6")
    assert any("is set up is not known: no case of it was made yet" in why for why in said.missing)
    with_it = row(path_of(caused("rate_limit"), settings(), known(nodes={"Ask": HTTP})), "RES-6")
    assert any("Proposed: on, Max Tries 5" in text for text in with_it.todo)
    assert any("N8N_CONCURRENCY_PRODUCTION_LIMIT" in fact for fact in with_it.facts)


# What a case holds


def test_a_case_gives_the_failing_nodes_names_and_settings() -> None:
    case = sample_case()
    diagnosis = investigate(case)
    problem = diagnosis.problem
    assert problem is not None
    found = known_of(case.log, problem, diagnosis.findings)
    assert found.node == problem.node and found.credential == "Google Sheets – Northbeam shared"
    assert found.nodes[found.node]["type"] == found.node_type and found.at_once == 1
    assert set(found.findings) >= {"DX-1", "DX-5"} and found.good_nodes
    assert known_of(case.log, None) == Known()
    other = problem.model_copy(update={"instance": "elsewhere"})
    assert known_of(case.log, other).nodes == {} and known_of(case.log, other).credential is None


def test_runs_side_by_side_are_counted() -> None:
    from incident_nb.desk.known import _at_once

    def runs(*spans: tuple[int, int]) -> pd.DataFrame:
        rows = [(after(first), after(last)) for first, last in spans]
        return pd.DataFrame(rows, columns=["started_at", "stopped_at"])

    assert _at_once(runs((0, 5), (5, 9))) == 1
    assert _at_once(runs((0, 5), (4, 9))) == 2
    assert _at_once(runs((0, 50), (1, 5), (2, 60), (6, 7))) == 3
    assert _at_once(runs()) is None

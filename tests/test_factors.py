"""What each run had to do with, from its snapshot and the nodes that ran."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
import pytest

from incident_nb.executions import ExecutionLog
from incident_nb.patterns.factors import Factors, credential_key, factors
from incident_nb.probes import vendors
from tests.builders import HOUR, START, call, error, flow, log_of, run, runs


def of(log: ExecutionLog) -> Factors:
    return factors(log.executions, log.failures, log.snapshots, vendors.name_of)


def told(log: ExecutionLog, kind: str) -> list[set[str]]:
    """The values of a kind that each run has, in the order of the runs."""
    found = of(log)
    factor = found.kinds[kind]
    by_group: dict[int, set[str]] = {}
    for group, code in zip(factor.groups, factor.codes, strict=True):
        by_group.setdefault(int(group), set()).add(factor.values[code][-1])
    return [by_group.get(int(group), set()) for group in found.group]


TWO = flow(
    1, None, call("First", credential="c1", host="a.example.com"), call("Then", credential="c2", host="b.example.com")
)


def test_only_what_ran_counts() -> None:
    log = log_of(run(1, START, None, TWO), run(2, START + HOUR, error(401), TWO, node="First"))
    assert told(log, "credential") == [{"c1", "c2"}, {"c1"}]
    assert told(log, "host") == [{"a.example.com", "b.example.com"}, {"a.example.com"}]


def test_a_run_has_its_workflow_client_instance_and_node_types() -> None:
    log = log_of(run(1, START, None, flow(7, "[BETA] Orders")))
    assert told(log, "workflow") == [{"wf7"}]
    assert told(log, "client") == [{"BETA"}]
    assert told(log, "instance") == [{str(log.executions["instance"].iloc[0])}]
    assert told(log, "node_type") == [{"n8n-nodes-base.scheduleTrigger", "n8n-nodes-base.httpRequest"}]


def test_the_vendor_is_told_by_host_or_node_type() -> None:
    hub = {"name": "Hub", "type": "n8n-nodes-base.openAi", "parameters": {}}
    log = log_of(
        run(1, START, None, flow(1, None, call(host="api.openai.com"))), run(2, START + HOUR, None, flow(2, None, hub))
    )
    assert told(log, "vendor") == [{"OpenAI"}, {"OpenAI"}]


@pytest.mark.parametrize("missing", ["snapshot", "nodes_run"])
def test_where_data_is_missing_nothing_of_the_nodes_is_known(missing: str) -> None:
    log = log_of(*runs(".."))
    log.executions[missing] = pd.Series([None, log.executions[missing].iloc[1]], dtype="category")
    assert told(log, "credential") == [set(), {"c1"}]
    assert told(log, "workflow") == [{"wf1"}, {"wf1"}]
    found = of(log)
    assert [bool(found.known[group]) for group in found.group] == [False, True]


def test_a_node_that_is_switched_off_has_to_do_with_nothing() -> None:
    log = log_of(
        run(1, START, None, flow(1, None, call(), call("Off", credential="c9", host="off.example.com", disabled=True)))
    )
    assert told(log, "credential") == [{"c1"}]


@pytest.mark.parametrize(
    ("parameters", "hosts"),
    [
        ({"url": "https://Api.Example.com/v1"}, {"api.example.com"}),
        ({"url": "=https://api.example.com/v1/{{ $json.id }}"}, {"api.example.com"}),
        ({"url": "={{ $json.url }}"}, set()),
        ({"url": "https://{{ $json.host }}/v1"}, set()),
        ({"options": {"baseURL": "http://x.example.org:8080"}}, {"x.example.org"}),
        ({"host": "db.example.org"}, {"db.example.org"}),
        ({"text": "see https://docs.example.org"}, set()),
        ({"url": "https://[bad"}, set()),
        ({"urls": [{"value": "https://a.example.org"}, 7]}, {"a.example.org"}),
        ("https://a.example.org", set()),
    ],
)
def test_hosts_come_from_parameters_that_hold_addresses(parameters: Any, hosts: Iterable[str]) -> None:
    log = log_of(run(1, START, None, flow(1, None, call())))
    (snapshot,) = log.snapshots.values()
    snapshot.nodes["Call"]["parameters"] = parameters
    assert told(log, "host") == [set(hosts)]


def test_a_host_that_only_a_failure_names_goes_with_all_nodes_of_that_type() -> None:
    """Else what went well would seem to have nothing to do with it, and the host would explain too much."""
    hub = {"name": "Hub", "type": "n8n-nodes-base.hubspot", "parameters": {}}
    log = log_of(run(1, START, error(401), flow(1, None, hub)), run(2, START + HOUR, None, flow(2, None, hub)))
    log.failures["host"] = pd.Series(["api.hubapi.com"], dtype="category")
    assert told(log, "host") == [{"api.hubapi.com"}, {"api.hubapi.com"}]


def test_of_a_type_that_calls_several_hosts_each_node_has_its_own() -> None:
    hub = {"name": "Hub", "type": "n8n-nodes-base.hubspot", "parameters": {}}
    log = log_of(
        *(run(n, START + n * HOUR, error(401) if n < 3 else None, flow(n, None, hub)) for n in (1, 2, 3)),
        run(4, START + 9 * HOUR, None, flow(1, None, hub)),
    )
    log.failures["host"] = pd.Series(["eu.example.com", "us.example.com"], dtype="category")
    assert told(log, "host") == [{"eu.example.com"}, {"us.example.com"}, set(), {"eu.example.com"}]


def test_a_counted_id_means_another_credential_on_each_server_a_drawn_one_does_not() -> None:
    assert credential_key("a", "12") != credential_key("b", "12")
    assert credential_key("a", "1234567890123456") != credential_key("b", "1234567890123456")
    assert credential_key("a", "VV9mxmFr9ySe9Zzh") == credential_key("b", "VV9mxmFr9ySe9Zzh")


def test_it_is_worked_out_once_for_equal_runs() -> None:
    found = of(log_of(*runs("." * 50)))
    assert len(found.paths) == 1
    assert set(found.group) == {0}


def test_no_runs_have_no_factors() -> None:
    log = log_of(*runs("."))
    found = factors(log.executions.iloc[:0], log.failures, log.snapshots, vendors.name_of)
    assert len(found.group) == 0
    assert all(not factor.values for factor in found.kinds.values())

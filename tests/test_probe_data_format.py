"""RC-3: a renamed field, a changed type, a missing list and a page instead of JSON, named by field, from every source."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from incident_nb import readers
from incident_nb.http import Allowed, Session
from incident_nb.logfile import merged
from incident_nb.models import Cause, Outcome, Probed
from incident_nb.n8n import N8n
from incident_nb.probes import compare, data_format, shapes
from incident_nb.probes.parts import good_ids
from incident_nb.probes.target import Target, Tools
from incident_nb.readers.single import Executions
from incident_nb.settings import Client, Settings
from tests.builders import NOW
from tests.client_model import MODEL
from tests.exports import KEY as ENTITIES_KEY
from tests.exports import Json, api_error, execution, node, page, ran
from tests.served import KEY, Kept, serving_n8n
from tests.test_single import WRITERS

C = Cause
ORDER: Json = {
    "id": "A-1",
    "customer_email": "maria@shop.example",
    "total": 12.5,
    "lines": [{"sku": "x", "amount": 2}, {"sku": "y", "amount": 1}],
}
PAGE = "<!DOCTYPE html>\n<html><head><title>Sign in - Shop</title></head><body>maria@shop.example</body></html>"
CODE = "return $input.all().map(i => ({json: {to: i.json.customer_email, n: i.json.lines.length, t: i.json.total}}))"


def changed(**more: Any) -> Json:
    """The usual order with some fields otherwise; None leaves one out."""
    whole = {**copy.deepcopy(ORDER), **more}
    return {name: value for name, value in whole.items() if value is not ...}


def sent(number: int, *items: Json, error: Json | None = None, giver: str = "httpRequest", **more: Any) -> Json:
    """An execution in which Get orders gave some items to Send; with an error it stopped there."""
    source = [{"previousNode": "Get orders", "previousNodeOutput": 0, "previousNodeRun": 0}]
    nodes = [
        node("Get orders", f"n8n-nodes-base.{giver}", parameters={"url": "https://api.shop.example/orders"}),
        node("Send", "n8n-nodes-base.code", parameters={"jsCode": CODE}),
    ]
    nodes = more.pop("nodes", nodes)
    runs = {"Get orders": ran(*items), "Send": ran({"ok": True}, source=source, **({"error": error} if error else {}))}
    row = execution(number, "error" if error else "success", runs=runs, nodes=nodes, error=error, **more)
    if error:
        wrapped = [item if "json" in item else {"json": item} for item in items]
        kept = {"node": nodes[1], "data": {"main": [wrapped]}, "source": {"main": source}}
        row["data"]["executionData"] = {"nodeExecutionStack": [kept]}
    return row


WRONG = {"name": "TypeError", "message": "Cannot read properties of undefined (reading 'trim')"}


def story(*items: Json, error: Json = WRONG, giver: str = "httpRequest", **more: Any) -> list[Json]:
    """Two good runs, and one that failed with these items."""
    good = [sent(1, changed(id="B-7"), ORDER, giver=giver, **more), sent(2, changed(total=3), giver=giver, **more)]
    return [*good, sent(3, *items, error=error, giver=giver, **more)]


def target_of(source: str, **more: Any) -> Target:
    log = readers.read(source)
    told = {"workflow_id": "wf1", "node": "Send", "execution_id": "3", "good_execution_id": "2", "client": "ACME"}
    return Target(log=log, now=NOW, instance="default", **{**told, **more})  # type: ignore[arg-type]


def look(rows: list[Json], folder: Path, form: str = "page", settings: Settings | None = None, **more: Any) -> Probed:
    """The answer from a file source."""
    source = str(WRITERS[form](folder, rows))
    with Session(Allowed(), budget_s=60) as session:
        tools = Tools(session, settings or Settings(), execution_of=Executions(source))
        return data_format.look(target_of(source, **more), tools)


def with_model(folder: Path, key: str = "Send", text: str = MODEL) -> Settings:
    repository = folder / "repository"
    repository.mkdir()
    (repository / "orders.py").write_text(text)
    client = Client(repository=repository, models={key: "orders.py:Order"})
    return Settings(clients={"ACME": client})


def effects(answer: Probed) -> dict[Cause, float]:
    """All factors of an answer together."""
    total: dict[Cause, float] = {}
    for piece in answer.evidence:
        for cause, factor in piece.effects.items():
            total[cause] = total.get(cause, 1.0) * factor
    return total


RENAMED = changed(customer_email=..., customerEmail="maria@shop.example")
CASES: dict[str, tuple[Json, list[str], list[str]]] = {
    "renamed": (
        RENAMED,
        ["customer_email (text that looks like an e-mail address) is missing; there is a new field customerEmail."],
        ["customer_email: Field required (missing)"],
    ),
    "changed type": (
        changed(total="12 euros"), ["total is text instead of a number."], ["total: Input should be a valid number"],
    ),
    "number as text": (changed(total="12.5"), ["total is text that looks like a number instead of a number."], []),
    "missing list": (changed(lines=...), ["lines (a list) is missing."], ["lines: Field required (missing)"]),
    "empty list": (changed(lines=[]), ["lines is an empty list, and never was."], []),
    "object instead of a list": (
        changed(lines={"0": {"sku": "x", "amount": 2}}), ["lines is an object instead of a list."],
        ["lines: Input should be a valid list (list_type)"],
    ),
    "null": (
        changed(customer_email=None), ["customer_email is null, and never was"],
        ["customer_email: Input should be a valid string"],
    ),
    "inside the list": (
        changed(lines=[{"sku": "x", "amount": 2}, {"sku": "y"}]), ["lines[].amount (a number) is missing in 1 of 2."],
        ["lines[].amount: Field required (missing)"],
    ),
    "page": (
        {"data": PAGE},
        ["data is an HTML page instead of JSON with the fields customer_email, id, lines, total.",
         "The page's title is “Sign in - Shop”."],
        ["customer_email: Field required (missing)", "lines: Field required (missing)"],
    ),
    "plain text": ({"data": "Service busy"}, ["data is plain text instead of JSON with the fields customer_email"], ["lines: "]),
    "nothing": ({}, ["its item is an empty object, as an empty answer gives"], ["lines: Field required"]),
}  # fmt: skip


@pytest.mark.parametrize("modelled", [False, True], ids=["without a model", "with a model"])
@pytest.mark.parametrize("case", CASES)
def test_the_differing_field_is_named(case: str, modelled: bool, tmp_path: Path) -> None:
    item, told, refused = CASES[case]
    settings = with_model(tmp_path) if modelled else None
    answer = look(story(item), tmp_path, settings=settings)
    assert answer.outcome is Outcome.FOUND
    for words in told:
        assert words in answer.summary
    if modelled:
        for words in refused:
            assert words in answer.summary
        assert ("refuses the input of the node (1 of 1 payload)" in answer.summary) is bool(refused)
        assert ("orders.py:Order" in (answer.next_look or "")) is bool(refused)
    else:
        assert "model" not in answer.summary
    assert effects(answer)[C.DATA_FORMAT] >= 2
    assert "maria" not in repr(answer) and "12 euros" not in repr(answer)


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("case", ["renamed", "changed type", "missing list", "page"])
def test_from_a_source_in_every_format(case: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCIDENT_NB_N8N_ENCRYPTION_KEY", ENTITIES_KEY)
    item, told, _ = CASES[case]
    answer = look(story(item), tmp_path / "s" if form == "folder" else tmp_path, form)
    assert answer.outcome is Outcome.FOUND and told[0] in answer.summary


def test_from_a_server(tmp_path: Path) -> None:
    kept = Kept()
    rows = story(RENAMED)
    kept.add(*rows)
    with serving_n8n(kept) as server, Session(Allowed(frozenset({f"{server.url}"})), budget_s=60) as session:
        tools = Tools(session, Settings(), n8n=N8n("default", server.url, session, KEY))
        answer = data_format.look(target_of(str(WRITERS["page"](tmp_path, rows))), tools)
    assert answer.outcome is Outcome.FOUND and "there is a new field customerEmail" in answer.summary


def test_what_a_difference_weighs(tmp_path: Path) -> None:
    used = look(story(RENAMED), tmp_path)
    assert (
        effects(used) == {C.DATA_FORMAT: 5.0, C.WORKFLOW_CONFIG: 0.5} and "“Send” uses “customer_email”" in used.summary
    )
    unused = look(story(changed(id=...)), tmp_path)
    assert effects(unused) == {C.DATA_FORMAT: 4.0, C.WORKFLOW_CONFIG: 0.5}
    named = look(story(changed(id=..., ref="x"), error={**WRONG, "message": "Column 'ref_id' needs id_of"}), tmp_path)
    assert effects(named)[C.DATA_FORMAT] == 4.0  # “id” stands only inside other words
    refused = look(story(changed(id=...), error=api_error(httpCode="404")), tmp_path)
    assert effects(refused) == {C.DATA_FORMAT: 1.5}
    page = look(story({"data": PAGE}), tmp_path)
    assert effects(page) == {
        C.DATA_FORMAT: 2.0, C.EXTERNAL_OUTAGE: 2.0, C.EXTERNAL_API_CHANGED: 1.5, C.CREDENTIALS: 1.5,
    }  # fmt: skip
    assert effects(look(story({"data": PAGE}, giver="webhook"), tmp_path)) == {C.DATA_FORMAT: 4.0}


def test_an_input_as_ever_speaks_against_it(tmp_path: Path) -> None:
    answer = look(story(changed(id="Z-9", total=0, note="new")), tmp_path)
    assert answer.outcome is Outcome.CLEAN
    assert "(1 item) has the same fields and types as in the last 2 good runs (2, 1)." in answer.summary
    assert "There are new fields, which alone do no harm: note." in answer.summary
    assert effects(answer) == {C.DATA_FORMAT: 0.5}
    modelled = look(story(changed()), tmp_path, settings=with_model(tmp_path))
    assert modelled.outcome is Outcome.CLEAN and "The model orders.py:Order takes the input" in modelled.summary
    assert effects(modelled) == {C.DATA_FORMAT: 0.3}


@pytest.mark.parametrize(
    "error",
    [
        api_error(httpCode="422"),
        api_error(httpCode="409", message="Conflict"),
        {"name": "NodeOperationError", "message": "duplicate key value violates unique constraint"},
        {"name": "NodeOperationError", "message": "Response body is not valid JSON. Change it"},
    ],
)
def test_a_refused_value_or_answer_is_not_settled_by_an_equal_shape(error: Json, tmp_path: Path) -> None:
    answer = look(story(changed(), error=error), tmp_path)
    assert answer.outcome is Outcome.CLEAN and effects(answer) == {}


def test_what_varies_among_good_runs_is_no_difference(tmp_path: Path) -> None:
    good = [sent(1, changed(note=None, total="7", lines=[])), sent(2, changed(customer_email=..., extra={}))]
    for item in (changed(customer_email=...), changed(total="8"), changed(lines=[]), changed(extra={})):
        assert look([*good, sent(3, item, error=WRONG)], tmp_path).outcome is Outcome.CLEAN
    assert look([*good[1:], sent(3, changed(total="8"), error=WRONG)], tmp_path).outcome is Outcome.FOUND


def test_good_runs_that_hold_a_failure_of_the_node_or_miss_it_do_not_count(tmp_path: Path) -> None:
    nodes = sent(1)["workflowData"]["nodes"]
    nodes[1]["onError"] = "continueRegularOutput"
    soft = sent(2, RENAMED, nodes=nodes)
    soft["data"]["resultData"]["runData"]["Send"][0]["data"] = {"main": [[{"json": {"error": "no e-mail"}}]]}
    other = execution(4, runs={"Get orders": ran(RENAMED)})
    rows = [sent(1, ORDER), soft, other, sent(3, RENAMED, error=WRONG)]
    answer = look(rows, tmp_path, good_execution_id=None)
    assert "the last good run of it (1)" in answer.summary


def test_the_runs_before_in_a_loop_tell_what_is_usual(tmp_path: Path) -> None:
    row = sent(3, RENAMED, error=WRONG)
    runs = row["data"]["resultData"]["runData"]
    source = [[{"previousNode": "Get orders", "previousNodeOutput": 0, "previousNodeRun": run}] for run in range(3)]
    runs["Get orders"] = [ran(ORDER), ran(changed(total=1)), ran(RENAMED)]
    runs["Send"] = [ran({}, source=source[0]), ran({}, source=source[1]), ran(error=WRONG, source=source[2])]
    answer = look([row], tmp_path, good_execution_id=None)
    assert answer.outcome is Outcome.FOUND
    assert "differs from the earlier runs of the node in the same execution: customer_email" in answer.summary


def test_nodes_that_the_failing_one_refers_to_are_looked_at_too(tmp_path: Path) -> None:
    def row(number: int, ref: Json, error: Json | None = None) -> Json:
        one = sent(number, ORDER, error=error)
        one["workflowData"]["nodes"][1]["parameters"] = {"value": "={{ $('Form').item.json.ref }}"}
        one["data"]["resultData"]["runData"] = {"Form": [ran(ref)], **one["data"]["resultData"]["runData"]}
        return one

    answer = look([row(2, {"ref": 5}), row(3, {"ref": None}, WRONG)], tmp_path)
    assert "in what “Form” gave, ref is null, and never was (a number)." in answer.summary
    assert look([row(2, {"ref": 5}), row(3, {"ref": 6}, WRONG)], tmp_path).outcome is Outcome.CLEAN


def test_each_input_of_a_node_is_compared_with_its_own(tmp_path: Path) -> None:
    def row(number: int, second: Json, error: Json | None = None) -> Json:
        one = sent(number, ORDER)
        source = [{"previousNode": "Get orders"}, {"previousNode": "Rates"}]
        end = ran(source=source, **({"error": error} if error else {}))
        one["data"]["resultData"]["runData"] |= {"Rates": [ran(second)], "Send": [end]}
        one["data"]["resultData"] |= {"error": error} if error else {}
        return {**one, "status": "error" if error else "success"}

    answer = look([row(2, {"id": 5}), row(3, {"id": "5"}, WRONG)], tmp_path)
    assert "in its input 2, id is text that looks like a number instead of a number." in answer.summary


def test_headers_of_a_webhook_are_not_compared_and_its_body_is(tmp_path: Path) -> None:
    def hook(body: Any, **headers: str) -> Json:
        return {"headers": headers, "params": {}, "query": {}, "body": body}

    good = sent(2, hook({"a": 1}, host="x", via="p"), giver="webhook")
    same = look([good, sent(3, hook({"a": 2}, host="y", cookie="c"), error=WRONG, giver="webhook")], tmp_path)
    assert same.outcome is Outcome.CLEAN
    other = look([good, sent(3, hook("a=2", host="y"), error=WRONG, giver="webhook")], tmp_path)
    assert "body is text instead of an object." in other.summary
    inner = [sent(n, hook({"payload": text}), error=error) for n, text, error in
             ((2, '{"rows": [1]}', None), (3, '{"rows": {"0": 1}}', WRONG))]  # fmt: skip
    assert "body.payload(JSON).rows is an object instead of a list." in look(inner, tmp_path).summary
    inner[1] = sent(3, hook({"payload": '{"rows": [1,'}), error=WRONG)
    assert "body.payload is damaged JSON." in look(inner, tmp_path).summary


NOT_LOOKED: dict[str, tuple[Callable[[list[Json]], list[Json]], dict[str, Any], str]] = {
    "no good run": (lambda rows: rows[2:], {"good_execution_id": None}, "No good run of “Send” is known"),
    "good runs without data": (
        lambda rows: [{**row, "data": None} if row["id"] != "3" else row for row in rows], {}, "No good run of “Send” is"),
    "saved without data": (lambda rows: [*rows[:2], {**rows[2], "data": None}], {}, "saved without its data"),
    "no execution": (lambda rows: rows, {"execution_id": None}, "No failing execution is known"),
    "a trigger": (lambda rows: rows, {"node": "Get orders"}, "“Get orders” started the execution"),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_LOOKED)
def test_where_it_cannot_look_it_says_why(case: str, tmp_path: Path) -> None:
    change, more, why = NOT_LOOKED[case]
    answer = look(change(story(changed())), tmp_path, **more)
    assert answer.outcome is Outcome.COULD_NOT_LOOK and why in answer.summary and effects(answer) == {}
    if case == "no good run":
        assert "no Pydantic model is mapped to it" in answer.summary
        assert "[clients.ACME.models]" in (answer.next_look or "")


def test_a_model_alone_is_enough(tmp_path: Path) -> None:
    settings = with_model(tmp_path)
    bad = look(story(RENAMED)[2:], tmp_path, settings=settings, good_execution_id=None)
    assert bad.outcome is Outcome.FOUND and "customer_email: Field required" in bad.summary
    assert effects(bad) == {C.DATA_FORMAT: 5.0}
    good = look(story(changed())[2:], tmp_path, settings=settings, good_execution_id=None)
    assert good.outcome is Outcome.CLEAN and effects(good) == {C.DATA_FORMAT: 0.6}


def test_a_model_that_refuses_good_runs_just_so_weighs_nothing(tmp_path: Path) -> None:
    strict = MODEL + "    never_there: str\n"
    answer = look(story(changed()), tmp_path, settings=with_model(tmp_path, text=strict))
    assert answer.outcome is Outcome.CLEAN and "but that of good runs just so: never_there" in answer.summary
    assert effects(answer) == {C.DATA_FORMAT: 0.5}


def test_a_model_that_cannot_be_asked_is_no_answer_of_its_own(tmp_path: Path) -> None:
    broken = with_model(tmp_path, text="import no_such_library")
    answer = look(story(RENAMED), tmp_path, settings=broken)
    assert answer.outcome is Outcome.FOUND and "needs the library no_such_library" in answer.summary
    alone = look(story(RENAMED)[2:], tmp_path, settings=broken, good_execution_id=None)
    assert alone.outcome is Outcome.COULD_NOT_LOOK and "needs the library no_such_library" in alone.summary
    homeless = Settings(clients={"ACME": Client(models={"Send": "orders.py:Order"})})
    assert "set `repository` under [clients.ACME]" in look(story(RENAMED), tmp_path, settings=homeless).summary


def test_the_model_of_an_endpoint_judges_what_was_sent(tmp_path: Path) -> None:
    settings = with_model(tmp_path, "/process-orders")
    url = "https://shop--orders-web-app.modal.run/process-orders"
    mapped = {"id": 1}  # what reaches the node is not what it sends
    for body, outcome in ((RENAMED, Outcome.FOUND), (changed(), Outcome.CLEAN)):
        error = api_error(httpCode="422", context={"request": {"uri": url, "body": body}})
        rows = [sent(2, mapped), sent(3, mapped, error=error)]
        answer = look(rows, tmp_path, settings=settings, url=url)
        assert answer.outcome is outcome and "what the node sent, as its error has it" in answer.summary
    other = look([sent(2, mapped), sent(3, mapped, error=WRONG)], tmp_path, settings=settings, url=f"{url}-later")
    assert "model" not in other.summary


def test_a_repository_is_found_beside_the_settings(tmp_path: Path) -> None:
    with_model(tmp_path)
    client = Client(repository=Path("repository"), models={"Send": "orders.py:Order"})
    settings = Settings(clients={"ACME": client}, path=tmp_path / "incident-nb.toml")
    assert "customer_email: Field required" in look(story(RENAMED), tmp_path, settings=settings).summary


def test_keys_that_are_data_are_one_field() -> None:
    shape = shapes.of([{"json": {"by_day": {"2026-01-01": 1, "2026-01-02": 2}, "by_user": {"a@b.example": {"n": 1}}}}])
    assert {shapes.told(path) for path in shape.fields} == {
        "the item",
        "by_day",
        "by_day.{}",
        "by_user",
        "by_user.{}",
        "by_user.{}.n",
    }
    other = shapes.of([{"json": {"by_day": {"2027-05-05": 3}, "by_user": {"c@d.example": {"n": 1}}}}])
    assert compare.differences(other, [shape]) == []
    wrong = shapes.of([{"json": {"by_day": {"2027-05-05": "3"}, "by_user": {"c@d.example": {}}}}])
    assert [one.text.split(" is ")[0] for one in compare.differences(wrong, [shape])] == ["by_day.{}", "by_user.{}"]


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("email", "email_address", True),
        ("customer_email", "customerEmail", True),
        ("rows", "items", True),  # the only new one of its type
        ("total", "customer", False),  # a number, and a text
    ],
)
def test_a_renamed_field_is_told_by_name_or_type(was: str, now: str, told: bool) -> None:
    usual: Json = {"email": "a@b.example", "customer_email": "a@b.example", "rows": [{"n": 1}], "total": 5}
    value: Any = usual[was] if told else "x"
    mine = {**{name: entry for name, entry in usual.items() if name != was}, now: value}
    (one,) = compare.differences(shapes.of([{"json": mine}]), [shapes.of([{"json": usual}])])
    assert (f"there is a new field {now}" in one.text) is told


def test_large_inputs_are_looked_at_within_limits_that_are_said() -> None:
    many = [{"json": {"n": number}} for number in range(5_000)]
    shape = shapes.of(many)
    assert shape.items == 5_000 and shape.left_out == "only 1,000 of 5,000 items were looked at"
    many[2_500] = {"json": {"n": "odd"}}
    assert shapes.of(many).fields["n",].types == {"number"}
    assert shapes.of(many, index=2_500).fields["n",].types == {"number", "text"}
    deep: Any = []
    for _ in range(100):
        deep = [deep]
    assert "nothing deeper than" in (shapes.of([{"json": {"a": deep}}]).left_out or "")
    circle: Json = {}
    circle["self"] = circle
    assert shapes.of([{"json": circle}]).left_out
    wide = [{"json": {"a": [{"b": list(range(500))} for _ in range(500)]}}]
    assert "only the first 200,000 values" in (shapes.of(wide).left_out or "")


def test_good_runs_are_those_just_before_the_onset_then_those_after(tmp_path: Path) -> None:
    rows = [sent(number, ORDER, startedAt=f"2026-03-01T{number:02}:00:00.000Z") for number in (1, 2, 3, 5, 6)]
    rows.append(sent(4, RENAMED, error=WRONG, startedAt="2026-03-01T04:00:00.000Z"))
    source = str(WRITERS["page"](tmp_path, rows))
    onset = datetime(2026, 3, 1, 4, tzinfo=UTC)
    target = target_of(source, execution_id="4", good_execution_id=None, onset=onset)
    assert good_ids(target, "Send") == ["3", "2", "1", "5", "6"]
    assert good_ids(replace(target, good_execution_id="2", failing_ids=("3", "4")), "Send") == ["2", "1", "5", "6"]
    assert good_ids(target, "Nothing") == []
    assert good_ids(replace(target, instance="another"), "Send") == []
    assert good_ids(replace(target, workflow_id="wf2"), "Send") == []
    other = readers.Reading("other")  # where a run of the same id failed at a node of the same name
    other.add(page(sent(3, RENAMED, error=WRONG)), "https://other.example.com")
    assert good_ids(replace(target, log=merged([target.log, other.log()])), "Send") == ["3", "2", "1", "5", "6"]


@pytest.mark.parametrize("key", ["@" * 50_000 + "\n", "a1" * 50_000 + "\n", "https://" * 20_000, "x" * 80])
def test_a_long_key_is_data_and_no_expression_is_tried_on_it(key: str) -> None:
    """Who sends a webhook chooses the keys; an expression that backtracks would hold up the whole process."""
    shape = shapes.of([{"json": {key: 1}}])
    assert {shapes.told(path) for path in shape.fields} == {"the item", "{}"}
    assert not shapes.is_data("x" * 79)


def test_texts_made_to_backtrack_are_answered() -> None:
    assert (
        shapes.form_of("a@" + "." * 590 + "@") == ""
        and shapes.form_of("ada.b@mail.acme.example") == "an e-mail address"
    )
    assert compare.title_of("<title" * 100_000) is None
    assert compare.title_of("<title class='a'>Sign in</title>" + "<" * 100_000) == "Sign in"


def test_a_title_is_masked_before_it_is_cut() -> None:
    token = "sk_live_4eC39HqLyjWDarjtT1zdp7dc4eC39Hq"
    title = compare.title_of(f"<title>{'The request was refused: ' * 2}{token}</title>")
    assert title is not None and "sk_live" not in title


def test_an_input_of_very_many_fields_is_looked_at_in_part_and_none_is_called_missing() -> None:
    letters = "abcdefghijklmnopq"
    names = [f"{a}{b}{c}" for a in letters for b in letters for c in letters]
    many = {name: {f"{name}_{other}": 1 for other in names[:200]} for name in names[:39]}
    usual = shapes.of([{"json": {**many, "last": 1}}])
    mine = shapes.of([{"json": {"last": 1, **many}}])
    assert len(mine.fields) == shapes.FIELDS and mine.left_out == "only the first 2,000 fields were looked at"
    assert compare.differences(mine, [usual]) == compare.differences(usual, [mine]) == []

"""RC-3: has what reaches the failing node another shape than in good runs, and does the client's model take it?

Shapes are taken from raw values; names of fields, types and counts get out, values do not.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from incident_nb.models import Cause, Evidence, Probed
from incident_nb.probes import compare
from incident_nb.probes.compare import Difference
from incident_nb.probes.parts import Part, Runs, definition, failing_run, good_runs, parts_of, texts
from incident_nb.probes.target import Target, Tools, clean, could_not_look, found, seen
from incident_nb.probes.use_of_models import Asked, ask_model
from incident_nb.readers.node_input import as_dict, error_of, node_input

C = Cause
SHOWN = 8
# A service that refuses a value says nothing of the shape: duplicate keys, invalid options, failed constraints.
_VALUE_REFUSED = ("400", "409", "422")
_OF_A_VALUE = re.compile(
    r"duplicate|constraint|already exists|invalid|not a valid|out of range|not allowed", re.IGNORECASE
)
# What a service, or the way to it, says whatever it was sent.
_OTHERWISE = ("401", "403", "404", "405", "410", "429", "502", "503", "504")
_OF_ITS_ANSWER = re.compile(r"response body|JSON in response|in the response", re.IGNORECASE)
_PAGE = re.compile(r"<!doctype html|<html[\s>]", re.IGNORECASE)
_SIGN_IN = re.compile(r"sign.?in|log.?in|anmeld|connexion", re.IGNORECASE)


class Found(NamedTuple):
    """A difference and the part that it lies in."""

    part: Part
    difference: Difference


def look(target: Target, tools: Tools) -> Probed:
    """Which fields of the failing node's input differ from its input in good runs, and what the client's model refuses."""
    if target.execution_id is None:
        return could_not_look("No failing execution is known whose input could be looked at.")
    execution = as_dict(tools.execution(target.execution_id))
    node = target.node or as_dict(as_dict(execution.get("data")).get("resultData")).get("lastNodeExecuted")
    if not execution or not isinstance(node, str):
        return could_not_look(f"Execution {target.execution_id} is not in the source any more, or names no node.")
    runs = Runs(execution, node, definition(execution, node), good_runs(target, tools, node))
    parts = list(parts_of(runs))
    model = ask_model(target, tools, runs.failing, node, list(runs.good.values()))
    why = node_input(execution, node, failing_run(execution, node)).why
    answered = _page_in_answer(runs, target)
    if answered:
        return found(answered.fact.text, [answered, *model.facts])
    if not parts and not model.weighs:
        return could_not_look(_nothing_there(target, node, why), next_look="Open the execution in n8n and look there.")
    differs = [Found(part, one) for part in parts for one in compare.differences(part.failing, part.good)]
    compared = [part for part in parts if part.good]
    if differs:
        return _told_differences(target, runs, differs, model)
    if not compared and not model.weighs:
        return _no_comparison(target, node, model)
    facts = [_same(target, runs, compared), *_new(compared), *model.facts] if compared else [*model.facts]
    summary = " ".join(dict.fromkeys([*(fact.fact.text for fact in facts), *model.remarks]))
    if model.refuses:
        return found(summary, facts, next_look=model.next_look)
    return clean(summary, facts, next_look=model.next_look)


def _told_differences(target: Target, runs: Runs, differs: list[Found], model: Asked) -> Probed:
    strong = [one for one in differs if one.difference.kind != "form"]
    pages = [one for one in differs if one.difference.kind == "page"]
    named = [(one, by) for one in differs if (by := _named(one.difference, runs, target))]
    clauses = [_clause(one) for one in differs[:SHOWN]]
    more = f"; and {len(differs) - SHOWN} more" if len(differs) > SHOWN else ""
    compared = _good_words(runs, differs[0].part)
    text = f"What reached “{runs.node}” differs from {compared}: {'; '.join(clauses)}{more}."
    if named and not pages:
        text += f" {named[0][1]}."
    if pages:
        effects, extra = _page(runs, pages[0])
        text += extra
    elif strong and not named and _status(runs, target) in _OTHERWISE:
        effects = {C.DATA_FORMAT: 1.5}
    elif strong:
        factor = 5.0 if named else 4.0
        # With the model's own word for the same thing, this is no second witness.
        effects = {C.DATA_FORMAT: 1.5 if model.refuses else factor, C.WORKFLOW_CONFIG: 0.5}
    else:
        effects = {C.DATA_FORMAT: 2.0}
    told = seen(text, effects, *filter(None, [target.execution_id, *runs.good]))
    rest = [seen(f"{_clause(one)[:1].upper()}{_clause(one)[1:]}.") for one in differs[SHOWN : SHOWN + 12]]
    summary = " ".join([text, *(fact.fact.text for fact in model.facts), *model.remarks])
    giver = differs[0].part.giver
    step = model.next_look or (
        f"Look at what “{giver}” gives now: was it changed there, or does {_service(runs, giver)} answer otherwise?"
        if giver
        else "Ask whoever sends this what they changed."
    )
    return found(summary, [told, *rest, *model.facts], next_look=step)


def _clause(one: Found) -> str:
    where = "" if one.part.name == "its input" else f"in {one.part.name}, "
    return f"{where}{one.difference.text}"


def _page(runs: Runs, one: Found) -> tuple[dict[Cause, float], str]:
    """What an HTML page in the place of data speaks of, and what it calls itself."""
    page = one.part.failing.pages.get(one.difference.path, "")
    title = compare.title_of(page)
    words = f" The page's title is “{title}”." if title else " The page has no title."
    giver = definition(runs.failing, one.part.giver or "")
    if not str(giver.get("type")).endswith((".httpRequest", ".httpRequestTool")):
        return {C.DATA_FORMAT: 4.0}, words
    effects = {C.DATA_FORMAT: 2.0, C.EXTERNAL_OUTAGE: 2.0, C.EXTERNAL_API_CHANGED: 1.5}
    return effects | ({C.CREDENTIALS: 1.5} if _SIGN_IN.search(title or "") else {}), words


def _page_in_answer(runs: Runs, target: Target) -> Evidence | None:
    """Where the failing node itself was answered with a page, as its error shows."""
    if _status(runs, target)[:1] in ("3", "4", "5"):
        return None  # the page is only how the service words its refusal
    error = error_of(runs.failing, runs.node)
    context = as_dict(error.get("context"))
    for text in (error.get("description"), context.get("data"), *(error.get("messages") or ()), target.description):
        if isinstance(text, str) and (at := _PAGE.search(text[:20_000])):
            title = compare.title_of(text[at.start() :])
            words = f", with the title “{title}”" if title else ""
            told = f"“{runs.node}” was answered with an HTML page instead of data{words}."
            effects = {C.DATA_FORMAT: 2.0, C.EXTERNAL_OUTAGE: 2.0, C.EXTERNAL_API_CHANGED: 1.5}
            return seen(told, effects, *filter(None, [target.execution_id]))
    return None


def _same(target: Target, runs: Runs, compared: list[Part]) -> Evidence:
    """That nothing differs, and what that is worth."""
    items = sum(part.failing.items for part in compared)
    text = f"The input of “{runs.node}” ({items} item{'s' * (items != 1)}) has the same fields and types as in "
    text += f"{_good_words(runs, compared[0], brief=True)}."
    cut = [part.failing.left_out for part in compared if part.failing.left_out]
    if cut:
        text += f" Of it {cut[0]}."
    error = error_of(runs.failing, runs.node)
    said = " ".join(str(error.get(key) or "") for key in ("message", "description"))
    answer_refused = bool(_OF_ITS_ANSWER.search(said))
    value_refused = _status(runs, target) in _VALUE_REFUSED or bool(_OF_A_VALUE.search(said))
    if answer_refused:
        text += " But the error is about the answer that the node got, which n8n does not keep."
    elif value_refused:
        text += " The error may be about a value, which this does not show."
    weighs = not cut and not value_refused and not answer_refused
    effects = {C.DATA_FORMAT: 0.5} if weighs else {}
    return seen(text, effects, *filter(None, [target.execution_id, *runs.good]))


def _status(runs: Runs, target: Target) -> str:
    return str(error_of(runs.failing, runs.node).get("httpCode") or target.http_code or "")


def _new(compared: list[Part]) -> list[Evidence]:
    names = [name for part in compared for name in compare.new_fields(part.failing, part.good)]
    if not names:
        return []
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return [seen(f"There are new fields, which alone do no harm: {', '.join(names[:SHOWN])}{more}.")]


def _good_words(runs: Runs, part: Part, brief: bool = False) -> str:
    if not runs.good:
        return "the earlier runs of the node in the same execution" if part.good else "what a node should get"
    ids = ", ".join(runs.good)
    if len(runs.good) == 1:
        return f"the last good run ({ids})" if brief else f"the last good run of it ({ids})"
    return f"the last {len(runs.good)} good runs ({ids})"


def _no_comparison(target: Target, node: str, model: Asked) -> Probed:
    client = target.client or "CODE"
    text = f"No good run of “{node}” is known whose input could be compared"
    text += "." if model.remarks else ", and no Pydantic model is mapped to it."
    step = (
        "Have n8n save good executions, too, or keep them with `incident-nb fetch`; and map the node to its Pydantic "
        f"model under [clients.{client}.models] in the settings."
    )
    return could_not_look(" ".join([text, *model.remarks]), next_look=step)


def _nothing_there(target: Target, node: str, why: str | None) -> str:
    return f"The input of “{node}” in execution {target.execution_id} can't be looked at: {why or 'there is none'}."


def _named(one: Difference, runs: Runs, target: Target) -> str | None:
    """Who names the field that differs, in words: the node's expressions or code, or the error."""
    error = error_of(runs.failing, runs.node)
    said = [str(error.get(key) or "") for key in ("message", "description")]
    said += [target.message or "", target.description or ""]
    for name in one.names[:1]:
        word = re.compile(rf"(?<![\w$]){re.escape(name)}(?!\w)")
        if word.search("\n".join(texts(runs.definition))):
            return f"“{runs.node}” uses “{name}”"
        if len(name) > 2 and word.search("\n".join(said)):
            return f"The error names “{name}”"
    return None


def _service(runs: Runs, giver: str) -> str:
    kind = str(definition(runs.failing, giver).get("type") or "").rpartition(".")[2]
    return "the service behind it" if kind != "webhook" else "its sender"

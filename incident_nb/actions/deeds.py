"""What a node does when it runs: reads, writes under a key, or writes; by its type, its operation and its parameters.

`nodes.toml` knows the operations. Where parameters say more than the operation (HTTP Request, queries, Code), they are
read here. What is not known for certain writes.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from incident_nb.readers.node_input import Json, as_dict, as_list

TABLE = Path(__file__).with_name("nodes.toml")
BASE = "n8n-nodes-base."
KEY_HEADERS = ("idempotency-key", "x-idempotency-key", "idempotencykey", "paypal-request-id")
READING = ("GET", "HEAD", "OPTIONS")
# Words in the path of an address, or an action in its query, that let a GET do something.
_STARTS = re.compile(
    r"^[^?]*?(?:(?i:hook|trigger)|(?i:\b(?:exec|execute|run|start|send|create|delete|update|add|approve|confirm|"
    r"unsubscribe|subscribe|cancel|pay))(?![a-z]))|[?&](?i:action|cmd|command|do|method|op|operation)="
)
_DATA = re.compile(r"\$json|\$\(|\$input|\$node\[|\$item")
_OTHER_EACH_TIME = re.compile(r"\$execution|\$now|\$today|random|\bDate|uuid|nanoid|\$runIndex|\$resumeUrl", re.I)
_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.S)
_LAST_PART = re.compile(r"/[^/?#\s]*\{\{[^{}]*\}\}/?(?:[?#]|$)")
_READING_QUERY = re.compile(r"\s*select\b[^;]*;?\s*", re.I | re.S)
_NOT_ONLY_READING = re.compile(
    r"\b(?:insert|update|delete|merge|into|call|do|exec|execute|lock|nextval|setval)\b", re.I
)
_CALL = re.compile(r"\b([a-z_][\w.]*)\s*\(", re.I)
# What may stand before a bracket in a query that only reads.
_PLAIN = re.compile(
    r"count|sum|min|max|avg|coalesce|lower|upper|trim|round|abs|now|date|date_trunc|to_char|in|and|or|not|where|on|from|"
    r"select|cast|extract|concat|length|json_agg|jsonb_agg|json_build_object|nullif|greatest|least|as|having|exists|any"
)
_UPSERT = re.compile(r"\bon\s+conflict\b|\bon\s+duplicate\s+key\s+update\b", re.I)
# Whatever lets a script reach beyond its items.
_REACHES_OUT = re.compile(
    r"helpers|StaticData|globalThis|constructor|prototype|XMLHttp|WebSocket|__|getattr|\\u|\\x|"
    r"\b(?:require|import|fetch|eval|Function|global|process|this)\b|(?<![.\w])(?:exec|open)\s*\("
)


class Deed(NamedTuple):
    """What one run of a node does, and why we think so.

    `single`: by one call an item; `in_order`: item after item up to the first that fails; `refused`: the service's words.
    """

    kind: Literal["reads", "keyed", "writes"]
    why: str
    single: bool = False
    in_order: bool = False
    refused: tuple[str, ...] = ()


def deed(node: Json) -> Deed:
    """What a node does, by its type, operation and parameters."""
    kind, parameters = str(node.get("type") or ""), as_dict(node.get("parameters"))
    short = kind.removeprefix(BASE)
    if special := _SPECIAL.get(short):
        return special(parameters)
    done = operation(parameters)
    if done.startswith("=") or ".=" in done:
        return Deed("writes", "which operation it runs comes from its data")
    if short in _QUERIES and done.rpartition(".")[2] == "executeQuery":
        return _query(parameters, node)
    row = _row(short)
    if row is None:
        return Deed("writes", f"what a node of the type {kind or '(none)'} writes is not known")
    known = {
        name: any(fnmatchcase(done, one) for one in as_list(row.get(name))) for name in ("reads", "keyed", "single")
    }
    how: Literal["reads", "keyed", "writes"] = "reads" if known["reads"] else "keyed" if known["keyed"] else "writes"
    told = f"its operation {done}" if done else "it"
    why = {"reads": f"{told} writes nothing", "keyed": f"{told} writes under a key", "writes": f"{told} writes"}[how]
    return Deed(how, why, known["single"], bool(row.get("in_order")), tuple(as_list(row.get("refused"))))


def operation(parameters: Json) -> str:
    """`resource.operation` as the table has it."""
    parts = (parameters.get("resource"), parameters.get("operation"))
    return ".".join(part for part in parts if isinstance(part, str) and part)


def _request(parameters: Json) -> Deed:
    method = parameters.get("method") or parameters.get("requestMethod") or "GET"
    url = parameters.get("url")
    if not isinstance(method, str) or not isinstance(url, str) or method.startswith("="):
        return Deed("writes", "which request it sends comes from its data")
    # Every page is a call of its own.
    single = "pagination" not in as_dict(parameters.get("options"))
    if method in READING:
        literal = _EXPRESSION.sub("", url.removeprefix("="))
        if not literal.strip():
            return Deed("writes", f"the address of its {method} comes from its data, and may start something", single)
        if _STARTS.search(literal):
            return Deed("writes", f"the address of its {method} looks as if it started something", single)
        return Deed("reads", f"{method} writes nothing")
    if header := _key_header(parameters):
        return Deed("keyed", f"its {method} bears the header {header} made from the data", single)
    if method in ("PUT", "DELETE") and _LAST_PART.search(url) and _is_key(url):
        return Deed("keyed", f"its {method} names the record by the data", single)
    return Deed("writes", f"{method} writes", single)


def _key_header(parameters: Json) -> str | None:
    """The name of an idempotency header whose value is made from the data."""
    if parameters.get("sendHeaders") is False:
        return None
    listed = [
        *as_list(as_dict(parameters.get("headerParameters")).get("parameters")),
        *as_list(as_dict(parameters.get("headerParametersUi")).get("parameter")),
    ]
    pairs = [(as_dict(one).get("name"), as_dict(one).get("value")) for one in listed]
    if parameters.get("specifyHeaders") == "json" and isinstance(text := parameters.get("jsonHeaders"), str):
        pairs = re.findall(r"\"([\w-]+)\"\s*:\s*\"?((?:\{\{.*?\}\}|[^\",])*)", text) if text.startswith("=") else []
        pairs = [(name, f"={value}") for name, value in pairs]
    for name, value in pairs:
        if isinstance(name, str) and name.lower() in KEY_HEADERS and isinstance(value, str) and _is_key(value):
            return name
    return None


def _is_key(value: str) -> bool:
    """Whether an expression gives the same for the same data, and something else for other data."""
    inside = " ".join(_EXPRESSION.findall(value)) if value.startswith("=") else ""
    return bool(_DATA.search(inside)) and not _OTHER_EACH_TIME.search(inside)


def _query(parameters: Json, node: Json) -> Deed:
    query = parameters.get("query") or parameters.get("sqlQuery")
    if not isinstance(query, str) or not _EXPRESSION.sub("", query.removeprefix("=")).strip():
        return Deed("writes", "which query it runs comes from its data")
    text = _EXPRESSION.sub("x", query.removeprefix("="))
    if (
        _READING_QUERY.fullmatch(text)
        and not _NOT_ONLY_READING.search(text)
        and all(_PLAIN.fullmatch(one.lower()) for one in _CALL.findall(text))
    ):
        return Deed("reads", "its query only selects")
    one = ";" not in text.strip().rstrip(";") and re.match(r"\s*(?:insert|update|delete)\b", text, re.I) is not None
    # Of one statement the database keeps all or nothing. A node of the first version says so in other words.
    version = node.get("typeVersion")
    single = one and isinstance(version, int | float) and version >= 2 and node.get("type") == f"{BASE}postgres"
    refused = ("violates ", "duplicate key value", "invalid input syntax", "syntax error at", "does not exist")
    if one and _UPSERT.search(text):
        return Deed("keyed", "its query is an upsert", single, refused=refused)
    return Deed("writes", "its query writes or may write", single, refused=refused)


def _graphql(parameters: Json) -> Deed:
    query = parameters.get("query")
    text = query.strip() if isinstance(query, str) else ""
    reads = text.startswith(("query", "{")) and not re.search(r"\bmutation\b", text) and not text.startswith("{{")
    return Deed("reads", "its query only asks") if reads else Deed("writes", "its query is or may be a mutation")


def _code(parameters: Json) -> Deed:
    script = parameters.get("jsCode") or parameters.get("pythonCode") or parameters.get("functionCode")
    if not isinstance(script, str) or not script.strip():
        return Deed("writes", "its script is not known")
    if _REACHES_OUT.search(script):
        return Deed("writes", "its script may reach beyond its items")
    return Deed("reads", "its script works on its items only")


def _call(_: Json) -> Deed:
    return Deed("writes", "the sub-workflow runs whole again")


_SPECIAL: dict[str, Callable[[Json], Deed]] = {
    "httpRequest": _request,
    "graphql": _graphql,
    "code": _code,
    "function": _code,
    "functionItem": _code,
    "executeWorkflow": _call,
}
_QUERIES = ("postgres", "mySql", "microsoftSql", "googleBigQuery")


def _row(short: str) -> Json | None:
    return next((row for row in _rows() if any(fnmatchcase(short, one) for one in row["types"])), None)


@cache
def _rows() -> list[Json]:
    rows: list[Json] = tomllib.loads(TABLE.read_text("utf-8"))["node"]
    return rows

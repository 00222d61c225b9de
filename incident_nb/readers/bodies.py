"""An error as the body of a good answer: what a service says of a failure under a status that says nothing of it.

Services answer 200 with `{"ok": false, "error": "..."}` (Slack), `{"errors": [...], "data": null}` (GraphQL),
`{"error": {"code", "message"}}` (Google, Stripe, Meta), RFC 9457's `{type, title, status, detail}` and their like. A record
that tells of a failure, such as a failed payment or a line of a log, is no error of the run: it has an id, an amount, a name.
So a body counts only if all its keys are such as answers use to say what went wrong.
"""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

MOST_KEYS = 12  # HubSpot's and Spring's answers, the longest of those known, have eight and nine
_LONGEST = 2_000  # characters of one of the texts; a page of HTML says no more in its rest

_SENTENCES = (
    "message", "detail", "description", "error_description", "error_message", "errormessage", "msg", "reason", "title",
    "error_summary", "more_info", "statusmessage",
)  # fmt: skip
_CODES = (
    "status", "statuscode", "status_code", "code", "error_code", "errorcode", "cod", "http_code", "httpcode", "httpstatus",
)  # fmt: skip
# A number under one of these is an area's or a postal code as well, unless something beside it says what went wrong.
_WEAK = frozenset(("code", "error_code", "errorcode", "cod"))
_SAYING = frozenset(("message", "msg", "error", "errors", "error_message", "errormessage", "error_description"))
_SIGNS = ("error", "errors", "success", "ok", "errormessages", "messages")
_GIVEN = ("data", "result", "results", "response")  # what was asked for: empty where it could not be given
_BESIDE = (
    "type", "error_type", "error_uri", "error_codes", "error_info", "error_data", "errortype", "instance", "timestamp",
    "path", "request_id", "requestid", "trace_id", "traceid", "fbtrace_id", "correlation_id", "correlationid", "category",
    "subcategory", "context", "links", "object", "documentation_url", "doc_url", "help", "hint", "details", "needed",
    "provided", "warning", "response_metadata", "extensions", "meta", "additional_data", "account_id", "fields", "field",
    "param", "errorsummary", "errorid", "errorlink", "errorcauses",
)  # fmt: skip
_ENVELOPE = frozenset((*_SENTENCES, *_CODES, *_SIGNS, *_GIVEN, *_BESIDE))
_SHORT = frozenset(("message", "msg", "code", "status", "error", "errors", "data", "reason", "detail", "details"))
_NO_ERROR = frozenset((
    "none", "no", "null", "false", "0", "ok", "success", "undefined", "n/a", "-", "no error", "no errors", "no issues",
    "none found",
))  # fmt: skip
_TRUE = (True, 1, "true", "True", "1")
_FAILED = frozenset(("error", "failed", "failure", "fail"))
_GOOD = frozenset(("ok", "success", "successful", "succeeded", "completed", "active"))

HTTP_NODES = ("n8n-nodes-base.httpRequest", "n8n-nodes-base.graphql")
# Nodes that hold or read records, among which there may be such that tell of failures: databases, sheets, queues, files,
# and services whose records are logs, builds, tickets and alarms.
_RECORDS = frozenset((
    "postgres", "mysql", "microsoftsql", "mongodb", "redis", "snowflake", "questdb", "cratedb", "timescaledb",
    "googlebigquery", "elasticsearch", "googlesheets", "airtable", "notion", "baserow", "nocodb", "supabase", "seatable",
    "grist", "coda", "microsoftexcel", "awsdynamodb", "datatable", "googlefirebasecloudfirestore",
    "googlefirebaserealtimedatabase", "splunk", "sentryio", "grafana", "datadog", "n8n", "jenkins", "circleci", "travisci",
    "github", "gitlab", "bitbucket", "pagerduty", "uptimerobot", "jira", "linear", "zendesk", "freshdesk", "kafka",
    "rabbitmq", "mqtt", "amqp", "ftp", "ssh", "s3", "awss3", "awssqs", "stripe", "paypal", "executeworkflow",
    "emailreadimap",
))  # fmt: skip
_LISTING = re.compile(
    r"/(?:errors?|logs?|events?|issues?|failures?|incidents?|exceptions?|audits?|alerts?|executions?|builds?|jobs?|runs?"
    r"|payments?|charges?|payouts?|transactions?|deliveries|deployments?)(?:/[^/?#]*)?/?(?:[?#]|$)",
    re.IGNORECASE,
)


def listened_to(node: Json) -> str | None:
    """How a node's answers are read: `http` by all the rules, `service` by those that leave no doubt, None not at all.

    `http`: HTTP Request and GraphQL, unless they fetch what may tell of failures by its nature: logs, builds, payments.
    `service`: other nodes that sign in somewhere, start no run and keep no records.
    """
    kind = str(node.get("type"))
    if kind in HTTP_NODES:
        parameters = node.get("parameters")
        asked = parameters if isinstance(parameters, dict) else {}
        reads = kind == HTTP_NODES[0] and str(asked.get("method", asked.get("requestMethod", "GET"))).upper() == "GET"
        return None if reads and _LISTING.search(str(asked.get("url"))) else "http"
    name = kind.rpartition(".")[2].lower()
    if not node.get("credentials") or name.endswith("trigger") or name in _RECORDS or name == "webhook":
        return None
    return "service"


def error_in(body: Any, how: str = "http") -> Json:
    """What an answer says of a failure: `message`, `description`, `httpCode`, each where it says it; empty if nothing.

    `how`: as `listened_to` gives it. Takes anything; what is no object says nothing.
    """
    if not isinstance(body, dict) or not body:
        return {}
    code = body.get("statusCode")
    if "headers" in body and "body" in body and _number(code) is not None:  # n8n's full response
        return _of_response(body["body"], _number(code) or 0, body.get("statusMessage")) if how == "http" else {}
    if len(body) > MOST_KEYS:
        return {}
    for key in body:  # most bodies are told by their first key
        if str(key).lower() not in _ENVELOPE:
            return {}
    low = {str(key).lower(): value for key, value in body.items()}
    return _told(low) if _fails(low, how) else {}


def _of_response(body: Any, code: int, status: Any) -> Json:
    if not 400 <= code < 600:
        return error_in(body)
    low = {str(key).lower(): value for key, value in body.items()} if isinstance(body, dict) else {}
    told = _told(low, named=False)
    if not told.get("message"):
        said = next((text for text in (body, status) if isinstance(text, str) and text.strip()), f"status {code}")
        told["message"] = said[:_LONGEST]
    return told | {"httpCode": str(code)}


def _fails(low: Json, how: str) -> bool:
    """Whether an envelope says that the call failed."""
    error, errors, status = low.get("error"), low.get("errors"), low.get("status")
    refused = low.get("success") is False or low.get("ok") is False
    if how != "http":
        return refused and bool(_texts(low))
    if low.get("success") in _TRUE or low.get("ok") in _TRUE or _good(status):
        return False
    counts = [name for name in _CODES if name not in _WEAK or _SAYING & low.keys()]
    by_number = any(_is_failing(low.get(name)) for name in counts)
    if any(_number(low.get(name)) in range(200, 400) for name in _CODES):
        return False
    if low.get("code") == 0 and low.get("code") is not False and not refused and not _says(error):
        return False
    listed = _holds_errors(errors)
    if listed and low.keys() <= {"data", "errors", "extensions"}:  # GraphQL, which may give a part of the data, too
        return True
    word = status.lower() if isinstance(status, str) else ""
    if word == "fail" and low.keys() <= {"status", "data", "message", "code"}:  # JSend says in `data` what was wrong
        return bool(low.get("message") or low.get("data"))
    nested = low.get("data")
    if by_number is False and isinstance(nested, dict) and _is_failing(nested.get("status")):  # WordPress
        return isinstance(low.get("code"), str) and bool(low.get("message"))
    if any(low.get(name) for name in _GIVEN):
        return False
    if refused or listed:
        return True
    if error is True:
        return bool(low.get("message"))
    if _says(error) or (isinstance(error, dict) and bool(_texts({"error": error}))):
        return True
    if word in _FAILED and word != "error":  # of a record as well as of a call
        return low.keys() <= _SHORT and bool(_texts(low))
    return (by_number or word == "error") and bool(_texts(low))


def _told(low: Json, *, named: bool = True) -> Json:
    """Its texts and its HTTP-like number; `named`: the flag stands for a text where there is none."""
    texts = list(dict.fromkeys(_texts(low)))
    if not texts and named:
        texts = [next((f"{name}: false" for name in ("success", "ok") if low.get(name) is False), "error")]
    inner = [low, low.get("error"), _first(low.get("errors")), low.get("data")]
    codes = (entry.get(name) for entry in inner if isinstance(entry, dict) for name in (*_CODES, "statusCode"))
    found = next((str(_number(code)) for code in codes if _is_failing(code)), None)
    parts = {"message": texts[0] if texts else None, "description": "; ".join(texts[1:4]), "httpCode": found}
    return {name: value for name, value in parts.items() if value}


def _texts(low: Json) -> list[str]:
    """What it says in words, the most telling first; codes of letters come last."""
    error, first, data = low.get("error"), _first(low.get("errors")), low.get("data")
    inner = [entry for entry in (error, first) if isinstance(entry, dict)]
    found = [_sentence(entry) for entry in inner] + [error, first, _sentence(low)]
    found += [_first(low.get("errormessages")), _first(low.get("messages"))]
    if isinstance(low.get("errors"), dict):
        found += [f"{key}: {_first(value)}" for key, value in list(low["errors"].items())[:3] if _first(value)]
    if isinstance(data, dict) and low.get("status") == "fail":
        found += [f"{key}: {value}" for key, value in list(data.items())[:3] if isinstance(value, str)]
    for entry in (*inner, low):
        found += [entry.get(name) for name in ("code", "type", "status", "error_code", "errorcode")]
    said = [text.strip() for text in found if _says(text)]
    return [text[:_LONGEST] for text in said if not text.isdecimal() and text.lower() not in _FAILED]


def _sentence(entry: Json) -> str | None:
    low = {str(key).lower(): value for key, value in entry.items()}
    return next((low[name] for name in _SENTENCES if _says(low.get(name))), None)


def _holds_errors(errors: Any) -> bool:
    first = _first(errors)
    if isinstance(errors, dict):
        return any(_says(_first(value)) for value in errors.values())
    return _says(first) or (isinstance(first, dict) and _sentence(first) is not None)


def _first(value: Any) -> Any:
    """The first of a list; of anything else, itself."""
    return (value[0] if value else None) if isinstance(value, list) else value


def _says(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.strip().lower() not in _NO_ERROR


def _good(status: Any) -> bool:
    return isinstance(status, str) and status.lower() in _GOOD


def _number(value: Any) -> int | None:
    """An HTTP-like number, also as text; None for anything else."""
    if isinstance(value, str) and len(value) == 3 and value.isdecimal():
        return int(value)
    return (
        int(value) if isinstance(value, int | float) and not isinstance(value, bool) and 100 <= value < 1000 else None
    )


def _is_failing(value: Any) -> bool:
    return (_number(value) or 0) in range(400, 600)

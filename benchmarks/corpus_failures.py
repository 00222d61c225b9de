"""Failures of n8n nodes with secrets planted where real ones have them: the failing node, its error, the item's data."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import corpus_personal as personal
import corpus_values as values
from corpus_places import rows
from corpus_values import Secret

ACCEPT = "application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, image/*;q=0.8, */*;q=0.7"
CORE = "/usr/local/lib/node_modules/n8n-core/src/execution-engine/workflow-execute.ts"
Made = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]


class Planter:
    """Makes planted values and remembers them."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.planted = rng, []
        self.vendors = [row for row in rows("vendors.txt", 3) if not row[2].startswith("https:")]

    def _keep(self, value: str, parts: tuple[str, ...], where: str) -> str:
        self.planted.append(Secret(value, parts, where))
        return value

    def opaque(self, where: str, sort: str = "tok") -> str:
        value = values.opaque(self.rng, sort)
        return self._keep(value, tuple(dict.fromkeys([value, quote(value, safe="")])), where)

    def shaped(self, where: str) -> str:
        name, _, template = self.rng.choice(self.vendors)
        return self._keep(*values.fill(self.rng, template), f"{where} ({name})")

    def jwt(self, where: str) -> str:
        return self._keep(*values.jwt(self.rng, "HS256"), where)

    def mail(self, where: str) -> str:
        value = personal.mail(self.rng)
        return self._keep(value, (value.split("@")[0],), f"e-mail, {where}")

    def phone(self, where: str) -> str:
        value = personal.phone(self.rng, self.rng.choice(personal.phone_forms())[1])
        return self._keep(value, (value,), f"phone, {where}")

    def card(self, where: str) -> str:
        scheme, prefix, length = self.rng.choice(personal.CARDS)
        number = values.card(self.rng, prefix, length)
        text = self.rng.choice(personal.card_forms(number))
        return self._keep(text, (text, number), f"card {scheme}, {where}")

    def iban(self, where: str) -> str:
        number = values.iban(self.rng, *self.rng.choice(personal.iban_shapes()))
        text = self.rng.choice((number, personal.grouped(number, 4)))
        return self._keep(text, (text, number), f"IBAN, {where}")


def node(rng: random.Random, name: str, kind: str, parameters: dict[str, Any], credential: str = "") -> dict[str, Any]:
    made = {"id": values.uuid4(rng), "name": name, "type": f"n8n-nodes-base.{kind}", "typeVersion": 4.2}
    made |= {"position": [460, 300], "parameters": parameters}
    if credential:
        made["credentials"] = {credential: {"id": values.pick(rng, values.B62, 16), "name": f"Acornworks {kind}"}}
    return made


def webhook_item(p: Planter, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"host": "flows.acornworks.test", "content-type": "application/json", "user-agent": "ClientSite/2.3"}
    headers["authorization"] = p.rng.choice(("Bearer ", "")) + p.opaque("webhook header authorization")
    if p.rng.random() < 0.6:
        headers["cookie"] = f"theme=dark; session={p.opaque('webhook cookie', 'tokn')}"
    query = {"token": p.opaque("webhook query token")} if p.rng.random() < 0.4 else {}
    url = "https://flows.acornworks.test/webhook/orders"
    return {
        "headers": headers,
        "params": {},
        "query": query,
        "body": body,
        "webhookUrl": url,
        "executionMode": "production",
    }


def api_error(failing: dict[str, Any], code: str, message: str, said: str, request: dict[str, Any]) -> dict[str, Any]:
    """A NodeApiError as n8n stores it."""
    return {
        "level": "warning",
        "shouldReport": True,
        "description": said,
        "tags": {},
        "timestamp": 1793691115871,
        "context": {"itemIndex": 0, **({"request": request} if request else {})},
        "functionality": "regular",
        "name": "NodeApiError",
        "node": failing,
        "messages": [f"{code} - {json.dumps({'error': said})}"],
        "httpCode": code,
        "message": message,
        "stack": f"NodeApiError: {message}\n    at WorkflowExecute.runNode ({CORE}:1431:11)\n    at {CORE}:2333:27",
    }


def operation_error(failing: dict[str, Any], message: str, description: str | None = None) -> dict[str, Any]:
    return {
        "level": "error",
        "tags": {},
        "timestamp": 1793691115871,
        "context": {"itemIndex": 0},
        "functionality": "regular",
        "name": "NodeOperationError",
        "node": failing,
        "messages": [],
        "message": message,
        "description": description,
        "stack": f"NodeOperationError: {message}\n    at ExecuteContext.execute ({CORE}:1129:8)",
    }


def request_of(p: Planter, method: str, uri: str, body: Any = None) -> dict[str, Any]:
    headers = {"accept": ACCEPT, "x-api-key": p.opaque("error request header")}
    made = {
        "headers": headers,
        "method": method,
        "uri": uri,
        "gzip": True,
        "rejectUnauthorized": True,
        "timeout": 300000,
    }
    return {**made, **({"body": body} if body is not None else {}), "encoding": None, "json": False, "useStream": True}


def http_401(p: Planter) -> Made:
    key = p.shaped("node parameter query")
    uri = f"https://api.bluepine.test/v2/customers?limit=50&api_key={quote(p.opaque('error request uri', 'tokn'))}"
    query = {"parameters": [{"name": "apikey", "value": key}]}
    failing = node(p.rng, "Get customers", "httpRequest", {"method": "GET", "url": uri, "queryParameters": query})
    said = f"Invalid API key: {p.opaque('error description', 'tokn')}"
    return (
        failing,
        api_error(
            failing, "401", "Authorization failed - please check your credentials", said, request_of(p, "GET", uri)
        ),
        {},
    )


def http_form(p: Planter) -> Made:
    fields = [
        {"name": "username", "value": "etl"},
        {"name": "password", "value": p.opaque("node parameter body", "pw")},
    ]
    parameters = {"method": "POST", "url": "https://erp.bluepine.test/login", "bodyParameters": {"parameters": fields}}
    failing = node(p.rng, "Sign in to ERP", "httpRequest", parameters)
    body = f"username=etl&password={quote(p.opaque('error request form body', 'pw'), safe='')}"
    request = request_of(p, "POST", "https://erp.bluepine.test/login", body)
    said = f"no contact {p.mail('error description')}"
    return failing, api_error(failing, "400", "Bad request - please check your parameters", said, request), {}


def smtp(p: Planter) -> Made:
    receiver = p.mail("node parameter")
    failing = node(
        p.rng, "Send receipt", "emailSend", {"toEmail": receiver, "subject": "Receipt", "options": {}}, "smtp"
    )
    message = f"Can't send mail - all recipients were rejected: 550 5.1.1 <{receiver}>: Recipient address rejected"
    url = f"smtps://reports:{p.opaque('error description URL', 'pws')}@mail.oaklane.test:465"
    return failing, operation_error(failing, message, f"while connecting to {url}"), {"phone": p.phone("item")}


def postgres(p: Planter) -> Made:
    failing = node(p.rng, "Insert customer", "postgres", {"operation": "executeQuery", "query": "insert"}, "postgres")
    detail = f"Key (email)=({p.mail('error description')}) already exists."
    message = 'duplicate key value violates unique constraint "customers_email_key"'
    dsn = f"postgres://etl:{p.opaque('item connection string', 'pws')}@db1.internal.test:5432/crm"
    return failing, operation_error(failing, message, detail), {"dsn": dsn, "iban": p.iban("item")}


def code(p: Planter) -> Made:
    source = f"const token = '{p.opaque('Code node source')}';\nreturn $input.all().map(i => i.json.total.toFixed(2));"
    failing = node(p.rng, "Compute totals", "code", {"mode": "runOnceForAllItems", "jsCode": source})
    message = "Cannot read properties of undefined (reading 'toFixed') [line 2]"
    stack = f"TypeError: {message}\n    at VmCodeWrapper (evalmachine.<anonymous>:2:44)"
    error = {
        "level": "error",
        "tags": {},
        "description": "TypeError",
        "lineNumber": 2,
        "message": message,
        "stack": stack,
    }
    return failing, error | {"name": "WrappedExecutionError"}, {"note": f"card {p.card('item text')}"}


def oauth(p: Planter) -> Made:
    failing = node(p.rng, "Append row", "googleSheets", {"operation": "append"}, "googleSheetsOAuth2Api")
    error = operation_error(failing, 'The credential "Acornworks sheets" needs to be reconnected.')
    answer = {"error": "invalid_grant", "refresh_token": p.shaped("error context data")}
    error["context"]["data"] = answer
    form = f"client_id=a&client_secret={quote(p.opaque('cause config data'), safe='')}&grant_type=refresh_token"
    error["cause"] = {"name": "AxiosError", "message": "Request failed with status code 400", "config": {"data": form}}
    return failing, error, {}


def chat(p: Planter) -> Made:
    failing = node(p.rng, "Post to Slack", "slack", {"resource": "message", "text": "={{ $json.text }}"}, "slackApi")
    said = f"not_authed for {p.shaped('error message')}"
    error = operation_error(failing, f"Slack error response: {said}", None)
    error["messages"] = [json.dumps({"ok": False, "hook": f"token={p.opaque('error messages', 'tokn')}"})]
    return failing, error, {"text": f"call {p.phone('item text')}"}


def modal(p: Planter) -> Made:
    uri = "https://acornworks--lead-score-web-app.modal.run/score"
    headers = {"parameters": [{"name": "Authorization", "value": f"Bearer {p.jwt('node parameter header')}"}]}
    failing = node(p.rng, "Score lead", "httpRequest", {"method": "POST", "url": uri, "headerParameters": headers})
    shown = p.opaque("Python repr in description", "tokn")
    said = f"Traceback (most recent call last):\n  File \"/srv/app.py\", line 41\nValueError: {{'api_key': '{shown}'}}"
    body = {"email": p.mail("error request body"), "phone": p.phone("error request body")}
    return (
        failing,
        api_error(
            failing, "500", "The service was not able to process your request", said, request_of(p, "POST", uri, body)
        ),
        {},
    )


def timeout(p: Planter) -> Made:
    link = f"https://acorn-files.s3.amazonaws.com/p/8841.pdf?X-Amz-Expires=900&X-Amz-Signature={p.opaque('signed URL', 'hex')}"
    failing = node(p.rng, "Fetch document", "httpRequest", {"method": "GET", "url": link, "options": {"timeout": 2500}})
    error = api_error(failing, "ECONNABORTED", "The connection was aborted, perhaps the server is offline", "", {})
    error["messages"] = ["timeout of 2500ms exceeded"]
    error["context"]["request"] = {
        "method": "GET",
        "uri": link,
        "auth": {"user": "etl", "pass": p.opaque("request auth", "pw")},
    }
    return failing, error, {}


FAILURES: dict[str, Callable[[Planter], Made]] = {
    "Customer sync": http_401,
    "ERP login": http_form,
    "Receipts": smtp,
    "Customer import": postgres,
    "Totals": code,
    "Sheet export": oauth,
    "Chat alerts": chat,
    "Lead scoring": modal,
    "Document fetch": timeout,
}

"""One n8n server's public API: lists page by page, single things, health and metrics. n8n 1.x and 2.x.

A list never fails half-way without saying so: it gives what was got, and `partial` says why it ended there. The key goes
to the server's own origin only, since `http` follows no redirect.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from incident_nb.errors import SettingsError, UnreachableError
from incident_nb.escape import printable
from incident_nb.http import Answer, RequestError, Session, origin
from incident_nb.n8n.answers import REFUSALS, BrokenError, NotThereError, RefusedError, lasting
from incident_nb.n8n.pages import UNREADABLE, Listing, Page
from incident_nb.redact import redact_text
from incident_nb.settings import secret

__all__ = ["Listing", "N8n", "NotThereError", "RefusedError", "key_of", "lasting", "variable"]

KEY = "INCIDENT_NB_N8N_API_KEY"
MOST_PER_PAGE = 250  # what n8n gives at most; of executions with their data fewer are asked for at once
WITH_DATA = 50
LONGEST_WAIT = 10.0
BUSY = (429, 502, 503, 504)
_THING = msgspec.json.Decoder(dict[str, Any])


class N8n:
    """The server `name` at `url`, asked through `session` with the key from the environment or `key`."""

    def __init__(self, name: str, url: str, session: Session, key: str | None = None) -> None:
        self.name, self.url = name, url.rstrip("/")
        self._session, self._key = session, key if key is not None else key_of(name)

    def through(self, session: Session) -> N8n:
        """The same server, asked through another session."""
        return N8n(self.name, self.url, session, self._key)

    def executions(
        self, *, data: bool = True, workflow: str | None = None, status: str | None = None, cursor: str | None = None
    ) -> Listing:
        """All executions that n8n still keeps, newest first; `data` with what happened in them.

        A page that the server can't give with data (one broken execution is enough) is asked for one by one.
        """
        query = {"includeData": "true", "limit": str(WITH_DATA)} if data else {"limit": str(MOST_PER_PAGE)}
        query |= {name: value for name, value in (("workflowId", workflow), ("status", status)) if value}
        return Listing(partial(self._page, "executions"), query, cursor)

    def execution(self, execution_id: str, *, data: bool = True) -> bytes:
        """One execution as n8n's JSON. Raises UnreachableError; NotThereError for one that is not there."""
        answer = self._get(f"executions/{quote(execution_id, safe='')}", {"includeData": "true"} if data else {})
        if _says_none(answer):
            raise NotThereError(f"{self} has no execution {execution_id[:40]}: pruned, deleted or on another server.")
        return self._good(answer).body

    def plain_execution(self, execution_id: str, *, data: bool = True) -> dict[str, Any]:
        """One execution as plain Python. Raises as `execution` does, also for what is none."""
        try:
            found = json.loads(self.execution(execution_id, data=data))
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            return found
        raise UnreachableError(
            f"{self} sent something else than execution {execution_id[:40]}: a proxy's page, or a damaged answer."
        )

    def workflows(self) -> Listing:
        """All workflows, with nodes, tags and, where the edition has projects, whose they are."""
        return self.listing("workflows")

    def workflow(self, workflow_id: str) -> Any:
        """One workflow as it is now; None if there is none."""
        return self._thing("workflows", workflow_id)

    def history(self, workflow_id: str) -> list[Any] | None:
        """The newest 100 versions of a workflow that n8n keeps, newest first, without nodes. None on 1.x: it has no list."""
        found = self._thing("workflows", workflow_id, "history")  # without a limit, which 1.x answers with 400
        rows = found["data"] if found and isinstance(found.get("data"), list) else []
        return None if found is None else [row for row in rows if isinstance(row, dict)]

    def version(self, workflow_id: str, version_id: str) -> Any:
        """One version of a workflow with its nodes, by 2.x's address or 1.x's; None if n8n does not keep it."""
        newer = self._thing("workflows", workflow_id, "versions", version_id)
        return newer if newer is not None else self._thing("workflows", workflow_id, version_id)

    def credential(self, credential_id: str) -> Any:
        """A credential's id, name, type and dates; None if it was deleted. Out of the key's reach n8n 2.x answers 403."""
        return self._thing("credentials", credential_id)

    def _thing(self, *path: str) -> Any:
        """A single thing as plain Python; None if there is none. Raises UnreachableError, also for what is no object."""
        answer = self._get("/".join(quote(part, safe="") for part in path), {})
        if _says_none(answer):
            return None
        try:
            return _THING.decode(self._good(answer).body)
        except UNREADABLE as error:
            raise UnreachableError(f"{self} sent {self._what(answer)} where an object was expected.") from error

    def listing(self, path: str) -> Listing:
        """Another list: `tags`, `projects`, `credentials`, `variables`, `users`, as far as edition and version have it."""
        return Listing(partial(self._page, path), {"limit": str(MOST_PER_PAGE)})

    def health(self, path: str = "healthz") -> Answer:
        """What `healthz`, `healthz/readiness` or `metrics` answers, whatever it is; no key is sent."""
        return self._session.ask("GET", f"{self.url}/{path}")

    def act(self, path: str, body: Mapping[str, Any] | None = None, method: str = "POST") -> Any:
        """The answer to an action such as `workflows/ID/deactivate`, once and never again.

        Raises RefusedError where n8n refuses, with its own words through the gate; else UnreachableError.
        """
        content = json.dumps(body).encode() if body is not None else b""
        answer = self._ask(method, path, content)
        if answer.status == 400 and (words := _words_of(answer)):
            raise RefusedError(400, f"{self} refused it: {words}")
        try:
            return json.loads(self._good(answer).body or b"null")
        except ValueError as error:
            raise UnreachableError(f"{self} sent {self._what(answer)} where JSON was expected.") from error
        except UnreachableError as error:
            if answer.status in REFUSALS:
                raise RefusedError(answer.status, str(error)) from error
            raise

    def webhook(self, path: str, content: bytes, method: str = "POST") -> Answer:
        """What the production webhook of this path answers to JSON, once and never again; no key is sent. Raises RequestError."""
        headers = {"content-type": "application/json"}
        return self._session.ask(
            method, f"{self.url}/webhook/{quote(path)}", headers=headers, content=content, within=60.0
        )

    def _page(self, path: str, query: Mapping[str, str], skipped: dict[str, str]) -> Page:
        """One page of a list; executions that came without their data go to `skipped`, each with the reason."""
        answer = self._get(path, query)
        if answer.status == 500 and query.get("includeData"):
            return self._one_by_one(path, query, skipped)
        try:
            return Page.of(self._good(answer).body)
        except UNREADABLE as error:
            raise UnreachableError(f"{self} sent {self._what(answer)} where a list was expected.") from error

    def _one_by_one(self, path: str, query: Mapping[str, str], skipped: dict[str, str]) -> Page:
        """The same page, each execution asked for by itself; one whose data can't be had comes without.

        Raises UnreachableError where it is the server that can't be asked: another time it may give the data.
        """
        bare = self._page(path, {name: value for name, value in query.items() if name != "includeData"}, skipped)
        rows, left_out = [], {}
        for name, row in bare.rows():
            try:
                rows.append(self.execution(name))
            except UnreachableError as error:
                if (why := lasting(error)) is None:
                    raise
                left_out[name] = why
                rows.append(row)
        skipped.update(left_out)
        return bare.with_rows(rows)

    def _get(self, path: str, query: Mapping[str, str]) -> Answer:
        """The answer to a question, asked again while the server is busy or hangs up, as long as there is time."""
        import stamina

        answer: Answer | None = None
        again = stamina.retry_context(
            on=self._worth_asking_again,
            attempts=4,
            timeout=max(0.1, self._session.left),
            wait_initial=0.2,
            wait_max=5.0,
        )
        try:
            for attempt in again:
                with attempt:
                    answer = self._ask("GET", f"{path}?{urlencode(query)}" if query else path)
                    if answer.status in BUSY:
                        raise _BusyError(answer)
        except (_BusyError, RequestError):
            if answer is None:
                raise
        assert answer is not None  # noqa: S101
        return answer

    def _worth_asking_again(self, error: Exception) -> bool | float:
        """Whether, or after how many seconds, to ask again; a wait longer than what is left is not begun."""
        if isinstance(error, RequestError):
            return error.reason == "reset"
        if not isinstance(error, _BusyError):
            return False
        asked_for = error.answer.headers.get("retry-after", "")
        wait = min(float(asked_for), LONGEST_WAIT) if asked_for.isdigit() else 0.0
        return False if wait >= self._session.left else wait or True

    def _ask(self, method: str, path: str, content: bytes | None = None) -> Answer:
        headers = {"X-N8N-API-KEY": self._key, "accept": "application/json"}
        if content:
            headers["content-type"] = "application/json"
        try:
            return self._session.ask(method, f"{self.url}/api/v1/{path}", headers=headers, content=content, within=60.0)
        except RequestError as error:
            raise RequestError(error.reason, f"Asking {self} failed: {error}.") from error

    def _good(self, answer: Answer) -> Answer:
        """The answer if it is one. Raises UnreachableError with what to do for each other kind."""
        if 200 <= answer.status < 300:
            return answer
        todo = {
            401: f"refused the key ({variable(self.name)}). Make a new one under Settings > n8n API.",
            403: f"the key ({variable(self.name)}) may not do that. Give it the scope, or use an owner's key.",
            404: "has no such thing there. Is the public API switched on, and the address right?",
            405: "does not tell this: the API of n8n 1.x has no such question.",
            429: "is busy and asked to wait longer than there is time for.",
        }.get(answer.status)
        if answer.status in range(300, 400):
            place = origin(answer.headers.get("location", "")) or "another path"
            todo = f"sends us elsewhere ({place}), where the key is not sent. Put the address to ask into the settings."
        told = f"{self}: {todo or f'answered with status {answer.status} ({self._what(answer)}).'}"
        raise BrokenError(told) if answer.status == 500 else UnreachableError(told)

    def _what(self, answer: Answer) -> str:
        """What an answer is, without quoting it: it has not passed the gate."""
        start = answer.body[:200].lstrip().lower()
        if start.startswith((b"<!doctype", b"<html")):
            return "a web page, as a proxy or a sign-in in front of n8n does"
        return f"{len(answer.body):,} bytes of {answer.headers.get('content-type', 'unknown content').partition(';')[0][:40]}"

    def __str__(self) -> str:
        return f"n8n “{self.name}” ({origin(self.url)})"


def _says_none(answer: Answer) -> bool:
    """Whether n8n itself says that it has no such thing: with an object; whatever stands before it answers 404 otherwise."""
    if answer.status != 404:
        return False
    try:
        _THING.decode(answer.body)
    except UNREADABLE:
        return False
    return True


def _words_of(answer: Answer) -> str:
    """n8n's own words for a refusal; empty where there are none."""
    try:
        said = _THING.decode(answer.body).get("message")
    except UNREADABLE:
        return ""
    return redact_text(printable(said))[:300] if isinstance(said, str) else ""


class _BusyError(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def variable(name: str) -> str:
    """The environment variable that holds the key of the server of this name."""
    return KEY if name == "default" else f"{KEY}__{name.upper().replace('-', '_')}"


def key_of(name: str) -> str:
    """The key of the server of this name, from the environment or the file that `…_FILE` names. Raises SettingsError."""
    if text := secret(variable(name)):
        return text
    raise SettingsError(
        f"There is no key for the n8n server “{name}”. Make one in n8n under Settings > n8n API and put it into {variable(name)}."
    )

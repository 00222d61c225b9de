"""One request and what came back, by the standard library alone, so that no code under test takes part."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

SECONDS = 120

# The environment's proxies are for the world outside; all of this is on loopback.
_opener = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Answer:
    """Status, headers and body of an answer, whatever the status is."""

    status: int
    headers: Message
    content: bytes

    @property
    def body(self) -> Any:
        """The body: decoded JSON where it is that, otherwise its text."""
        text = self.content.decode("utf-8", "replace")
        try:
            return json.loads(text)
        except ValueError:
            return text


class Refused(Exception):
    """An answer of 400 and above where another one was needed."""

    def __init__(self, what: str, answer: Answer) -> None:
        super().__init__(f"{what} answered {answer.status}: {answer.body}")
        self.answer = answer


def ask(method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer to one request; `body` is sent as JSON. Raises OSError when there is no answer."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json", **(headers or {})}, method=method)
    try:
        with _opener.open(request, timeout=SECONDS) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())
    except http.client.HTTPException as error:
        raise ConnectionError(f"{method} {url}: {error!r}") from error

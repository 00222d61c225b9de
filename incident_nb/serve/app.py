"""The receiver: what is asked of it, who may ask, and what is answered (docs/alerts.md)."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from incident_nb.alerts import slack
from incident_nb.alerts.body import BODY, BodyError
from incident_nb.alerts.signed import Authentic, Refused
from incident_nb.alerts.told_again import READERS
from incident_nb.desk.arrivals import Arrival, Arrivals, Outcome, Owe, ReusedError
from incident_nb.errors import IncidentNbError
from incident_nb.incidents import Records
from incident_nb.jobs import owed
from incident_nb.serve.access import Access
from incident_nb.serve.metrics import Counted
from incident_nb.serve.slash import answer
from incident_nb.serve.writer import Writer
from incident_nb.settings import Settings

AGAIN_S = 5  # when a sender that could not be answered is asked to come again

_SERVER = re.compile(r"[\w.-]{1,64}")  # as in [n8n.NAME]
_LOG = logging.getLogger("incident_nb.serve")


def _present() -> datetime:
    return datetime.now(UTC)


def app_of(
    settings: Settings, records: Records, access: Access, *, clock: Callable[[], datetime] = _present,
    owe: Owe = lambda *_: None,
) -> FastAPI:  # fmt: skip
    """The receiver of a workspace's alerts; `owe` puts the investigation of an incident into the queue."""
    server = _Receiver(settings, records, access, clock, Writer(Arrivals(records, settings, owe)))

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        server.writer.start()
        yield
        await run_in_threadpool(server.writer.stop)

    app = FastAPI(title="incident-nb", lifespan=life, docs_url=None, redoc_url=None, openapi_url=None)
    for dialect in READERS:
        app.add_api_route(f"/alerts/{dialect}", server.alerts_in(dialect), methods=["POST"])
    app.add_api_route("/alerts/n8n/{instance}", server.alerts_in("n8n"), methods=["POST"])
    app.add_api_route("/alerts/slack", server.slack, methods=["POST"])
    app.add_api_route("/slack/command", server.command, methods=["POST"])
    app.add_api_route("/health", server.health, methods=["GET"])
    app.add_api_route("/metrics", server.metrics, methods=["GET"])
    return app


class _Answered(Exception):
    """The request ends here, with this answer."""

    def __init__(self, status: int, error: str, **headers: str) -> None:
        self.response = JSONResponse({"error": error}, status, headers)


class _Receiver:
    def __init__(
        self, settings: Settings, records: Records, access: Access, clock: Callable[[], datetime], writer: Writer
    ) -> None:
        self.settings, self.records, self.access = settings, records, access
        self.clock, self.writer, self.counted = clock, writer, Counted()

    def alerts_in(self, dialect: str) -> Callable[..., Any]:
        """What answers the alerts of a dialect."""
        read = READERS[dialect]

        async def alerts(request: Request) -> Response:
            now, instance = self.clock(), request.path_params.get("instance", "default")

            async def take() -> Response:
                if not _SERVER.fullmatch(instance):
                    raise _Answered(404, "This is no name of an n8n server.")
                body = await _body(request)
                let_in = self._let_in(self.access.alert(request.scope["headers"], body, now), dialect)
                found = await run_in_threadpool(
                    read, body, received=now, instance=instance, delivery_id=let_in.delivery_id
                )
                key = _delivery(dialect, instance, let_in, [one.execution_id for one in found])
                told = await self._stored(Arrival(found, dialect, body, let_in.digest, now, key))
                results = [one.model_dump() for one in told]
                single = results[0] if dialect != "alertmanager" and len(results) == 1 else {}
                return JSONResponse({**single, "results": results}, 202)

            return await self._answer(dialect, take)

        return alerts

    async def slack(self, request: Request) -> Response:
        """Slack's Events API."""
        now = self.clock()

        async def take() -> Response:
            body = await _body(request)
            let_in = self._let_in(self.access.slack(request.scope["headers"], body, now), "slack")
            channels = self.settings.slack.channels
            sent = await run_in_threadpool(slack.read, body, received=now, channels=channels)
            if sent.challenge is not None:
                return JSONResponse({"challenge": sent.challenge})
            if sent.ignored or not channels:
                return JSONResponse({"ignored": sent.ignored or "no channel is set in [slack]", "results": []})
            key = f"slack:{sent.alerts[0].delivery_id}"
            told = await self._stored(Arrival(sent.alerts, "slack", body, let_in.digest, now, key))
            return JSONResponse({**told[0].model_dump(), "results": [one.model_dump() for one in told]})

        return await self._answer("slack", take)

    async def command(self, request: Request) -> Response:
        """Slack's slash command /incident."""
        now = self.clock()

        async def take() -> Response:
            body = await _body(request)
            let_in = self._let_in(self.access.slack(request.scope["headers"], body, now), "command")
            sent = await run_in_threadpool(slack.read_command, body, received=now)
            said = await run_in_threadpool(answer, sent, self.records, self.settings, self.clock)
            if said is None and sent.alert is not None:
                key = f"slack:{sent.alert.delivery_id}" if sent.alert.delivery_id else None
                told = await self._stored(Arrival([sent.alert], "slack", body, let_in.digest, now, key))
                said = f"{told[0].incident} {'is open' if told[0].created else 'took this'}: {sent.alert.title}"
            return JSONResponse({"response_type": "ephemeral", "text": said})

        return await self._answer("command", take)

    async def health(self) -> Response:
        """Whether alerts can be stored."""
        try:
            await run_in_threadpool(self.records.ready)
        except Exception:  # whatever it is, senders have to know
            return JSONResponse({"status": "the records can't be written"}, 503)
        return JSONResponse({"status": "ok"})

    async def metrics(self) -> Response:
        """Counts for Prometheus."""
        text = await run_in_threadpool(lambda: self.counted.text(self._jobs()))
        return Response(text, media_type=self.counted.media_type)

    def _jobs(self) -> dict[str, int]:
        try:
            with self.records.reading() as connection:
                return owed.counts(connection)
        except IncidentNbError:  # the other counts are true nonetheless
            return {}

    async def _answer(self, dialect: str, take: Callable[[], Any]) -> Response:
        """What a request is answered; no sender ever sees more than a sentence of what went wrong."""
        with self.counted.timed(dialect):
            try:
                response: Response = await take()
            except _Answered as ended:
                response = ended.response
            except BodyError as error:
                response = JSONResponse({"error": str(error)}, 400)
            except ReusedError as error:
                response = JSONResponse({"error": str(error)}, 401)
            except Exception as error:  # the sender has to come again, whatever it was
                # The words of an error that nobody foresaw may quote what was sent.
                why = str(error) if isinstance(error, IncidentNbError) else type(error).__name__
                _LOG.error("an alert of %s could not be stored: %s", dialect, why)
                again = {"Retry-After": str(AGAIN_S)}
                response = JSONResponse({"error": "It can't be stored at the moment; send it again."}, 503, again)
        self.counted.answered(dialect, response.status_code)
        return response

    def _let_in(self, found: Authentic | Refused, dialect: str) -> Authentic:
        if isinstance(found, Refused):
            _LOG.warning("a delivery to %s was refused: %s", dialect, found.reason)
            raise _Answered(401, "Not let in: a token or a signature that this receiver knows is needed.")
        return found

    async def _stored(self, arrival: Arrival) -> list[Outcome]:
        told = await asyncio.wrap_future(self.writer.put(arrival))
        if isinstance(told, ReusedError):
            raise told
        self.counted.became(arrival.dialect, told)
        return told


async def _body(request: Request) -> bytes:
    """The body, of which no more is read than may be."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BODY:
            raise _Answered(413, f"The body is longer than {BODY:,} bytes.")
        parts.append(part)
    return b"".join(parts)


def _delivery(dialect: str, instance: str, let_in: Authentic, executions: list[str | None]) -> str | None:
    """What tells a delivery from all others: the sender's id; else the failed execution with the very same body."""
    if let_in.delivery_id:
        return f"{let_in.scheme}:{let_in.delivery_id}"
    if dialect == "n8n" and executions and executions[0]:
        return f"n8n:{instance}:{executions[0]}:{let_in.digest}"
    return None

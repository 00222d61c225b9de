"""The queue of jobs: dbos, in the database of the records, so that an alert and its job are one commit.

A job is its incident's number and an attempt's; what is owed says whether that attempt still counts (`owed`).
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from dbos import DBOS, DBOSClient
from sqlalchemy import Connection, Engine, create_engine, event, func, select

from incident_nb.incidents import Records, engines

NAME = "incident-nb"
SCHEMA = "dbos"
RESPOND = "respond"  # the queue of investigations, and the name of what is done
VERSION = "1"
"""The version that all of ours have: dbos hands jobs only to workers of the version that they were put in by."""

logging.getLogger("dbos").setLevel(logging.ERROR)  # what goes wrong here is told by those who use it


class Queue:
    """Puts jobs in. Makes dbos's tables where there are none. Raises UnreachableError where that can't be done."""

    def __init__(self, records: Records) -> None:
        self.engine = _engine(records.engine)
        self.schema = _schema(records)
        with engines.said(records.place, "written"):
            DBOS.migrate(self.engine.url.render_as_string(hide_password=False), schema=self.schema)
        self._client = DBOSClient(
            system_database_engine=self.engine,
            dbos_system_schema=self.schema,
            application_name=NAME,
            lazy=True,
            retry_connection_errors=False,
        )

    def put(
        self, connection: Connection, incident: int, attempt: int, priority: int, delay: timedelta = timedelta()
    ) -> None:
        """Puts an attempt in, in the caller's transaction: with what else it writes, or not at all."""
        options: dict[str, Any] = {
            "workflow_name": RESPOND, "queue_name": RESPOND, "workflow_id": id_of(incident, attempt),
            "app_version": VERSION, "priority": priority,
        }  # fmt: skip
        if delay:
            options["delay_seconds"] = delay.total_seconds()
        self._client.enqueue_in_transaction(connection, options, incident, attempt)  # type: ignore[arg-type]

    def states(self, jobs: list[tuple[int, int]]) -> dict[str, str]:
        """dbos's own word on each of these attempts, by `id_of`; none for one that it does not know."""
        found = self._client.list_workflows(
            workflow_ids=[id_of(*job) for job in jobs], load_input=False, load_output=False
        )
        return {one.workflow_id: one.status for one in found}

    def close(self) -> None:
        """Lets go of the database."""
        self._client.destroy()
        self.engine.dispose()


def id_of(incident: int, attempt: int) -> str:
    """The name of an attempt in dbos."""
    return f"INC-{incident}/{attempt}"


def _engine(of_records: Engine) -> Engine:
    """An engine for dbos, which begins its transactions itself."""
    if of_records.dialect.name != "sqlite":
        return create_engine(of_records.url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    engine = create_engine(of_records.url, connect_args={"timeout": 60})

    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    event.listen(engine, "connect", connected)
    return engine


def _schema(records: Records) -> str:
    """PostgreSQL's schema for dbos's tables: one beside that of the records, so that two records share no jobs."""
    if records.engine.dialect.name == "sqlite":
        return SCHEMA
    with records.reading() as connection:
        current = str(connection.execute(select(func.current_schema())).scalar_one())
    return SCHEMA if current == "public" else f"{current}_{SCHEMA}"

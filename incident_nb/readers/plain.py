"""Execution data as the public API gives it: what a run's path is told by is decoded, what its nodes did stays JSON."""

from __future__ import annotations

from typing import Any

import msgspec

_NULL = msgspec.Raw(b"null")
_any = msgspec.json.Decoder()


class _Result(msgspec.Struct, gc=False):
    runData: dict[str, msgspec.Raw] | None = None
    lastNodeExecuted: Any = None
    error: msgspec.Raw = _NULL
    redactedError: msgspec.Raw = _NULL


class Plain(msgspec.Struct, gc=False):
    """The parts of an execution's data that its failures and its path are read from; the rest is skipped."""

    resultData: _Result | None = None
    parentExecution: Any = None
    redactionInfo: Any = None

    def size(self) -> int:
        """Bytes of JSON that `tree` would decode."""
        result = self.resultData
        if result is None:
            return 0
        parts = [*(result.runData or {}).values(), result.error, result.redactedError]
        return sum(memoryview(part).nbytes for part in parts)

    def mentions(self, word: bytes) -> bool:
        """Whether `word`, JSON as it stands there, is in any of the runs or in the execution's own error."""
        result = self.resultData
        if result is None:
            return False
        # Joined by a byte that JSON never holds, so that two parts make up no word together.
        return word in b"\0".join([*(result.runData or {}).values(), result.error, result.redactedError])

    def path(self, *, parent_in_runs: bool) -> tuple[dict[str, Any], Any, Any, Any]:
        """How a run went: its nodes by name, the last node, the parent execution, n8n's redaction.

        `parent_in_runs`: whether to look for the parent in the first run, where the data does not name one itself.
        """
        result = self.resultData or _Result()
        runs, parent = result.runData or {}, self.parentExecution
        if not parent and parent_in_runs and runs:
            first = _any.decode(next(iter(runs.values())))
            parent = (first[0].get("metadata") or {}).get("parentExecution") if first else None
        return runs, result.lastNodeExecuted, parent, self.redactionInfo

    def tree(self) -> dict[str, Any]:
        """All of it decoded, in n8n's own shape."""
        result = self.resultData or _Result()
        return {
            "parentExecution": self.parentExecution,
            "redactionInfo": self.redactionInfo,
            "resultData": {
                "runData": {node: _any.decode(entries) for node, entries in (result.runData or {}).items()},
                "lastNodeExecuted": result.lastNodeExecuted,
                "error": _any.decode(result.error),
                "redactedError": _any.decode(result.redactedError),
            },
        }


PLAIN = msgspec.json.Decoder(Plain)

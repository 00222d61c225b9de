"""Problems that a person put together or took apart, and what that makes of the fingerprint of a failure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

import pandas as pd
from pydantic import field_validator

from incident_nb.errors import UsageError
from incident_nb.models import Frozen
from incident_nb.patterns.fingerprint import fingerprint_of

FINGERPRINT = re.compile(r"[0-9a-f]{12}")
FIELDS = (
    "node",
    "node_type",
    "error_name",
    "http_code",
    "message",
    "description",
    "host",
    "credential_id",
    "credential",
)


class Condition(NamedTuple):
    """What a failure has to be like: a field that is a text (`=`), or holds it in whatever letters (`~`)."""

    field: str
    sign: str
    text: str

    def holds(self, failure: Mapping[str, Any]) -> bool:
        """Whether a failure, a row of the log's failures, is like that."""
        value = failure.get(self.field)
        known = value if isinstance(value, str) else ""
        return known == self.text if self.sign == "=" else self.text.casefold() in known.casefold()


class Decision(Frozen):
    """One decision: by whom, when (UTC), why; `of` are fingerprints, `where` the conditions of the part that is taken out."""

    number: int
    kind: Literal["merge", "split"]
    of: tuple[str, ...]
    where: tuple[str, ...] = ()
    why: str
    by: str
    at: datetime
    undone_by: str | None = None
    undone_at: datetime | None = None

    @field_validator("of")
    @classmethod
    def _fingerprints(cls, of: tuple[str, ...]) -> tuple[str, ...]:
        if not of or len(set(of)) < len(of) or not all(FINGERPRINT.fullmatch(one) for one in of):
            raise ValueError("it takes different fingerprints of 12 hex digits")
        return of

    @field_validator("where")
    @classmethod
    def _conditions(cls, where: tuple[str, ...]) -> tuple[str, ...]:
        for text in where:
            condition_of(text)
        return where

    @field_validator("at", "undone_at")
    @classmethod
    def _aware(cls, at: datetime | None) -> datetime | None:
        if at is not None and at.tzinfo is None:
            raise ValueError("the time names no zone: write it like 2026-11-14T08:30:00Z")
        return at

    @property
    def becomes(self) -> str:
        """The fingerprint that it gives: the first one of those put together, or one for the part that is taken out."""
        if self.kind == "merge":
            return self.of[0]
        return hashlib.sha256("\x1f".join(("split", self.of[0], *self.where)).encode()).hexdigest()[:12]

    def after(self, fingerprint: str, failure: Mapping[str, Any] | None) -> str:
        """The fingerprint of a failure once this is decided; without the failure no part is taken out."""
        if fingerprint not in self.of or self.undone_at:
            return fingerprint
        if self.kind == "merge":
            return self.becomes
        mine = failure is not None and all(condition_of(text).holds(failure) for text in self.where)
        return self.becomes if mine else fingerprint

    @property
    def told(self) -> str:
        """Who decided, when and why, in words."""
        return f"by {self.by} on {self.at:%Y-%m-%d} (decision {self.number}: “{self.why}”)"


class Decisions(tuple[Decision, ...]):
    """All decisions, in the order in which they were made; each sees what those before it made of a fingerprint."""

    __slots__ = ()

    def of(self, fingerprint: str, failure: Mapping[str, Any] | None = None) -> str:
        """What a fingerprint is now; of a failure (a row of the log's failures) where one is given."""
        for one in self:
            fingerprint = one.after(fingerprint, failure)
        return fingerprint

    def fingerprint_of(self, failure: Mapping[str, str | None]) -> str:
        """The fingerprint of one failure, as `patterns.fingerprint_of` gives it, after all decisions."""
        return self.of(fingerprint_of(failure), failure)

    def names(self, fingerprint: str) -> tuple[str, ...]:
        """All fingerprints under which a problem may be on record, its own first."""
        merged = [one for decision in self if decision.kind == "merge" for one in decision.of]
        return tuple(dict.fromkeys((fingerprint, *(one for one in merged if self.of(one) == fingerprint))))

    def apply(self, failures: pd.DataFrame, found: pd.Series) -> pd.Series:
        """The fingerprints `found` of a table of failures after all decisions.

        Problems of several clients are never put together: of such a merge each keeps what it was without it.
        """
        alive = [one for one in self if not one.undone_at]
        touched = found.isin({name for one in alive for name in (*one.of, one.becomes)})
        if not touched.any():
            return found
        columns = [name for name in FIELDS if name in failures]
        rows = failures.loc[touched, [*columns, "client"]].astype("object")
        rows = rows.where(rows.notna(), None).assign(found=found[touched])
        decided = {}
        for row in rows.drop_duplicates().to_dict("records"):
            decided[tuple(row.values())] = self.of(row["found"], row)
        after = pd.Series(
            [decided[row] for row in rows.itertuples(index=False, name=None)], index=rows.index, dtype="object"
        )
        clients = rows["client"].fillna("").groupby(after).nunique()
        mixed = after.isin(clients.index[clients > 1])
        after = after.where(~mixed, rows["found"])
        changed = found.astype("object")
        changed.loc[after.index] = after
        return changed.astype(found.dtype)

    def explained(self, groups: pd.DataFrame) -> pd.DataFrame:
        """The groups with a word in `why` on what a person decided of them."""
        if groups.empty or not self:
            return groups
        said = {name: "; ".join(self.reasons(name)) for name in groups["fingerprint"]}
        told = [
            f"{said[name]}; {why}" if said[name] else why
            for name, why in zip(groups["fingerprint"], groups["why"], strict=True)
        ]
        return groups.assign(why=pd.Series(told, index=groups.index, dtype="object"))

    def reasons(self, fingerprint: str) -> Iterator[str]:
        """What was decided of a problem, one sentence a decision."""
        for one in self:
            if one.undone_at or fingerprint not in (*one.of, one.becomes):
                continue
            if one.kind == "merge" and self.of(one.becomes) == fingerprint:
                rest = ", ".join(name for name in one.of if name != fingerprint)
                yield f"put together with {rest} {one.told}"
            elif one.kind == "split":
                where = " and ".join(one.where)
                if fingerprint == one.becomes:
                    yield f"the part of {one.of[0]} where {where}, taken apart {one.told}"
                else:
                    yield f"without the part where {where} ({one.becomes}), taken apart {one.told}"


def condition_of(text: str) -> Condition:
    """`node=Fetch` or `message~quota` as a condition. Raises UsageError for anything else."""
    field, sign, value = (re.match(r"([a-z_]+)([=~])(.+)", text, re.DOTALL) or re.match(r"()()()", text)).groups()  # type: ignore[union-attr]
    if field not in FIELDS or not value.strip():
        raise UsageError(
            f"{text!r} says of no failure what it is like. Write FIELD=TEXT or FIELD~PART with one of {', '.join(FIELDS)}."
        )
    return Condition(field, sign, value)

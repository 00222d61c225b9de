"""The corpus that judges the redaction gate: planted secrets, personal data and clean lines, new values for every seed.

Written from public descriptions of token formats and from the shapes of real n8n documents, without the gate's rules in
view; nothing here may be fitted to what the gate does. `generate(seed)` gives the cases, `documents(seed)` whole n8n
executions with their planted values, `write_export(path, seed)` one export file of them as n8n's API answers.

Tables beside it in `corpus/`: vendors.txt (shaped tokens), connections.txt, keyed_names.txt and keyed_places.txt (opaque
values known by key or place), clean.txt. What counts as a secret: a value that lets its holder act or sign in. A
publishable key, an identifier, a user name or a host is none; a clean line must stay as it is, byte for byte.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import corpus_clean
import corpus_documents
import corpus_personal
import corpus_shaped
from corpus_places import situations
from corpus_values import Secret

FAMILIES = ("shaped", "keyed", "personal", "clean")


@dataclass(frozen=True)
class Case:
    """One text or JSON tree, and what was planted in it (nothing in a clean one)."""

    id: str
    family: str
    situation: str
    document: Any
    secrets: tuple[Secret, ...] = ()


def generate(seed: int) -> list[Case]:
    """Every case of the corpus, with values of that seed."""
    made: dict[str, Any] = {
        "shaped": corpus_shaped.cases(random.Random(f"shaped {seed}")),
        "keyed": [
            row
            for table in ("keyed_names.txt", "keyed_places.txt")
            for row in situations(random.Random(f"{table} {seed}"), table)
        ],
        "personal": corpus_personal.cases(random.Random(f"personal {seed}")),
        "clean": ((name, document, ()) for name, document in corpus_clean.cases(random.Random(f"clean {seed}"))),
    }
    return [
        Case(f"{family}-{number:04d}", family, situation, document, secrets)
        for family in FAMILIES
        for number, (situation, document, secrets) in enumerate(made[family], 1)
    ]


def documents(seed: int) -> list[Case]:
    """Whole executions as the API gives them; `situation` names the failure, each secret's `where` its place."""
    rng = random.Random(f"documents {seed}")
    return [
        Case(document["id"], "document", situation, document, secrets)
        for situation, document, secrets in corpus_documents.cases(rng)
    ]


def write_export(path: Path, seed: int) -> tuple[Secret, ...]:
    """Writes the documents of that seed as one page of `GET /api/v1/executions?includeData=true`; returns what is planted."""
    made = documents(seed)
    page = {"data": [case.document for case in reversed(made)], "nextCursor": None}
    path.write_text(json.dumps(page, ensure_ascii=False), encoding="utf-8")
    return tuple(secret for case in made for secret in case.secrets)

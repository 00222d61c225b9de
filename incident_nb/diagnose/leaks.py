"""Credentials in error records: n8n writes what it signed in with into some errors, and services echo what they refuse.

The gate has masked them by now; a mask keeps the kind and a digest, so that the same credential is told to be the same.
"""

from __future__ import annotations

import pandas as pd

from incident_nb.diagnose.evidence import newest_ids
from incident_nb.models import Fact, Finding, Outcome
from incident_nb.policy import Policy
from incident_nb.redact.personal import PERSONAL_KINDS
from incident_nb.redact.rules import MASK, kind_of

CHECK = "SEV-X3"  # the procedure's "Credential leak detected"
SHOWN = 5
# Where a failure's texts stand in n8n's record, the plainest first: the technical details repeat the others.
_PLACES = {"message": "message", "description": "description", "url": "address", "stack": "technical details"}
_NO_CREDENTIALS = PERSONAL_KINDS | {"too_deep"}


def leaks(failures: pd.DataFrame, first: str, asked: str, policy: Policy) -> Finding:
    """Whether credentials stand in the records of these failures: what kind, where, in which executions; no value.

    `first` is the fingerprint of the problem whose places come first.
    """
    found = _found(failures)
    if found.empty:
        texts = failures[list(_PLACES)].notna().any(axis=None)
        summary = f"No credential was recognised in the {_count(len(failures), 'error record')}."
        if not texts:
            summary = "The error records hold no texts that could be looked into."
        return Finding(
            check=CHECK, outcome=Outcome.CLEAN if texts else Outcome.COULD_NOT_LOOK, summary=summary, asked=asked
        )
    found["other"] = found["fingerprint"].astype("str") != first
    where = found.groupby(["other", "workflow_id", "node", "stands_in", "kind"], observed=True, dropna=False, sort=True)
    facts = [_fact(part) for _, part in where]
    credentials = found["mask"].nunique()
    stand = f"{_count(credentials, 'credential')} {'stand' if credentials > 1 else 'stands'}"
    records = _count(found.groupby(["instance", "execution_id"], observed=True).ngroups, "execution")
    rule = next(example for example in policy.examples if example.id == CHECK)
    summary = (
        f"{stand} in the error records of {records}, readable in n8n and in every alert made from them. "
        f"“{rule.text}” is an incident of its own, {rule.severity}: replace what is still valid, and delete the "
        "executions once this is recorded."
    )
    if len(facts) > SHOWN:
        facts[SHOWN - 1 :] = [Fact(text=f"{len(facts) - SHOWN + 1} more places.", executions=(), check=CHECK)]
    return Finding(check=CHECK, outcome=Outcome.FOUND, summary=summary, asked=asked, evidence=tuple(facts))


def _found(failures: pd.DataFrame) -> pd.DataFrame:
    """The failures once more, a row for each credential in them, with `mask`, `kind` and the plainest place it stands in."""
    rows = []
    for number, texts in enumerate(failures[list(_PLACES)].astype("object").to_numpy()):
        seen = set()
        for place, text in zip(_PLACES.values(), texts, strict=True):
            for mask in MASK.findall(text) if isinstance(text, str) else ():
                kind = kind_of(mask)
                if kind not in _NO_CREDENTIALS and mask not in seen:
                    seen.add(mask)
                    rows.append((number, mask, kind, place))
    numbers, masks, kinds, places = zip(*rows, strict=True) if rows else ((),) * 4
    return failures.iloc[list(numbers)].assign(mask=masks, kind=kinds, stands_in=places)


def _fact(part: pd.DataFrame) -> Fact:
    one = part.iloc[-1]
    where = f"“{one['node']}”" if pd.notna(one["node"]) else "a run"
    workflow = one["workflow"] if pd.notna(one["workflow"]) else one["workflow_id"]
    many = part["mask"].nunique()
    what = f"{many} credentials" if many > 1 else "A credential"
    refused = part["cause"].eq("credentials").all()
    text = (
        f"{what} ({one['kind'].replace('_', ' ')}) in the {one['stands_in']} of {where} of “{workflow}”: "
        f"{_count(part['execution_id'].nunique(), 'execution')}"
        f"{', where the service refused to let it in' if refused else ''}."
    )
    return Fact(text=text, executions=newest_ids(part), check=CHECK)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

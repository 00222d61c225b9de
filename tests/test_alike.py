"""Error records that differ only in what no signature looks at are judged once, and as each of them would be."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from incident_nb.causes import OWN_HOSTS, classify, signatures
from incident_nb.causes.alike import ASKED, ELSEWHERE, alike
from incident_nb.causes.label import label
from incident_nb.causes.unwrap import without_ids
from incident_nb.models import ErrorRecord

IDS = (
    "338a55ffd943055120b18fb8",
    "6f9619ff-8b86-d011-b42d-00c04fc964ff",
    "9F86D081884C7D65",
    "1732684800123",
    "[email:15d4ac]",
)
EXAMPLES = [example for each in signatures() for example in each.examples]
COLUMNS = ("message", "description", "http_code", "error_name", "node_type", "stack", "host", "url", "credential_type")


def table(records: list[dict[str, Any]]) -> pd.DataFrame:
    """Failures that hold these records."""
    rows = [{**dict.fromkeys(COLUMNS), **record, "place": "run_data"} for record in records]
    return pd.DataFrame(rows, dtype="object")


def record_of(example: Any) -> dict[str, Any]:
    """An example of the signatures as a plain record."""
    return {"message": example} if isinstance(example, str) else dict(example)


@pytest.mark.parametrize("one", IDS)
def test_ids_of_a_kind_are_made_the_same(one: str) -> None:
    other = re.sub(r"\d", lambda found: str((int(found[0]) + 1) % 10), one)
    text = "request ({}) was refused; see {}."
    assert one != other
    assert without_ids(text.format(one, one)) == without_ids(text.format(other, other)) != text.format(one, one)


@pytest.mark.parametrize(
    "text",
    [
        "duplicate key value violates unique constraint fk_0123456789abcdef0123", "code 131056", "limit of 10000000 cells",
        "feed-bead-facade-decade", "retry in 917 s", "version 1.123456789.2", "the cafe decade", "e11000 duplicate key", "",
    ],
)  # fmt: skip
def test_what_a_signature_may_look_for_stays(text: str) -> None:
    assert without_ids(text) == text


def test_no_signature_looks_for_what_is_made_the_same() -> None:
    for each in signatures():
        for words in (*each.words, *each.unless):
            plain = re.sub(r"\\d|\{[\d, ]+\}|\[[^\]]*\]", " ", words.source)
            assert without_ids(plain) == plain, each.id


def test_a_table_is_judged_as_each_record_is() -> None:
    records = [record_of(example) for example in EXAMPLES]
    records += [{**record, "message": f"{record.get('message', '')} ({one})"} for record in records[::7] for one in IDS]
    records += [
        {**record, "host": host} for record in records[::11] for host in ("x.modal.run", "a.example", "B.example")
    ]
    found = label(table(records))
    for record, (_, row) in zip(records, found.iterrows(), strict=True):
        one = classify(ErrorRecord(**record))
        assert (row["cause"], row["signature"], row["confidence"]) == (str(one.cause), one.signature, one.confidence), (
            record
        )
        assert row["runner_up"] == (str(one.runner_up) if one.runner_up else None)


def test_records_that_differ_in_an_id_or_a_host_that_nobody_knows_are_one() -> None:
    hosts = ("api.lead.example", "API.meter.example", None, None, "app.modal.run")
    urls = (None, None, "https://api.quote.example/v1/1", None, "https://other.example/")
    rows = [
        {"message": "Service unavailable", "description": f"request {number:024x}", "host": host, "url": url}
        for number, (host, url) in enumerate(zip(hosts, urls, strict=True), 10**20)
    ]
    found = alike(table(rows), OWN_HOSTS)
    assert list(found) == ASKED
    assert found["host"].tolist() == [ELSEWHERE, ELSEWHERE, ELSEWHERE, None, "app.modal.run"]
    assert len(found.drop_duplicates()) == 3


def test_a_host_that_a_signature_knows_is_kept() -> None:
    host = "api.telegram.org"
    assert any(each.hosts and each.hosts.match(host) for each in signatures())
    assert alike(table([{"message": "x", "host": host}]), OWN_HOSTS)["host"].tolist() == [host]

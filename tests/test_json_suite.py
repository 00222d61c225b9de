"""JSON as others write it, valid, invalid and in between, in every place where n8n's exports hold JSON.

In the manner of the JSONTestSuite, with documents of our own. A document ends as rows, as a counted skip or as a
SourceError, and never costs the rows beside it.
"""

# ruff: noqa: E501  the tables are read better in long lines

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from incident_nb import readers
from incident_nb.errors import SourceError
from incident_nb.executions import ExecutionLog
from tests.exports import execution, failed, write_sqlite
from tests.test_readers import check_frames, put

DEEP = 100_000

VALID: dict[str, bytes] = {
    **{f"number {text}": text.encode() for text in (
        "0", "-0", "1", "-1", "123", "1.5", "-1.5", "1e5", "1E5", "1e+5", "1e-5", "1.5e10", "0.1", "0e0", "-0.0", "1e-400",
        "9007199254740993", "18446744073709551615", "-9223372036854775808", "0.30000000000000004", "1.0E+2",
    )},
    **{f"string {name}": text for name, text in {
        "empty": b'""', "plain": b'"abc"', "escapes": rb'"\"\\\/\b\f\n\r\t"', "unicode escape": rb'"\u00e9"',
        "pair of surrogates": rb'"\ud83d\ude00"', "NUL escaped": rb'"\u0000"', "UTF-8": '"é€😀"'.encode(),
        "DEL": b'"\x7f"', "line separator": '"\u2028\u2029"'.encode(), "noncharacter": '"\uffff"'.encode(),
        "last code point": '"\U0010ffff"'.encode(), "BOM inside": '"\ufeff"'.encode(), "slashes": b'"http://a/b"',
        "brackets": b'"]}],{"', "an execution in it": rb'"[{\"id\":\"9\",\"mode\":\"webhook\"}]"', "long": b'"' + b"x" * 100_000 + b'"',
        "many escapes": b'"' + rb"\u00e9" * 10_000 + b'"', "upper hex": rb'"\uD83D\uDE00"', "comment inside": b'"/* no */"',
        "controls escaped": rb'"\u001b[31m\u0007"', "backslash u in backslashes": rb'"\\ud800"',
    }.items()},
    **{name: text for name, text in {
        "true": b"true", "false": b"false", "null": b"null", "empty list": b"[]", "empty object": b"{}", "spaces": b" [ ] ",
        "tabs and line ends": b"\t[\r\n1\t,\n2]\r\n", "mixed list": b'[1,"a",null,true,{},[]]', "empty key": b'{"":1}',
        "same key twice": b'{"a":1,"a":2}', "same key, other type": b'{"resultData":{},"resultData":7}',
        "key escaped": rb'{"\u0061":1}', "key with NUL": rb'{"a\u0000b":1}', "key like a prototype": b'{"__proto__":{},"constructor":1}',
        "numbers as keys": b'{"0":1,"1":2}', "long list": b"[" + b"0," * 50_000 + b"0]",
        "many keys": json.dumps({f"k{number}": number for number in range(20_000)}).encode(),
        "nested a little": b"[" * 100 + b"]" * 100, "objects nested a little": b'{"a":' * 100 + b"1" + b"}" * 100,
        "long key": b'{"' + b"k" * 100_000 + b'":1}', "list of empty lists": b"[" + b"[]," * 20_000 + b"[]]",
        "id inside": b'{"id":"7","status":"paid"}', "rows inside": b'[{"id":"7"},{"id":"8"}]',
        "run data of numbers": b'{"resultData":{"runData":{"a":[1,2,3]}}}', "run data a list": b'{"resultData":{"runData":[]}}',
        "error a text": b'{"resultData":{"error":"x","runData":{}}}', "error a list": b'{"resultData":{"error":[1],"runData":{}}}',
        "everything null": b'{"resultData":{"error":null,"runData":null,"lastNodeExecuted":null}}',
        "same node twice": b'{"resultData":{"runData":{"a":[{}],"a":[{"error":{"message":"x"}}]}}}',
    }.items()},
}  # fmt: skip

INVALID: dict[str, bytes] = {
    **{f"number {text}": text.encode() for text in (
        "01", "-01", "00", "+1", ".5", "1.", "-", "1e", "1e+", "1.e5", "0x10", "1_000", "1 000", "--1", "1.2.3", "1e5.5", "- 1",
        "Infinity", "-Infinity", "NaN", "nan", "inf", "1f", "\uff11", "1,5e", "0b1", "1e1e1", "-.5", "0.e1", "2.e+3",
    )},
    **{f"string {name}": text for name, text in {
        "single quotes": b"'a'", "not ended": b'"abc', "escape at the end": b'"abc\\', "unknown escape": rb'"\x41"', "octal": rb'"\101"',
        "short unicode": rb'"\u00a"', "bad hex": rb'"\u00zz"', "raw line end": b'"a\nb"', "raw tab": b'"a\tb"', "raw NUL": b'"a\x00b"',
        "bad UTF-8": b'"\xff"', "overlong": b'"\xc0\xaf"', "cut UTF-8": b'"\xe2\x82"', "surrogate in UTF-8": b'"\xed\xa0\x80"',
        "beyond Unicode": b'"\xf4\x90\x80\x80"', "latin-1": '"é"'.encode("latin-1"), "upper U": rb'"\U0001F600"',
        "ended twice": b'"a""', "no quotes": b"abc", "backticks": b"`a`", "smart quotes": "“a”".encode(),
    }.items()},
    **{name: text for name, text in {
        "nothing": b"", "only a comma": b",", "only a colon": b":", "word": b"nul", "words": b"truefalse", "upper": b"TRUE", "None": b"None",
        "undefined": b"undefined", "list not ended": b"[1,2", "object not ended": b'{"a":1', "only open": b"[", "only brace": b"{",
        "closed twice": b"[]]", "object closed twice": b"{}}", "comma at the end": b"[1,]", "object, comma at the end": b'{"a":1,}',
        "comma at the start": b"[,1]", "two commas": b"[1,,2]", "colon in a list": b"[1:2]", "no colon": b'{"a" 1}', "two colons": b'{"a"::1}',
        "no value": b'{"a":}', "no key": b"{:1}", "key a number": b"{1:1}", "key a word": b"{a:1}", "key in single quotes": b"{'a':1}",
        "comment": b"[1/* a */]", "line comment": b"[1]// a", "hash comment": b"# a\n[1]", "mixed brackets": b"[1}", "brackets crossed": b"[{]}",
        "rubbish behind": b"[1]x", "two documents": b"{}{}", "two documents, apart": b"{} {}", "NUL behind": b"[1]\x00", "form feed": b"[\x0c1]",
        "no-break space": "[\u00a01]".encode(), "BOM twice": b"\xef\xbb\xbf\xef\xbb\xbf[1]", "half a BOM": b"\xef\xbb[1]",
        "deep lists": b"[" * DEEP, "deep objects": b'{"a":' * DEEP, "deep rows": b'[{"id":' * 20_000, "XML": b"<a/>", "YAML": b"a: 1",
        "cut in a key": b'{"resultDa', "cut in a number": b'{"a":-', "cut in an escape": b'{"a":"\\u00', "cut after a colon": b'{"a":',
        "NaN in data": b'{"resultData":{"runData":{"a":[{"startTime":NaN}]}}}',
        "many open strings": b'"' * 9_999, "many commas": b"," * 50_000, "MessagePack": b"\x81\xa1a\x01", "zeros": bytes(5_000),
    }.items()},
}  # fmt: skip

# What decoders may take or leave.
EITHER: dict[str, bytes] = {
    "huge integer": b"9" * 400, "integer beyond any limit": b"9" * 5_000, "huge exponent": b"1e400", "negative huge exponent": b"-1e400",
    "exponent without end": b"1e" + b"9" * 1_000, "many decimals": b"0." + b"1" * 10_000, "integer of 20 digits": b"1" * 20,
    "negative integer of 30 digits": b"-" + b"1" * 30, "first half of a pair": rb'"\ud800"', "second half of a pair": rb'"\udc00"',
    "halves the wrong way round": rb'"\ude00\ud83d"', "two first halves": rb'"\ud83d\ud83d"', "half, then text": rb'"\ud800abc"',
    "half as a key": rb'{"\ud800":1}', "BOM": b"\xef\xbb\xbf[1]", "BOM alone": b"\xef\xbb\xbf", "UTF-16 LE": '[1,"é"]'.encode("utf-16-le"),
    "UTF-16 BE": '[1,"é"]'.encode("utf-16-be"), "UTF-16 with BOM": "[1]".encode("utf-16"), "UTF-32": "[1]".encode("utf-32"),
    "UTF-32 BE": "[1]".encode("utf-32-be"), "UTF-7": b"+AFs-1+AF0-", "EBCDIC": "[1]".encode("cp500"), "deep, closed": b"[" * DEEP + b"]" * DEEP,
    "deep objects, closed": b'{"a":' * DEEP + b"1" + b"}" * DEEP, "nested 500": b"[" * 500 + b"]" * 500, "nested 900": b"[" * 900 + b"]" * 900,
    "nested 2,000": b'{"cause":' * 2_000 + b"1" + b"}" * 2_000, "deep in an error": b'{"message":"x","cause":' * 600 + b"1" + b"}" * 600,
}  # fmt: skip

DOCUMENTS = {"valid": VALID, "invalid": INVALID, "either": EITHER}
ALL = [
    pytest.param(kind, content, id=f"{kind}: {name}")
    for kind, documents in DOCUMENTS.items()
    for name, content in documents.items()
]

Write = Callable[[Path, bytes], str]


def whole(folder: Path, document: bytes) -> str:
    return put(folder / "whole.json", document)


def in_rows(folder: Path, document: bytes) -> str:
    """In the place of an execution's data, of its workflow and of a plain field, between two good executions."""
    rows = [failed(1), *(execution(number, "error") for number in (5, 6, 7)), failed(2)]
    for row, key in zip(rows[1:], ("data", "workflowData", "finished"), strict=False):
        row[key] = "HERE"
    content = b",".join(json.dumps(row).encode() for row in rows)
    return put(folder / "page.json", b'{"data":[' + content.replace(b'"HERE"', document) + b'],"nextCursor":null}')


def as_a_line(folder: Path, document: bytes) -> str:
    good = (json.dumps(failed(number)).encode() for number in (1, 2))
    return put(folder / "lines.jsonl", (b"\n" + document + b"\n").join(good))


def in_an_alert(folder: Path, document: bytes) -> str:
    error = b'{"name":"NodeApiError","message":"x","extra":' + document + b"}"
    return put(
        folder / "alert.json", b'{"execution":{"id":"5","error":' + error + b'},"workflow":{"id":"w","name":"W"}}'
    )


def stored(folder: Path, document: bytes) -> str:
    """As the stored data of an execution, inside it, and as its stored workflow, between two good executions."""
    path = write_sqlite(folder / "database.sqlite", [failed(number) for number in (1, 5, 6, 7, 8)])
    inside = b'[{"resultData":"1"},{"error":"2","runData":"3"},' + document + b",{}]"
    with sqlite3.connect(path) as db:
        for number, column, text in ((5, "data", document), (6, "data", inside), (7, "workflowData", document)):
            db.execute(f"UPDATE execution_data SET {column} = CAST(? AS TEXT) WHERE executionId = ?", (text, number))
    db.close()
    return str(path)


# Each way to write a document, and the executions beside it that must come out, whatever it is.
PLACES: dict[str, tuple[Write, set[str]]] = {
    "whole file": (whole, set()),
    "rows": (in_rows, {"1", "2"}),
    "line": (as_a_line, {"1", "2"}),
    "alert": (in_an_alert, set()),
    "stored": (stored, {"1", "5", "6", "7", "8"}),  # what is damaged in one column costs no row
}


def read(source: str) -> ExecutionLog | None:
    """The log, or None where the source was refused by name."""
    try:
        log = readers.read(source)
    except SourceError as error:
        assert source in str(error)
        return None
    check_frames(log)
    assert all(part.reason and part.where for part in log.skipped)
    return log


def test_there_are_enough_documents() -> None:
    assert len(ALL) >= 120
    for content in VALID.values():
        json.loads(content)
    for name, content in INVALID.items():
        if not re.search(r"Infinity|NaN|surrogate in UTF-8", name):  # which Python takes
            with pytest.raises((ValueError, RecursionError)):
                json.loads(content)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("kind", "document"), ALL)
def test_any_document_costs_at_most_its_own_row(tmp_path: Path, kind: str, document: bytes, place: str) -> None:
    write, beside = PLACES[place]
    log = read(write(tmp_path, document))
    if not beside:
        return
    assert log is not None
    found = set(log.executions["execution_id"])
    assert beside <= found
    assert len(log.failures) >= 2
    if kind == "invalid" and document.strip():
        assert log.skipped
    if kind == "valid" and place == "rows":
        assert {"5", "6"} <= found


def test_a_document_of_utf_16_says_how_to_convert_it(tmp_path: Path) -> None:
    text = json.dumps({"data": [failed(1)]})
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        with pytest.raises(SourceError, match="iconv -f UTF-16 -t UTF-8"):
            readers.read(put(tmp_path / "page.json", text.encode(encoding)))

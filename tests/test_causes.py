"""The whole table of signatures, and what the engine makes of records that no single signature decides."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from incident_nb.causes import classify, classify_many, signatures, unwrap
from incident_nb.causes.literals import literals
from incident_nb.causes.rules import TIERS, Signature, candidates
from incident_nb.models import Cause, ErrorRecord

VENDOR_ERRORS = Path(__file__).parent / "data" / "causes" / "vendor_errors.jsonl"


def record(example: dict[str, Any] | str) -> ErrorRecord:
    return ErrorRecord(message=example) if isinstance(example, str) else ErrorRecord(**example)


def cases(kind: str) -> list[Any]:
    return [
        pytest.param(signature, example, id=f"{signature.id}-{number}")
        for signature in signatures()
        for number, example in enumerate(getattr(signature, kind))
    ]


@pytest.mark.parametrize(("signature", "example"), cases("examples"))
def test_example_is_recognised(signature: Signature, example: dict[str, Any]) -> None:
    assert signature.fits(unwrap(record(example)))
    assert classify(record(example)).cause is signature.cause


@pytest.mark.parametrize(("signature", "example"), cases("near_misses"))
def test_near_miss_is_left_alone(signature: Signature, example: dict[str, Any]) -> None:
    assert not signature.fits(unwrap(record(example)))
    assert classify(record(example)).cause is Cause(example["cause"])


def test_every_signature_has_its_own_id_and_says_when_it_fits() -> None:
    ids = [signature.id for signature in signatures()]
    assert len(ids) == len(set(ids))
    for signature in signatures():
        assert any([signature.words, signature.codes, signature.names, signature.nodes, signature.hosts]), signature.id
        assert signature.examples or signature.tier in ("family", "hint"), signature.id
        assert signature.procedure or signature.cause is Cause.UNKNOWN, signature.id


def test_patterns_are_lower_case_linear_and_contain_their_literal() -> None:
    repeated_group = re.compile(r"\)(?:[*+]|\{\d+,\})")
    unbounded = re.compile(r"(?<!\\)\.[*+]|\][*+]\w*[*+]")
    for signature in signatures():
        for words in (*signature.words, *signature.unless):
            pattern = words.pattern.pattern
            assert not re.search(r"(?<!\\)[A-Z]", pattern), (signature.id, pattern)
            assert not unbounded.search(pattern), (signature.id, pattern)
            inside = re.findall(r"\(([^()]*)\)(?:[*+]|\{\d+,\})", pattern)
            assert not any(re.search(r"[*+{]", part) for part in inside), (signature.id, pattern)
            assert repeated_group.search(pattern) is None or inside, (signature.id, pattern)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("invalid_grant", ("invalid_grant",)),
        ("quota (?:was )?exceeded for [a-z]+", ("exceeded for ",)),
        ("colou?rs", ("colo",)),
        ("a|b", ("a", "b")),
        ("is (?:long|large)", ("long", "large")),
        (r"(?:is|was) (?:deni(?:ed|als)|re[fv]used)", ("deni", "used")),
        (r"(?:\w+ )?(?:x|[ab]c|)\d{2,3}", ()),
        (r"\bid\b not found", (" not found",)),
        (r"retry after \d+", ("retry after ",)),
        (r"[^\s]{2,} [a-z]{3}", (" ",)),
        (r"(?<!x)[)\]}][^\]][]x]\(#(?:10|200)\)", ("10", "200")),
    ],
)
def test_a_literal_is_in_every_match(pattern: str, expected: tuple[str, ...]) -> None:
    assert literals(pattern) == expected


def test_every_signature_that_fits_is_a_candidate() -> None:
    rows = [json.loads(line) for line in VENDOR_ERRORS.read_text(encoding="utf-8").splitlines()]
    for each in [*rows, *(example for signature in signatures() for example in signature.examples)]:
        evidence = unwrap(record(each))
        fitting = [signature for signature, words in candidates(evidence) if signature.fits(evidence, words)]
        assert fitting == [signature for signature in signatures() if signature.fits(evidence)]


def test_known_wordings_of_many_services_keep_their_cause() -> None:
    """Wordings of n8n, its nodes and host, and of some eighty services, each with the causes that one could defend (`ok`)."""
    rows = [json.loads(line) for line in VENDOR_ERRORS.read_text(encoding="utf-8").splitlines()]
    wrong = [(row, verdict.cause) for row in rows if (verdict := classify(record(row))).cause not in row["ok"]]
    assert len(rows) > 1400
    assert not wrong


SAME_ERROR = [
    "Workflow does not exist.",
    "Error: Workflow does not exist.",
    "NodeOperationError: Workflow does not exist. (item 0)",
    "NodeApiError: Workflow does not exist. [item 3]",
    "Problem in node ‘Call billing‘: Workflow does not exist.",
    '{"code":404,"message":"Workflow does not exist."}',
    "<p>Workflow does not exist.</p>",
    '404 - "{\\"message\\": \\"Workflow does not exist.\\"}"',
]


@pytest.mark.parametrize("message", SAME_ERROR)
def test_wrapping_changes_nothing(message: str) -> None:
    assert classify(ErrorRecord(message=message)).cause is Cause.WORKFLOW_INACTIVE


@pytest.mark.parametrize("prefix", ["Settings are not valid: ", "Connection details not valid; Error: "])
def test_that_the_settings_were_tried_says_nothing_of_the_cause(prefix: str) -> None:
    assert classify(ErrorRecord(message=f"{prefix}Request failed with status code 404")).cause is Cause.WORKFLOW_CONFIG


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Request failed with status code 503", "503"),
        ("Status code 503", "503"),
        ("HTTP 429", "429"),
        ('{"status":401}', "401"),
        ("Error code: 400 - bad", "400"),
        ('422 - "{}"', "422"),
        ("401 Unauthorized", "401"),
        ("The connection was aborted, perhaps the server is offline", "econnaborted"),
        ("connect ECONNREFUSED 127.0.0.1:5432", "econnrefused"),
    ],
)
def test_status_is_found_in_the_text(text: str, code: str) -> None:
    assert code in unwrap(ErrorRecord(message=text)).codes


@pytest.mark.parametrize("text", ["timeout of 500 ms exceeded", "Expected 404 items", "invoice 503 was sent"])
def test_a_number_is_no_status(text: str) -> None:
    assert unwrap(ErrorRecord(message=text)).codes == {"none"}


@pytest.mark.parametrize(
    "record",
    [
        ErrorRecord(message="Cannot read properties of null (reading 'split') [line 12]"),
        ErrorRecord(
            message="orders.map is not a function",
            stack="TypeError: orders.map is not a function\n    at VmCodeWrapper (evalmachine.<anonymous>:3:8)",
        ),
        ErrorRecord(message="KeyError: 'sku'", stack='Traceback:\n  File "<string>", line 4, in <module>'),
        ErrorRecord(message="KeyError: 'sku'", stack='Traceback:\n  File "<per_item_task_execution>", line 2, in f'),
    ],
)
def test_a_code_node_is_known_by_its_line_or_its_frames(record: ErrorRecord) -> None:
    assert unwrap(record).node == "code"
    assert classify(record).cause is Cause.DATA_FORMAT


def test_a_type_error_inside_n8n_is_no_fault_of_the_data() -> None:
    own = ErrorRecord(
        message="Cannot read properties of undefined (reading 'toString')",
        node_type="n8n-nodes-base.notion",
        stack="TypeError: x\n    at RoutingNode.runNode (n8n-core/dist/routing-node.js:112:23)",
    )
    assert classify(own).cause is Cause.INFRASTRUCTURE


def test_a_field_that_is_gone_may_be_a_changed_service() -> None:
    verdict = classify(
        ErrorRecord(message="The field 'sku' wasn't found in any input item", error_name="FieldNotFound")
    )
    assert (verdict.cause, verdict.runner_up) == (Cause.DATA_FORMAT, Cause.EXTERNAL_API_CHANGED)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("PARCEL_QUOTA_DEPLETED", Cause.RATE_LIMIT),
        ("LedgerTokenHasExpired", Cause.CREDENTIALS),
        ("VALUE_OUT_OF_RANGE", Cause.DATA_FORMAT),
        ("SERVICE_TEMPORARILY_UNAVAILABLE", Cause.EXTERNAL_OUTAGE),
    ],
)
def test_a_code_that_no_rule_knows_is_read_as_words(code: str, cause: Cause) -> None:
    assert classify(ErrorRecord(message="Request failed", description=f'{{"error":"{code}"}}')).cause is cause


def test_a_reply_of_a_file_or_mail_server_is_no_http_status() -> None:
    reply = ErrorRecord(message="550 Failed to open file.", node_type="n8n-nodes-base.ftp")
    assert unwrap(reply).codes == {"none"}


def test_nothing_was_aborted_where_an_answer_came_back() -> None:
    answer = ErrorRecord(message="The connection was aborted, perhaps the server is offline", http_code="405")
    assert classify(answer).cause is Cause.WORKFLOW_CONFIG


def test_words_of_one_service_weigh_less_where_the_node_is_not_known() -> None:
    text = "Sending file_id failed: token_revoked"
    somewhere, telegram = (unwrap(ErrorRecord(message=text, node_type=node)) for node in (None, "x.telegram"))
    rule = next(signature for signature in signatures() if signature.id == "telegram.value")
    assert rule.fits(somewhere) and rule.fits(telegram)
    assert rule.weight(somewhere) < TIERS[rule.tier] < rule.weight(telegram)
    assert classify(ErrorRecord(message=text)).cause is Cause.CREDENTIALS


def test_the_wording_of_a_refused_call_is_a_changed_service_only_where_it_refused() -> None:
    text = "predict() got an unexpected keyword argument 'seed'"
    assert classify(ErrorRecord(message=text, http_code="422")).cause is Cause.EXTERNAL_API_CHANGED
    broken = ErrorRecord(message="Request failed", description=text, http_code="500", host="api.example.com")
    assert classify(broken).cause is Cause.EXTERNAL_OUTAGE


def test_own_host_that_answers_5xx_is_an_endpoint_crash() -> None:
    crash = ErrorRecord(
        message="The service was not able to process your request", http_code="500", host="a--b.modal.run"
    )
    verdict = classify(crash)
    assert (verdict.cause, verdict.procedure) == (Cause.ENDPOINT_CRASH, ("RES-4",))
    assert classify(crash, own_hosts=["*.example.com"]).cause is Cause.EXTERNAL_OUTAGE


def test_a_crash_of_our_own_is_ours_whatever_its_body_says() -> None:
    crash = ErrorRecord(
        message="Request failed with status code 500", description="duplicate key value", host="a.modal.run"
    )
    assert classify(crash).cause is Cause.ENDPOINT_CRASH
    assert classify(crash.model_copy(update={"host": "api.example.com"})).cause is Cause.DATA_FORMAT


def test_own_host_that_refuses_a_payload_is_no_crash() -> None:
    text = "An unexpected error occurred: amount must be 1"
    refused = ErrorRecord(message="Request failed with status code 422", description=text, host="a--b.modal.run")
    assert classify(refused).cause is Cause.DATA_FORMAT


def test_the_kind_named_by_a_redaction_mask_is_no_evidence() -> None:
    masked = ErrorRecord(message="Request failed with status code 400", description="Name [token:3f9a1c] is invalid")
    assert classify(masked).cause is Cause.DATA_FORMAT


def test_5xx_without_a_host_may_be_our_own() -> None:
    known = classify(ErrorRecord(message="Bad gateway", http_code="502", host="api.example.com"))
    nowhere = classify(ErrorRecord(message="Bad gateway", http_code="502"))
    assert (nowhere.cause, nowhere.runner_up) == (Cause.EXTERNAL_OUTAGE, Cause.ENDPOINT_CRASH)
    assert nowhere.confidence < known.confidence


def test_the_service_is_believed_before_the_status() -> None:
    answer = ErrorRecord(message="Forbidden - perhaps check your credentials?", http_code="403",
                         description="Quota exceeded for quota metric 'Queries'")  # fmt: skip
    verdict = classify(answer)
    assert (verdict.cause, verdict.detail, verdict.runner_up) == (Cause.RATE_LIMIT, "quota", Cause.CREDENTIALS)
    assert verdict.procedure == ("RC-5", "RES-6")


@pytest.mark.parametrize(
    "message", ["", "ERROR", "Something happened", "x" * 100_000, "\\" * 5000, "<" * 5000, "(" * 5000]
)
def test_a_record_that_does_not_say_is_unknown(message: str) -> None:
    verdict = classify(ErrorRecord(id="7", message=message))
    assert (verdict.id, verdict.cause, verdict.procedure) == ("7", Cause.UNKNOWN, ())
    assert 0 < verdict.confidence < 1


def test_many_records_keep_their_order_and_ids() -> None:
    records = [ErrorRecord(id=str(n), message=("Workflow does not exist.", "socket hang up")[n % 2]) for n in range(6)]
    verdicts = classify_many(records)
    assert [verdict.id for verdict in verdicts] == list("012345")
    assert verdicts == [classify(each) for each in records]


@pytest.mark.parametrize(
    ("status", "cause", "runner_up"),
    [
        ("404", Cause.WORKFLOW_CONFIG, Cause.EXTERNAL_API_CHANGED),
        ("405", Cause.WORKFLOW_CONFIG, Cause.EXTERNAL_API_CHANGED),
        ("410", Cause.EXTERNAL_API_CHANGED, Cause.WORKFLOW_CONFIG),
    ],
)
def test_an_address_that_does_not_answer_is_wrong_or_gone(status: str, cause: Cause, runner_up: Cause) -> None:
    verdict = classify(ErrorRecord(message=f"Request failed with status code {status}", host="api.example.com"))
    assert (verdict.cause, verdict.runner_up) == (cause, runner_up)

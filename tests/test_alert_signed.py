"""Who may send: every scheme lets in what is right to the byte and in time, and refuses its near misses with a reason."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident_nb.alerts.signed import (
    HEADER,
    SIGNATURES,
    Authentic,
    Headers,
    Refused,
    bearer,
    has_signature,
    key_of,
    slack,
    standard,
)
from incident_nb.errors import SettingsError

BODY = b'{"message": "caf\xc3\xa9 \xff"}'  # no text at all: only bytes are signed
DIGEST = hashlib.sha256(BODY).hexdigest()
NOW = datetime(2026, 11, 10, 9, 14, tzinfo=UTC)
SECONDS = str(int(NOW.timestamp())).encode()
ID = b"msg_2f9a"
OLD, NEW = bytes(range(24)), bytes(range(100, 132))
SIGNING = "a-signing-secret-of-slack"
TOKEN = "tok-Zürich-1"

NO_V1 = "the webhook-signature header holds no v1 signature, or too many"
NO_BEARER = "the authorization header is no bearer token"


def v1(key: bytes = NEW, delivery: bytes = ID, seconds: bytes = SECONDS, body: bytes = BODY) -> bytes:
    made = hmac.new(key, delivery + b"." + seconds + b"." + body, hashlib.sha256).digest()
    return b"v1," + base64.b64encode(made)


def v0(secret: str = SIGNING, seconds: bytes = SECONDS, body: bytes = BODY) -> bytes:
    made = hmac.new(secret.encode(), b"v0:" + seconds + b":" + body, hashlib.sha256)
    return b"v0=" + made.hexdigest().encode()


def hooks(delivery: bytes = ID, seconds: bytes = SECONDS, signature: bytes | None = None) -> list[tuple[bytes, bytes]]:
    signature = v1(delivery=delivery, seconds=seconds) if signature is None else signature
    return [
        (b"content-type", b"application/json"),
        (b"Webhook-Id", delivery),
        (b"webhook-timestamp", seconds),
        (b"webhook-signature", signature),
    ]


def slacks(seconds: bytes = SECONDS, signature: bytes | None = None) -> list[tuple[bytes, bytes]]:
    signature = v0(seconds=seconds) if signature is None else signature
    return [(b"X-Slack-Request-Timestamp", seconds), (b"x-slack-signature", signature)]


def without(headers: list[tuple[bytes, bytes]], name: bytes) -> list[tuple[bytes, bytes]]:
    return [pair for pair in headers if pair[0].lower() != name]


def seconds_from_now(offset: int) -> bytes:
    return str(int(NOW.timestamp()) + offset).encode()


def test_the_published_example_of_standard_webhooks() -> None:
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = hooks(b"msg_p5jXN8AQM9LWM0D4loKWxJek", b"1614265330", b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    body = b'{"test": 2432232314}'
    then = datetime.fromtimestamp(1614265330, UTC)
    assert standard(headers, body, then, [key]) == Authentic(
        scheme="standard",
        delivery_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=1614265330,
        digest=hashlib.sha256(body).hexdigest(),
    )
    assert isinstance(standard(headers, body.replace(b" ", b""), then, [key]), Refused)


def test_the_published_example_of_slack() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
        b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
        b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121"
        b".803a0bc887a14d10d2c447fce8b6703c"
    )
    signature = b"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    then = datetime.fromtimestamp(1531420618, UTC)
    got = slack(slacks(b"1531420618", signature), body, then, ["8f742231b10e8888abcd99yyyzzz85a5"])
    assert got == Authentic(scheme="slack", at=1531420618, digest=hashlib.sha256(body).hexdigest())


GOOD_HOOKS: dict[str, tuple[Headers, list[bytes]]] = {
    "one signature, one key": (hooks(), [NEW]),
    "two keys in force, signed with the old one": (hooks(signature=v1(OLD)), [NEW, OLD]),
    "signed with both, the other key known": (hooks(signature=v1(OLD) + b" " + v1(NEW)), [NEW]),
    "beside one of another version": (hooks(signature=b"v1a,AAAA " + v1()), [NEW]),
    "five minutes old": (hooks(seconds=seconds_from_now(-300)), [NEW]),
    "five minutes early": (hooks(seconds=seconds_from_now(300)), [NEW]),
    "as many signatures as may be": (hooks(signature=b" ".join([b"v1,x"] * (SIGNATURES - 1) + [v1()])), [NEW]),
}


@pytest.mark.parametrize("case", GOOD_HOOKS)
def test_a_standard_signature_lets_in(case: str) -> None:
    headers, keys = GOOD_HOOKS[case]
    got = standard(headers, BODY, NOW, keys)
    assert isinstance(got, Authentic), got
    assert (got.scheme, got.delivery_id, got.digest) == ("standard", ID.decode(), DIGEST)


BAD_HOOKS: dict[str, tuple[Headers, list[bytes], str]] = {
    "no id": (without(hooks(), b"webhook-id"), [NEW], "there is no webhook-id header"),
    "no timestamp": (without(hooks(), b"webhook-timestamp"), [NEW], "there is no webhook-timestamp header"),
    "no signature": (without(hooks(), b"webhook-signature"), [NEW], "there is no webhook-signature header"),
    "no headers at all": ([], [NEW], "there is no webhook-id header"),
    "two ids": ([*hooks(), (b"webhook-id", b"msg_other")], [NEW], "there are several webhook-id headers"),
    "two timestamps": ([*hooks(), (b"Webhook-Timestamp", SECONDS)], [NEW], "there are several webhook-timestamp headers"),
    "another key": (hooks(signature=v1(OLD)), [NEW], "the signature is wrong"),
    "no key": (hooks(), [], "no signing secret is set"),
    "an empty key": (hooks(signature=v1(b"")), [b""], "no signing secret is set"),
    "an empty key beside a good one": (hooks(signature=v1(b"")), [b"", NEW], "the signature is wrong"),
    "another body": (hooks(signature=v1(body=BODY + b" ")), [NEW], "the signature is wrong"),
    "another id": (hooks(b"msg_2f9b", signature=v1()), [NEW], "the signature is wrong"),
    "another time": (hooks(seconds=seconds_from_now(-1), signature=v1()), [NEW], "the signature is wrong"),
    "one second too old": (hooks(seconds=seconds_from_now(-301)), [NEW], "it was signed more than 300 s ago"),
    "one second too early": (hooks(seconds=seconds_from_now(301)), [NEW], "it was signed more than 300 s in the future"),
    "milliseconds": (hooks(seconds=SECONDS + b"000"), [NEW], "the timestamp is no whole number of seconds"),
    "a fraction": (hooks(seconds=SECONDS + b".5"), [NEW], "the timestamp is no whole number of seconds"),
    "a sign": (hooks(seconds=b"+" + SECONDS), [NEW], "the timestamp is no whole number of seconds"),
    "a line end": (hooks(seconds=SECONDS + b"\n"), [NEW], "the timestamp is no whole number of seconds"),
    "a blank": (hooks(seconds=b" " + SECONDS), [NEW], "the timestamp is no whole number of seconds"),
    "underscores": (hooks(seconds=b"1_7"), [NEW], "the timestamp is no whole number of seconds"),
    "other digits": (hooks(seconds="١٢٣".encode()), [NEW], "the timestamp is no whole number of seconds"),
    "an empty timestamp": (hooks(seconds=b""), [NEW], "the timestamp is no whole number of seconds"),
    "an empty id": (hooks(b""), [NEW], "the webhook-id header is no id"),
    "a full stop in the id": (hooks(b"msg.1"), [NEW], "the webhook-id header is no id"),
    "an id of another world": (hooks(b"msg\xff"), [NEW], "the webhook-id header is no id"),
    "a long id": (hooks(b"m" * 257), [NEW], "the webhook-id header is no id"),
    "no version": (hooks(signature=v1()[3:]), [NEW], NO_V1),
    "another version": (hooks(signature=b"v2" + v1()[2:]), [NEW], NO_V1),
    "parted by commas": (hooks(signature=b"v1,AAAA," + v1()), [NEW], "the signature is wrong"),
    "too many": (hooks(signature=b" ".join([v1()] * (SIGNATURES + 1))), [NEW], NO_V1),
    "cut off": (hooks(signature=v1()[:-1]), [NEW], "the signature is wrong"),
    "as hex": (hooks(signature=b"v1," + base64.b64decode(v1()[3:]).hex().encode()), [NEW], "the signature is wrong"),
    "nothing after the version": (hooks(signature=b"v1,"), [NEW], "the signature is wrong"),
    "not ASCII": (hooks(signature=v1() + b"\xff"), [NEW], "the signature is wrong"),
    "too long": (hooks(signature=b"v1," + b"x" * HEADER), [NEW], "the webhook-signature header is too long"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_HOOKS)
def test_near_misses_of_a_standard_signature_are_refused(case: str) -> None:
    headers, keys, reason = BAD_HOOKS[case]
    assert standard(headers, BODY, NOW, keys) == Refused(reason=reason)


GOOD_SLACK: dict[str, tuple[Headers, list[str]]] = {
    "one secret": (slacks(), [SIGNING]),
    "two secrets in force": (slacks(signature=v0("old")), [SIGNING, "old"]),
    "five minutes old": (slacks(seconds_from_now(-300)), [SIGNING]),
    "five minutes early": (slacks(seconds_from_now(300)), [SIGNING]),
}


@pytest.mark.parametrize("case", GOOD_SLACK)
def test_a_slack_signature_lets_in(case: str) -> None:
    headers, secrets = GOOD_SLACK[case]
    got = slack(headers, BODY, NOW, secrets)
    assert isinstance(got, Authentic), got
    assert (got.scheme, got.delivery_id, got.digest) == ("slack", None, DIGEST)


BAD_SLACK: dict[str, tuple[Headers, list[str], str]] = {
    "no timestamp": (slacks()[1:], [SIGNING], "there is no x-slack-request-timestamp header"),
    "no signature": (slacks()[:1], [SIGNING], "there is no x-slack-signature header"),
    "two signatures": ([*slacks(), (b"X-Slack-Signature", v0())], [SIGNING], "there are several x-slack-signature headers"),
    "another secret": (slacks(signature=v0("other")), [SIGNING], "the signature is wrong"),
    "no secret": (slacks(), [], "no signing secret is set"),
    "an empty secret": (slacks(signature=v0("")), [""], "no signing secret is set"),
    "an empty secret beside a good one": (slacks(signature=v0("")), ["", SIGNING], "the signature is wrong"),
    "another body": (slacks(signature=v0(body=BODY[:-1])), [SIGNING], "the signature is wrong"),
    "another time": (slacks(seconds_from_now(1), v0()), [SIGNING], "the signature is wrong"),
    "one second too old": (slacks(seconds_from_now(-301)), [SIGNING], "it was signed more than 300 s ago"),
    "one second too early": (slacks(seconds_from_now(301)), [SIGNING], "it was signed more than 300 s in the future"),
    "a negative time": (slacks(b"-1"), [SIGNING], "the timestamp is no whole number of seconds"),
    "a number too large": (slacks(b"9" * 40), [SIGNING], "the timestamp is no whole number of seconds"),
    "no version": (slacks(signature=v0()[3:]), [SIGNING], "the signature is wrong"),
    "another version": (slacks(signature=b"v1" + v0()[2:]), [SIGNING], "the signature is wrong"),
    "capitals": (slacks(signature=v0().upper()), [SIGNING], "the signature is wrong"),
    "cut off": (slacks(signature=v0()[:-1]), [SIGNING], "the signature is wrong"),
    "empty": (slacks(signature=b""), [SIGNING], "the signature is wrong"),
    "not ASCII": (slacks(signature=b"v0=\xff"), [SIGNING], "the signature is wrong"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_SLACK)
def test_near_misses_of_a_slack_signature_are_refused(case: str) -> None:
    headers, secrets, reason = BAD_SLACK[case]
    assert slack(headers, BODY, NOW, secrets) == Refused(reason=reason)


@pytest.mark.parametrize("value", ["Bearer {}", "bearer {}", "BEARER  {}"])
@pytest.mark.parametrize("token", ["tok-1", "a/b+c=="])
def test_a_token_lets_in(value: str, token: str) -> None:
    headers = [(b"Authorization", value.format(token).encode())]
    assert bearer(headers, BODY, ["other", token]) == Authentic(scheme="bearer", digest=DIGEST)


BAD_TOKENS: dict[str, tuple[Headers, list[str], str]] = {
    "no header": ([(b"x-authorization", b"Bearer tok-1")], ["tok-1"], "there is no authorization header"),
    "two headers": ([(b"authorization", b"Bearer tok-1")] * 2, ["tok-1"], "there are several authorization headers"),
    "another token": ([(b"authorization", b"Bearer tok-2")], ["tok-1"], "the bearer token is wrong"),
    "part of it": ([(b"authorization", b"Bearer tok-")], ["tok-1"], "the bearer token is wrong"),
    "more than it": ([(b"authorization", b"Bearer tok-11")], ["tok-1"], "the bearer token is wrong"),
    "in capitals": ([(b"authorization", b"Bearer TOK-1")], ["tok-1"], "the bearer token is wrong"),
    "no token set": ([(b"authorization", b"Bearer tok-1")], [], "no token is set"),
    "an empty token set": ([(b"authorization", b"Bearer tok-1")], [""], "no token is set"),
    "an empty token sent": ([(b"authorization", b"Bearer ")], [""], NO_BEARER),
    "only the scheme": ([(b"authorization", b"Bearer")], ["tok-1"], NO_BEARER),
    "another scheme": ([(b"authorization", b"Basic tok-1")], ["tok-1"], NO_BEARER),
    "no scheme": ([(b"authorization", b"tok-1")], ["tok-1"], NO_BEARER),
    "something after it": ([(b"authorization", b"Bearer tok-1 ")], ["tok-1"], NO_BEARER),
    "two tokens": ([(b"authorization", b"Bearer tok-1, tok-2")], ["tok-1"], NO_BEARER),
    "not ASCII": ([(b"authorization", b"Bearer tok-\xff")], ["tok-1"], NO_BEARER),
    "too long": ([(b"authorization", b"Bearer " + b"x" * HEADER)], ["tok-1"], "the authorization header is too long"),
    "a token nobody can send": ([(b"authorization", f"Bearer {TOKEN}".encode())], [TOKEN], NO_BEARER),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_TOKENS)
def test_near_misses_of_a_token_are_refused(case: str) -> None:
    headers, tokens, reason = BAD_TOKENS[case]
    assert bearer(headers, BODY, tokens) == Refused(reason=reason)


def test_a_reason_repeats_nothing_that_was_sent() -> None:
    sent = b"do-not-log-me"
    refused = [
        bearer([(b"authorization", b"Bearer " + sent)], BODY, ["tok-1"]),
        bearer([(b"authorization", sent)], BODY, ["tok-1"]),
        standard(hooks(sent, signature=b"v1," + sent), BODY, NOW, [NEW]),
        standard(hooks(seconds=sent), BODY, NOW, [NEW]),
        slack(slacks(sent), BODY, NOW, [SIGNING]),
    ]
    assert all(isinstance(one, Refused) and sent.decode() not in one.reason for one in refused)


def test_the_window_is_of_the_given_time_wherever_it_is_told() -> None:
    there = NOW.astimezone(datetime.fromisoformat("2026-01-01T00:00+09:00").tzinfo)
    assert isinstance(slack(slacks(), BODY, there, [SIGNING]), Authentic)
    assert isinstance(slack(slacks(), BODY, there + timedelta(seconds=301), [SIGNING]), Refused)


@pytest.mark.parametrize(
    ("headers", "claims"),
    [(hooks(), True), (hooks()[:2], False), (hooks()[2:3], True), (hooks()[3:], True), ([], False)],
)
def test_what_claims_to_be_signed(headers: Headers, claims: bool) -> None:
    assert has_signature(headers) is claims


@pytest.mark.parametrize("prefix", ["whsec_", "", " whsec_"])
def test_the_key_in_a_secret(prefix: str) -> None:
    assert key_of(prefix + base64.b64encode(NEW).decode()) == NEW


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_@@@@", "whsec_é", base64.b64encode(bytes(23)).decode(), base64.b64encode(bytes(513)).decode(),
               "whsec_" + base64.b64encode(NEW).decode()[:-1], "whsec_@" + base64.b64encode(NEW).decode()],
)  # fmt: skip
def test_what_is_no_secret_is_refused_without_telling_it(secret: str) -> None:
    with pytest.raises(SettingsError) as refused:
        key_of(secret)
    assert not secret.removeprefix("whsec_") or secret.removeprefix("whsec_") not in str(refused.value)


NAMES = [b"authorization", b"webhook-id", b"webhook-timestamp", b"webhook-signature", b"x-slack-request-timestamp",
         b"x-slack-signature"]  # fmt: skip
VALUES = st.one_of(st.binary(max_size=60), st.sampled_from([b"", SECONDS, ID, b"v1,", b"v0=", b"Bearer x", b"9" * 12]))


@given(st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=8), st.binary(max_size=40))
def test_nothing_that_is_sent_raises_or_gets_in(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    assert isinstance(bearer(headers, body, ["tok-1"]), Refused)
    assert isinstance(standard(headers, body, NOW, [NEW]), Refused)
    assert isinstance(slack(headers, body, NOW, [SIGNING]), Refused)


@given(st.binary(max_size=200), st.integers(0, 10_000), st.integers(0, 7))
def test_one_bit_more_or_less_is_refused(body: bytes, place: int, bit: int) -> None:
    hooked, slacked = hooks(signature=v1(body=body)), slacks(signature=v0(body=body))
    assert isinstance(standard(hooked, body, NOW, [NEW]), Authentic)
    assert isinstance(slack(slacked, body, NOW, [SIGNING]), Authentic)
    altered = bytearray(body or b"\0")
    altered[place % len(altered)] ^= 1 << bit
    other = bytes(altered) if body else b"x"
    assert isinstance(standard(hooked, other, NOW, [NEW]), Refused)
    assert isinstance(slack(slacked, other, NOW, [SIGNING]), Refused)

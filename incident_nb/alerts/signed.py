"""Whether a delivery comes from who may send: bearer token, Standard Webhooks signature, Slack signature; on raw bytes.

The schemes are those of https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (1.0.0,
symmetric signatures) and https://docs.slack.dev/authentication/verifying-requests-from-slack/. Nothing here reads a body.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from incident_nb.errors import SettingsError
from incident_nb.models import Frozen

WINDOW_S = 300  # before and after the receiver's own time
HEADER = 4_096  # bytes of one header; a signature takes 47
SIGNATURES = 20  # in one header, where secrets are being rotated
SHORTEST_KEY, LONGEST_KEY = 24, 512  # bytes of a Standard Webhooks secret

Scheme = Literal["bearer", "standard", "slack"]
Headers = Iterable[tuple[bytes, bytes]]
"""Names and values as a server got them (`scope["headers"]` of ASGI); names in any case."""

_TOKEN = re.compile(rb"(?i:bearer) +([!-~]+)")
_SECONDS = re.compile(rb"[0-9]{1,12}")
# No full stop: it parts what is signed, and an id that held one could take over the beginning of another's parts.
_DELIVERY = re.compile(rb"[!-\-/-~]{1,256}")


class Authentic(Frozen):
    """A delivery from who may send. `delivery_id` is the same each time the sender tries again; not every scheme has one.

    `at`: when it was signed, epoch seconds. `digest`: SHA-256 of the body, to tell another body under the same id.
    """

    scheme: Scheme
    delivery_id: str | None = None
    at: int | None = None
    digest: str


class Refused(Frozen):
    """A delivery that is not let in; `reason` is for the log and holds nothing that was sent."""

    reason: str


def bearer(headers: Headers, body: bytes, tokens: Sequence[str]) -> Authentic | Refused:
    """Whether a delivery has one of the tokens. Empty ones let nobody in."""
    given = _one(headers, b"authorization")
    if isinstance(given, Refused):
        return given
    found = _TOKEN.fullmatch(given)
    if not found:
        return Refused(reason="the authorization header is no bearer token")
    # Digests have one length, so that not even a token's length can be timed.
    sent = hashlib.sha256(found[1]).digest()
    fits = [hmac.compare_digest(sent, hashlib.sha256(_bytes(token)).digest()) for token in tokens if token]
    if not any(fits):
        return Refused(reason="the bearer token is wrong" if fits else "no token is set")
    return Authentic(scheme="bearer", digest=digest_of(body))


def standard(headers: Headers, body: bytes, now: datetime, keys: Sequence[bytes]) -> Authentic | Refused:
    """Whether a delivery is signed with one of the keys (`key_of`) as Standard Webhooks has it, within the window of `now`.

    The header may hold several signatures, and several keys may be in force, while a secret is being changed.
    """
    named = _several(headers, b"webhook-id", b"webhook-timestamp", b"webhook-signature")
    if isinstance(named, Refused):
        return named
    delivery_id, seconds, signatures = named
    if not _DELIVERY.fullmatch(delivery_id):
        return Refused(reason="the webhook-id header is no id")
    at = _in_window(seconds, now)
    if isinstance(at, Refused):
        return at
    given = [entry for entry in signatures.split(b" ") if entry.startswith(b"v1,")]
    if not given or len(given) > SIGNATURES:
        return Refused(reason="the webhook-signature header holds no v1 signature, or too many")
    content = b".".join((delivery_id, seconds, body))
    made = [b"v1," + base64.b64encode(_hmac(key, content)) for key in keys if key]
    if not _any_equal(given, made):
        return Refused(reason="the signature is wrong" if made else "no signing secret is set")
    return Authentic(scheme="standard", delivery_id=delivery_id.decode("ascii"), at=at, digest=digest_of(body))


def slack(headers: Headers, body: bytes, now: datetime, secrets: Sequence[str]) -> Authentic | Refused:
    """Whether Slack signed a delivery with one of the app's signing secrets, within the window of `now`.

    Slack names a delivery in its body only (`event_id`), so there is no `delivery_id` here.
    """
    named = _several(headers, b"x-slack-request-timestamp", b"x-slack-signature")
    if isinstance(named, Refused):
        return named
    seconds, signature = named
    at = _in_window(seconds, now)
    if isinstance(at, Refused):
        return at
    content = b":".join((b"v0", seconds, body))
    made = [b"v0=" + _hmac(_bytes(secret), content).hex().encode() for secret in secrets if secret]
    if not _any_equal([signature], made):
        return Refused(reason="the signature is wrong" if made else "no signing secret is set")
    return Authentic(scheme="slack", at=at, digest=digest_of(body))


def key_of(secret: str) -> bytes:
    """The key in a Standard Webhooks secret, `whsec_` and base64. Raises SettingsError for what is none."""
    try:
        key = base64.b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SettingsError("A webhook signing secret is not “whsec_” followed by base64.") from error
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise SettingsError(
            f"A webhook signing secret holds {len(key)} bytes; it should be {SHORTEST_KEY} to {LONGEST_KEY}, at random."
        )
    return key


def has_signature(headers: Headers) -> bool:
    """Whether a delivery claims to be signed as Standard Webhooks has it: then the signature decides, and no token does."""
    return any(name.lower() in (b"webhook-signature", b"webhook-timestamp") for name, _ in headers)


def _one(headers: Headers, name: bytes) -> bytes | Refused:
    """The value of a header that has to be there once."""
    found = [value for key, value in headers if key.lower() == name]
    shown = name.decode("ascii")
    if not found:
        return Refused(reason=f"there is no {shown} header")
    if len(found) > 1:
        return Refused(reason=f"there are several {shown} headers")
    if len(found[0]) > HEADER:
        return Refused(reason=f"the {shown} header is too long")
    return found[0]


def _several(headers: Headers, *names: bytes) -> list[bytes] | Refused:
    headers, values = list(headers), []
    for name in names:
        value = _one(headers, name)
        if isinstance(value, Refused):
            return value
        values.append(value)
    return values


def _in_window(seconds: bytes, now: datetime) -> int | Refused:
    """The time that a delivery was signed at, if it is near enough."""
    if not _SECONDS.fullmatch(seconds):
        return Refused(reason="the timestamp is no whole number of seconds")
    late = now.timestamp() - int(seconds)
    if late > WINDOW_S:
        return Refused(reason=f"it was signed more than {WINDOW_S} s ago")
    if late < -WINDOW_S:
        return Refused(reason=f"it was signed more than {WINDOW_S} s in the future")
    return int(seconds)


def _hmac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def _any_equal(given: Sequence[bytes], made: Sequence[bytes]) -> bool:
    """Whether any two are equal; each is compared, and each in constant time."""
    return any([hmac.compare_digest(one, other) for one in given for other in made])


def digest_of(body: bytes) -> str:
    """SHA-256 of a body."""
    return hashlib.sha256(body).hexdigest()


def _bytes(secret: str) -> bytes:
    return secret.encode("utf-8", "surrogateescape")

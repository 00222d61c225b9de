"""Who may send alerts: the tokens and signing secrets of the environment, and what holds where none is set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from incident_nb.alerts import signed
from incident_nb.alerts.signed import Authentic, Headers, Refused
from incident_nb.http import is_loopback
from incident_nb.settings import secret

ALERT_TOKEN = "INCIDENT_NB_ALERT_TOKEN"  # noqa: S105 - names of variables, here and below
ALERT_SECRET = "INCIDENT_NB_ALERT_SIGNING_SECRET"  # noqa: S105
SLACK_SECRET = "INCIDENT_NB_SLACK_SIGNING_SECRET"  # noqa: S105


def secrets_of(name: str) -> tuple[str, ...]:
    """The secrets in a variable, or in the file that `NAME_FILE` names: several, while one is being changed, by blanks.

    Raises SettingsError for a file that can't be read.
    """
    return tuple(secret(name).split())


@dataclass(frozen=True)
class Access:
    """What lets a sender in. With `tokens` or `keys` one of them is needed; without any, only this machine may send."""

    tokens: Sequence[str] = ()
    keys: Sequence[bytes] = ()
    slack_secrets: Sequence[str] = ()

    @classmethod
    def from_environment(cls) -> Access:
        """What the environment says. Raises SettingsError for a secret that is none."""
        keys = tuple(map(signed.key_of, secrets_of(ALERT_SECRET)))
        return cls(secrets_of(ALERT_TOKEN), keys, secrets_of(SLACK_SECRET))

    @property
    def is_open(self) -> bool:
        """Whether nobody has to say who they are, so that only this machine may be let in."""
        return not (self.tokens or self.keys)

    def alert(self, headers: Sequence[tuple[bytes, bytes]], body: bytes, now: datetime) -> Authentic | Refused:
        """Whether this delivery of an alert is let in. A signature decides where there is one, else the token."""
        if signed.has_signature(headers):
            return signed.standard(headers, body, now, self.keys)
        if self.is_open:
            return _here(headers) or signed.Authentic(scheme="bearer", digest=signed.digest_of(body))
        return signed.bearer(headers, body, self.tokens)

    def slack(self, headers: Headers, body: bytes, now: datetime) -> Authentic | Refused:
        """Whether Slack sent this."""
        return signed.slack(headers, body, now, self.slack_secrets)


def _here(headers: Sequence[tuple[bytes, bytes]]) -> Refused | None:
    """Why a request without a token may not be this machine's own: a page in its browser sends `Origin`, or a name of its own."""
    named = dict(headers)
    if b"origin" in named or named.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin"):
        return Refused(reason="a web page sent it, and no token is set")
    host = named.get(b"host", b"").decode("latin-1").rsplit(":", 1)[0].strip("[]")
    return None if is_loopback(host) else Refused(reason="it is addressed to another host, and no token is set")

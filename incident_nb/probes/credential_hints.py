"""What a service's words say of a credential, by its kind: what ended it, and what mends it. Rows, each with a source."""

from __future__ import annotations

import re
from typing import NamedTuple

GOOGLE_TERMS = "https://developers.google.com/identity/protocols/oauth2#expiration"
ENTRA_CODES = "https://learn.microsoft.com/entra/identity-platform/reference-error-codes"
RFC_6749 = "https://www.rfc-editor.org/rfc/rfc6749#section-5.2"
RFC_6750 = "https://www.rfc-editor.org/rfc/rfc6750#section-3.1"
N8N = "n8n, packages/cli/src/credentials-helper.ts"
SLACK = "https://docs.slack.dev/reference/methods/auth.test"


class Hint(NamedTuple):
    """A row: for a credential whose type fits `kind` and an error that fits `words`, what happened and what to do."""

    kind: re.Pattern[str]
    words: re.Pattern[str]
    why: str
    step: str
    source: str


def _row(kind: str, words: str, why: str, step: str, source: str) -> Hint:
    return Hint(re.compile(kind, re.IGNORECASE), re.compile(words, re.IGNORECASE), why, step, source)


OAUTH = r"oauth2"
GOOGLE = r"^(google|gmail|gsuite|youtube)\w*oauth2"
MICROSOFT = r"^(microsoft|azure)\w*oauth2"
# n8n's own words for a refused renewal: 1.x "The provided authorization grant ...", 2.x "... needs to be reconnected".
REFUSED = r"invalid_grant|provided authorization grant|needs to be reconnected|token has been expired or revoked"
RECONNECT = "Sign in to the account again with “Reconnect” in the credential."

# The first row that fits. The particular stand before the general.
HINTS = (
    _row(r"", r"Credential with ID \S+ does not exist for type",
         "There is no such credential in n8n any more: it was deleted, or the workflow came from another n8n",
         "Select or make another one in the node.", N8N),
    _row(GOOGLE, r"invalid_rapt",
         "The Google organisation limits how long a sign-in lasts (session control), and it is over",
         f"{RECONNECT} An administrator can exempt the app.", GOOGLE_TERMS),
    _row(GOOGLE, REFUSED,
         "Google does not take the refresh token any more. It ends when access was revoked, after six months without use, "
         "when the password of an account with Gmail scopes changed, when too many newer ones were given out, and after 7 "
         "days where the Google app's publishing status is “Testing”",
         f"{RECONNECT} If it ends every week, set the app's publishing status to “In production”.", GOOGLE_TERMS),
    _row(MICROSOFT, r"AADSTS7000222|AADSTS7000215",
         "The client secret of the app registration has expired or is wrong",
         "Make a new client secret in Entra, and put it into the credential.", ENTRA_CODES),
    _row(MICROSOFT, r"AADSTS700082|AADSTS70008\b",
         "The refresh token has expired because it was not used for too long", RECONNECT, ENTRA_CODES),
    _row(MICROSOFT, r"AADSTS50173",
         "The password was changed or the sign-in revoked, which ended the grant", RECONNECT, ENTRA_CODES),
    _row(MICROSOFT, r"AADSTS65001",
         "Consent for the app is missing or was withdrawn", "Have a user or administrator consent again.", ENTRA_CODES),
    _row(r"^slack", r"token_revoked|account_inactive",
         "The token was revoked: the app was removed, or its user or workspace was deleted",
         "Install the Slack app again, and put the new token into the credential.", SLACK),
    _row(r"^slack", r"token_expired", "The token has expired and was not renewed", RECONNECT, SLACK),
    _row(OAUTH, REFUSED,
         "The service refuses to renew the token: it has expired, was revoked, or belongs to another app", RECONNECT, RFC_6749),
    _row(OAUTH, r"invalid_client|unauthorized_client",
         "The service does not accept the app itself: its client id or secret is wrong, expired or withdrawn",
         "Compare client id and secret with those at the service.", RFC_6749),
    _row(r"", r"insufficient[_ ]?scope|missing_scope|invalid_scope|insufficient (authentication scopes|permission)",
         "The sign-in works, but lacks a scope that this request needs",
         "Add the scope, and reconnect (or make a new key with it).", RFC_6750),
    _row(OAUTH, r"invalid_token|token (is |has )?(expired|revoked)|\b401\b",
         "The service refuses the access token, although n8n renews expired ones", RECONNECT, RFC_6750),
)  # fmt: skip

# Where the words say no more than that it was refused: what can be the matter with a credential of this kind.
KINDS = (
    (re.compile(OAUTH, re.IGNORECASE), "renewed", RECONNECT),
    (
        re.compile(r"basic|digest|smtp|imap|ftp|ssh|postgres|mysql|mongo|redis|mssql|microsoftsql|ldap", re.IGNORECASE),
        "a user name and password, which end when the password is changed or the user is locked",
        "Sign in with the same user by hand, then put the new password into the credential.",
    ),
    (
        re.compile(r""),
        "a key, which ends when it is rotated, revoked or expires",
        "Make a new key at the service, keep it in the password store, and put it into the credential.",
    ),
)


def hint(kind: str, words: str) -> Hint | None:
    """The row for a credential of this type and what the service said; None if the words tell no more."""
    return next((row for row in HINTS if row.kind.search(kind) and row.words.search(words)), None)

"""A letter as a draft that any mail program opens (RFC 5322): to the client's contact, from the sender of the settings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

from incident_nb.documents.letter import Letter


def mail_of(letter: Letter, now: datetime) -> bytes:
    """The letter as the bytes of an `.eml` file, dated `now`; `X-Unsent` makes mail programs open it for writing.

    Its text is UTF-8, in lines that every server takes. Without a sender's address the mail program fills it in.
    """
    people = letter.people
    senders = [(people.sender, people.email)] if people.email else []
    plain = all(address.isascii() for _, address in (*people.to, *senders))
    message = EmailMessage(policy=SMTP if plain else SMTPUTF8)
    message["Subject"] = letter.subject.replace("=?", "= ?")  # nothing typed is to be read as an encoded word
    if senders:
        message["From"] = _addresses(senders)
    if people.to:
        message["To"] = _addresses(people.to)
    message["Date"] = now
    message["X-Unsent"] = "1"
    message.set_content(letter.text, charset="utf-8", cte="quoted-printable")
    return message.as_bytes()


def _addresses(people: Iterable[tuple[str, str]]) -> tuple[Address, ...]:
    parts = [(name, *address.rpartition("@")) for name, address in people]
    return tuple(Address(display_name=name, username=user, domain=host) for name, user, _, host in parts)

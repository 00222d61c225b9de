"""A letter as a draft that any mail program opens (RFC 5322): to the client's contact, from the sender of the settings."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

from incident_nb.documents.letter import Letter
from incident_nb.errors import SettingsError


def mail_of(letter: Letter, now: datetime) -> bytes:
    """The letter as the bytes of an `.eml` file, dated `now`; `X-Unsent` makes mail programs open it for writing.

    Raises SettingsError for an address that no mail can have. Its text is UTF-8, in lines that every server takes.
    """
    people = letter.people
    senders = [(people.sender, people.email)] if people.email else []
    addresses = [address for _, address in (*people.to, *senders)]
    plain = all(address.isascii() for address in addresses if address)
    message = EmailMessage(policy=SMTP if plain else SMTPUTF8)
    message["Subject"] = letter.subject
    if senders:
        message["From"] = _addresses(senders)
    if people.to:
        message["To"] = _addresses(people.to)
    message["Date"] = now
    message["X-Unsent"] = "1"
    message.set_content(letter.text, charset="utf-8", cte="quoted-printable")
    return message.as_bytes()


def _addresses(people: object) -> tuple[Address, ...]:
    try:
        return tuple(Address(display_name=name, addr_spec=address) for name, address in people)  # type: ignore[attr-defined]
    except (ValueError, IndexError) as error:
        raise SettingsError(f"The settings name an address that no mail can have: {error}. Correct it.") from error

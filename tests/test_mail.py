"""The letter as a mail: read by Python's strict policy and by a mail reader's own parser (GMime, in `mu`)."""

from __future__ import annotations

import email
import os
import shutil
import subprocess
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default, strict
from pathlib import Path

import pytest

from incident_nb.documents.letter import Letter, letter_of
from incident_nb.documents.mail import mail_of
from incident_nb.settings import Settings
from tests.documented import NOW, SENDER, SETTINGS, through

LONG = "Rechnungen, Bestellungen und Lieferscheine 😀 für den Großhandel Ñandú über Łódź kamen zu spät an, " * 3
SUBJECTS = ["Invoices were late", "Rechnungen für Ñandú 😀", LONG.strip(), "=?utf-8?q?x?= (no encoded word)", "a" * 300]


def letter(**changes: object) -> Letter:
    return letter_of(through(), SETTINGS, NOW).model_copy(update=changes)


def parsed(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=strict + default)
    assert isinstance(message, EmailMessage) and message.defects == []
    return message


@pytest.mark.parametrize("subject", SUBJECTS)
def test_python_reads_it_without_a_defect(subject: str) -> None:
    made = letter(subject=subject)
    data = mail_of(made, NOW)
    message = parsed(data)
    assert message["Subject"] == subject.replace("=?", "= ?")
    assert [(one.display_name, one.addr_spec) for one in message["To"].addresses] == [
        ("María López", "maria@bay.example")
    ]
    assert [one.addr_spec for one in message["From"].addresses] == ["kim@agency.example"]
    assert message["Date"].datetime == NOW and message["X-Unsent"] == "1"
    assert message.get_content_type() == "text/plain" and message.get_content_charset() == "utf-8"
    assert message.get_content().replace("\r\n", "\n") == made.text
    assert data.isascii() and max(map(len, data.splitlines())) <= 998


def _mu() -> str:
    found = shutil.which("mu")
    if found is None:
        why = "a mail reader's parser is needed: apt-get install maildir-utils"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)
    return str(found)


@pytest.mark.parametrize("subject", SUBJECTS[:3])
def test_a_mail_reader_shows_it(tmp_path: Path, subject: str) -> None:
    made = letter(subject=subject)
    path = tmp_path / "notice.eml"
    path.write_bytes(mail_of(made, NOW))
    env = {"LC_ALL": "C.UTF-8", "HOME": str(tmp_path)}
    shown = subprocess.run([_mu(), "view", path], capture_output=True, text=True, check=True, env=env).stdout
    assert f"Subject: {subject}" in shown
    assert "From: Kim Park <kim@agency.example>" in shown and "To: María López <maria@bay.example>" in shown
    assert made.text.strip() in shown


def test_two_readers_and_names_with_commas() -> None:
    contact = '"López, María" <maria@bay.example>, Jürgen <j@bay.example>, nonsense, @'
    settings = Settings.model_validate({"clients": {"BAY": {"contact": contact}}, "sender": SENDER})
    message = parsed(mail_of(letter_of(through(), settings, NOW), NOW))
    assert [one.display_name for one in message["To"].addresses] == ["López, María", "Jürgen"]


def test_an_address_beyond_ascii_is_written_as_it_is() -> None:
    settings = Settings.model_validate(
        {"clients": {"BAY": {"contact": "Jürgen <jürgen@bäder.example>"}}, "sender": SENDER}
    )
    data = mail_of(letter_of(through(), settings, NOW), NOW)
    assert "jürgen@bäder.example".encode() in data
    message = email.message_from_string(data.decode(), policy=default)  # SMTPUTF8: its head is UTF-8
    assert message["To"].addresses[0].addr_spec == "jürgen@bäder.example"


def test_without_a_sender_the_mail_program_fills_it_in() -> None:
    settings = Settings.model_validate({"clients": {"BAY": {"contact": "a@bay.example"}}})
    message = parsed(mail_of(letter_of(through(), settings, NOW, by="Kim"), NOW))
    assert message["From"] is None and "Kim" in message.get_content()


@pytest.mark.parametrize(
    "address", ["a@b@c.example", "<x>@y.example", "a..b@c.example", '"a b"@c.example', "a@[127.0.0.1]"]
)
def test_an_odd_address_makes_no_mail_that_cannot_be_read(address: str) -> None:
    sender = {"name": "K", "email": address}
    settings = Settings.model_validate({"clients": {"BAY": {"contact": address}}, "sender": sender})
    parsed(mail_of(letter_of(through(), settings, NOW), NOW))


@pytest.mark.parametrize("evil", ["x\r\nBcc: evil@evil.example", "x\nBcc: evil@evil.example", "x\r\n\r\n<script>"])
def test_nothing_from_the_record_becomes_a_header(evil: str) -> None:
    said = ("worded", 80, {"section": "subject", "text": evil})
    message = parsed(mail_of(letter_of(through("timeout", said), SETTINGS, NOW), datetime(2026, 11, 23, tzinfo=UTC)))
    assert message["Bcc"] is None and set(message.keys()) == {
        "Subject", "From", "To", "Date", "X-Unsent", "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip

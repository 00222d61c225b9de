"""What a client may read: whether a text names another client, by code or by name."""

from __future__ import annotations

import pytest

from incident_nb.public import names_other, public_name, without_others

OTHERS = {"IT", "OTH", "B2B", "bay", "Otherwise Ltd", "Co-op Foods", "Straße & Söhne", "Globex Corporation", ""}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("We run it daily, it works", None),  # an ordinary word is no code
        ("It works", None),
        ("Orders of IT", "IT"),
        ("IT's orders", "IT"),
        ("copy-to-IT", "IT"),
        ("copy_OTH_daily", "OTH"),
        ("oth orders", None),  # codes are written as they are
        ("Oth orders", None),
        ("OTHER orders", None),
        ("OTH2 orders", None),
        ("BROTH", None),
        ("B2B orders", "B2B"),
        ("b2b orders", None),
        ("the Bay is blue", "bay"),  # a code in small letters is matched as a name is
        ("bayou", None),
        ("Otherwise Ltd", "Otherwise Ltd"),
        ("otherwise ltd's invoices", "Otherwise Ltd"),
        ("OtherwiseLtd", "Otherwise Ltd"),
        ("OTHERWISE-LTD", "Otherwise Ltd"),
        ("otherwise_ltd", "Otherwise Ltd"),
        ("Otherwise\u00a0Ltd", "Otherwise Ltd"),
        ("Otherwise\u2011Ltd", "Otherwise Ltd"),
        ("Otherwise Ltda", None),
        ("Otherwise it works", None),
        ("Coop Foods", "Co-op Foods"),
        ("co op foods", "Co-op Foods"),
        ("COOPFOODS", "Co-op Foods"),
        ("STRASSE & SÖHNE", "Straße & Söhne"),
        ("Straße & So\u0308hne", "Straße & Söhne"),
        ("Globexes are no names", None),
        ("globex corporations", None),
        ("", None),
    ],
)
def test_whether_a_text_names_another_client(text: str, named: str | None) -> None:
    assert names_other(text, OTHERS) == named


@pytest.mark.parametrize("others", [(), ("",), (" ",), ("-",)])
def test_nobody_is_named_where_there_is_nobody(others: tuple[str, ...]) -> None:
    assert names_other("Orders - daily", others) is None


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Check it again", "Check it again"),
        ("Move IT to us", None),
        ("Copy to OtherwiseLtd", None),
        ("Copy to OTHERWISE-LTD", None),
    ],
)
def test_a_public_name_names_nobody_else(name: str, shown: str | None) -> None:
    assert public_name(name, OTHERS) == shown


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("It failed, IT said", "It failed, another client said"),
        ("OTHERWISE-LTD and Otherwise\u00a0Ltd", "another client and another client"),
        ("Orders of Globex Corporation's shop", "Orders of another client's shop"),
        ("STRASSE & SÖHNE called", "another client called"),
        ("Straße & Söhne called", "(left out: it names another client)"),
        ("nobody here", "nobody here"),
    ],
)
def test_a_text_without_the_names_of_others(text: str, left: str) -> None:
    assert without_others(text, OTHERS) == left


@pytest.mark.parametrize(
    ("text", "named"), [("globex was late", "GLOBEX"), ("it was late", None), ("IT was late", "IT")]
)
def test_a_long_code_counts_in_any_letters_and_a_short_one_as_written(text: str, named: str | None) -> None:
    assert names_other(text, ["GLOBEX", "IT"]) == named
    assert without_others("globex and GLOBEX", ["GLOBEX"]) == "globex and another client", "no word of ours is garbled"

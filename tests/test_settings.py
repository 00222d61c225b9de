"""The workspace file: whose a workflow is, where the file is found, and what is said of a wrong one."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from incident_nb.errors import SettingsError
from incident_nb.settings import FILE_NAME, Client, Settings, load

RULES = """
own_hosts = ["*.modal.run", "api.acme.example"]

[n8n.main]
url = "https://n8n.acme.example"

[clients.BAY]
name_prefix = ["Bay "]
time_zone = "Australia/Sydney"

[clients.CORP]
tag = ["corp"]
project = ["Corp projects"]
workflows = ["*invoice*"]
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / FILE_NAME
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(written(tmp_path, RULES))


OWNERS = [
    ("Bay orders", (), None, "BAY"),
    ("Bayside orders", (), None, None),
    ("My Bay orders", (), None, None),
    ("Orders", ("other", "corp"), None, "CORP"),
    ("Orders", ("corporate",), None, None),
    ("Orders", (), "Corp projects", "CORP"),
    ("Orders", (), "Corp", None),
    ("Send invoice now", (), None, "CORP"),
    ("Send Invoice now", (), None, None),
    ("Bay invoice", (), None, "BAY"),  # the first rule that fits
    ("[ACME] Orders", (), None, "ACME"),  # a code in the name, where no rule fits
    ("[ACME] invoice", (), None, "CORP"),
    ("[acme] Orders", (), None, None),
    ("Orders [ACME]", (), None, None),
    ("Orders", ("client:zed",), None, "zed"),
    (None, (), None, None),
]


@pytest.mark.parametrize(("name", "tags", "project", "client"), OWNERS)
def test_whose_a_workflow_is(
    settings: Settings, name: str | None, tags: tuple[str, ...], project: str | None, client: str | None
) -> None:
    assert settings.client_of(name, tags, project) == client


def test_a_code_in_the_name_can_be_left_unread(tmp_path: Path) -> None:
    assert load(written(tmp_path, "code_in_name = false")).client_of("[ACME] Orders") is None


def test_what_a_file_holds(settings: Settings, tmp_path: Path) -> None:
    assert settings.own_hosts == ("*.modal.run", "api.acme.example")
    assert settings.n8n["main"].url == "https://n8n.acme.example"
    assert settings.clients["BAY"].time_zone == "Australia/Sydney"
    assert settings.path == tmp_path / FILE_NAME


def test_an_empty_file_and_no_file_are_the_defaults(tmp_path: Path) -> None:
    assert load(written(tmp_path, "")).model_dump() == Settings().model_dump()
    assert Settings().own_hosts == ("*.modal.run",)


def test_the_nearest_file_upwards_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    written(tmp_path, 'own_hosts = ["far"]')
    assert load(start=deep).own_hosts == ("far",)
    (tmp_path / "a" / FILE_NAME).mkdir()  # a folder of that name is no file
    assert load(start=deep).own_hosts == ("far",)
    near = written(deep, 'own_hosts = ["near"]')
    monkeypatch.chdir(deep)
    assert load().own_hosts == ("near",)
    assert load(near, start=tmp_path).own_hosts == ("near",)


SECRET = "kq83-not-to-be-seen"
WRONG = [
    (f"own_hosts = {SECRET}", "is not valid TOML: Invalid value (at line 1, column 13)"),
    (f'own_hosts = "{SECRET}"', "own_hosts: Input should be a valid"),
    (f'[n8n]\nmain = "{SECRET}"', "n8n.main: "),
    (f'[n8n.main]\nkey = "{SECRET}"', "n8n.main.url: Field required"),
    (f'[n8n.main]\nurl = "https://me:{SECRET}@n8n.example"', "n8n.main.url: Value error, leave user and password out"),
    (f'[n8n.main]\nurl = "{SECRET}"', "n8n.main.url: Value error, give an address such as"),
    (f'[clients.ACME]\nname_prefix = "{SECRET}"', "clients.ACME.name_prefix: "),
    (f'[clients]\nACME = "{SECRET}"', "clients.ACME: "),
    (b'name = "\xff' + SECRET.encode() + b'"', "is not valid TOML"),
]


@pytest.mark.parametrize(("text", "says"), WRONG)
def test_a_wrong_file_is_named_with_the_place_and_without_the_value(
    tmp_path: Path, text: str | bytes, says: str
) -> None:
    with pytest.raises(SettingsError) as wrong:
        load(written(tmp_path, text))
    assert says in str(wrong.value)
    assert str(tmp_path / FILE_NAME) in str(wrong.value)
    assert SECRET not in str(wrong.value)


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_file_that_is_asked_for_but_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="Could not read the settings file"):
        load(tmp_path / name)


def test_the_file_cannot_say_where_it_lies(tmp_path: Path) -> None:
    assert load(written(tmp_path, 'path = "elsewhere"')).path == tmp_path / FILE_NAME


def test_a_secret_that_was_put_there_is_not_kept(tmp_path: Path) -> None:
    kept = load(written(tmp_path, f'[n8n.main]\nurl = "https://n8n.example"\napi_key = "{SECRET}"'))
    assert SECRET not in kept.model_dump_json()


@pytest.mark.parametrize("settings_file", [True, False])
@pytest.mark.parametrize(
    ("written_as", "is_at"),
    [("code", "WORKSPACE/code"), ("HOME/code", "HOME/code"), ("~/code", "HOME/code"), ("~no-such-user-here/x", None)],
)
def test_where_a_clients_code_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written_as: str, is_at: str | None, settings_file: bool
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    home, workspace = str(tmp_path / "home"), str(tmp_path) if settings_file else "."
    repository = Path(written_as.replace("HOME", home))
    settings = Settings(
        path=tmp_path / FILE_NAME if settings_file else None, clients={"ACME": Client(repository=repository)}
    )
    folder = settings.repository_of("ACME")
    assert folder is not None and not folder.is_dir()
    assert is_at is None or folder == Path(is_at.replace("HOME", home).replace("WORKSPACE", workspace))
    assert settings.repository_of("BETA") is settings.repository_of(None) is None


@pytest.mark.parametrize("at", ['"17:30"', "17:30:00"])
def test_the_end_of_a_week_is_a_time_of_day(tmp_path: Path, at: str) -> None:
    (tmp_path / "incident-nb.toml").write_text(f"[review]\nat = {at}\n")
    assert load(tmp_path / "incident-nb.toml").review.at == time(17, 30)


@pytest.mark.parametrize(
    ("key", "value"),
    [("at", '"five"'), ("at", '"17:00Z"'), ("at", "17.5"), ("at", "17"), ("day", '"Fri"'), ("every", '["day"]')],
)
def test_an_end_of_a_week_that_is_none_is_refused_by_name(tmp_path: Path, key: str, value: str) -> None:
    (tmp_path / "incident-nb.toml").write_text(f"[review]\n{key} = {value}\n")
    with pytest.raises(SettingsError, match=rf"review\.{key}"):
        load(tmp_path / "incident-nb.toml")


@pytest.mark.parametrize("rate", ["$250/hr", "€99.50/h", "1,200 AUD per hour", "250 EUR/hour", "EUR 80/h", "90€/h"])
def test_what_an_hour_costs_is_an_amount_for_an_hour(tmp_path: Path, rate: str) -> None:
    assert load(written(tmp_path, f'[billing]\nrate = "{rate}"')).billing.rate == rate


@pytest.mark.parametrize(
    "rate", ["250,50 EUR/h", "1.500 EUR/h", "EUR 250,00/h", "1 h: 250 EUR", "much", "", "$250", "$-5/h"]
)
def test_an_amount_that_could_be_read_in_two_ways_is_refused(tmp_path: Path, rate: str) -> None:
    with pytest.raises(SettingsError, match=r"billing.rate: .*give an amount for an hour"):
        load(written(tmp_path, f'[billing]\nrate = "{rate}"'))


def test_clients_on_record_are_known_without_losing_what_is_set(tmp_path: Path) -> None:
    known = load(written(tmp_path, '[clients.ACME]\nname = "Acme Ltd"')).with_clients(["ACME", "ZEN"])
    assert known.other_clients("ZEN") == {"ACME", "Acme Ltd"} and known.other_clients("ACME") == {"ZEN"}

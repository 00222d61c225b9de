"""Addresses of n8n's editor are exact, quoted, and of configured servers only."""

from __future__ import annotations

import pytest

from incident_nb.n8n import links
from incident_nb.settings import Settings

URL = "https://n8n.example.com"


def settings(**urls: str) -> Settings:
    return Settings.model_validate({"n8n": {name: {"url": url} for name, url in urls.items()}})


def test_the_three_addresses() -> None:
    assert links.workflow(URL, "w1") == f"{URL}/workflow/w1"
    assert links.execution(URL, "w1", "77") == f"{URL}/workflow/w1/executions/77"
    assert links.credential(URL, "c1") == f"{URL}/home/credentials/c1"


@pytest.mark.parametrize("odd", ["a/b", "a b", "a?b#c", "../x", '"><script>', "ü", "a%2Fb", "javascript:x"])
def test_an_id_leads_nowhere_else(odd: str) -> None:
    for url in (links.workflow(URL, odd), links.execution(URL, odd, odd), links.credential(URL, odd)):
        assert url is not None
        path = url.removeprefix(f"{URL}/")
        assert set(path) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%-._~/")
        assert path.count("/") == {"workflow": 1, "home": 2}[path.split("/")[0]] + 2 * ("/executions/" in path)


@pytest.mark.parametrize("none", [None, "", ".", ".."])
def test_no_address_without_an_id(none: str | None) -> None:
    assert links.workflow(URL, none) is links.credential(URL, none) is None
    assert links.execution(URL, "w1", none) is links.execution(URL, none, "77") is links.workflow(None, "w1") is None


def test_which_server() -> None:
    two = settings(eu="https://eu.example.com/n8n/", us="http://127.0.0.1:5678")
    assert links.server_url(two, "eu") == "https://eu.example.com/n8n"
    assert links.server_url(two, "us") == "http://127.0.0.1:5678"
    for unknown in ("asia", "default", None, ""):
        assert links.server_url(two, unknown) is None
    one = settings(eu="https://eu.example.com/?a=b#c")
    assert links.server_url(one, None) == links.server_url(one, "default") == "https://eu.example.com"
    assert links.server_url(one, "us") is None
    assert links.server_url(Settings(), "default") is None


@pytest.mark.parametrize(
    "odd", ["https://n8n.example.com/a b", "https://n8n.example.com/(x)", "https://n8n.exa>mple.com"]
)
def test_no_address_that_could_break_out_of_where_it_is_shown(odd: str) -> None:
    assert links.server_url(settings(eu=odd), "eu") is None

"""A review in a real browser: hostile titles, workflows and lines do nothing, nothing is loaded, and it fits a phone."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from incident_nb.documents import friday
from incident_nb.review import count
from incident_nb.review.kept import material
from incident_nb.review.paper import write_review
from tests.browser import Beacon, Tab
from tests.builders import flow, log_of, runs
from tests.hostile import vectors
from tests.incidents import incident_of
from tests.test_review import FIXED
from tests.test_review_paper import AFTER, PERIOD, SETTINGS


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, beacon: Beacon) -> Path:
    """The folder of a review in which every vector is a title, a workflow's name, an action, and a line on a P3."""
    texts = [(vector.text.strip() or "x")[:300] for vector in vectors(beacon.url)]
    incidents = [
        incident_of(
            *FIXED, ("prevention", 95, {"text": text, "owner": text}), ("reopened", 99, {"reason": text}),
            number=number, severity="P3", title=text, subject={"workflow": text, "fingerprint": f"f{number}"},
        )
        for number, text in enumerate(texts, 1)
    ]  # fmt: skip
    log = log_of(
        *(run for number, text in enumerate(texts) for run in runs("X", flow(number, f"[BAY] {text}"), first=number))
    )
    out = tmp_path_factory.mktemp("review") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.setattr(count, "friday_line", lambda one, _: one.title)
        write_review(material(incidents, log, SETTINGS, "BAY", PERIOD, AFTER), out, whole=True)
    return out


@pytest.mark.parametrize("name", ["review.html", "client.html"])
def test_nothing_hostile_happens_and_nothing_is_loaded(tab: Tab, made: Path, beacon: Beacon, name: str) -> None:
    page = made / name
    assert page.stat().st_size < 1_500_000  # with more than two hundred incidents
    for policy in (True, False):
        tried = made / f"tried-{policy}-{name}"
        text = page.read_text(encoding="utf-8")
        tried.write_text(text if policy else text.replace("Content-Security-Policy", "X-None"), encoding="utf-8")
        tab.open(tried)
        assert tab.value("typeof window.pwned") == "undefined"
        assert [one for one in tab.requests if not one.startswith(("data:image/png", "file:"))] == []
        assert tab.dialogs == [] and beacon.asked == []
        assert tab.value("document.querySelectorAll('script, iframe, form, input, object, embed, svg').length") == 0


@pytest.mark.parametrize("name", ["review.html", "client.html"])
def test_it_fits_a_phone_whatever_things_are_called(tab: Tab, made: Path, name: str) -> None:
    tab.call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=2, mobile=True)
    tab.open(made / name)
    assert tab.value("document.documentElement.scrollWidth") == 390
    heads = "[...document.querySelectorAll('h1,h2,h3,h4')].map(e => e.tagName[1]).join('')"
    levels = [int(level) for level in tab.value(heads)]
    assert levels[0] == 1 and all(after - before <= 1 for before, after in pairwise(levels))
    assert tab.value("[...document.images].every(image => image.alt)") is True


assert friday.friday_line is count.friday_line, "whose place the lines take"

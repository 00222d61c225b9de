"""What judges are built like: none twice under two names, a mask's form and kind in one place."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from incident_nb import redact
from incident_nb.redact import SAMPLE_KEY, Redactor
from incident_nb.redact.rules import MASK, Judge, Rules, kind_of

PACKAGE = Path(redact.__file__).parent
MODULES = [
    importlib.import_module(f"incident_nb.redact.{found.name}")
    for found in pkgutil.iter_modules([str(PACKAGE)])
    if found.name != "personal"  # numbers only
]
PLACE = re.compile(r"(?P<key>\w+)(?P<gap>=)(?P<q>\"?)(?P<s>.*?)(?: by policy)?")
PLACES = [f"{key}={quote}" for key in ("password", "token", "apiKey", "orderId") for quote in ("", '"')]
# Values that tell judges apart: words, numbers, places, keys, versions, what stands in for a value.
_WORDS = """
hunter hunter2 hunter22 Hunter2 Hunter2! hunter_two hunter-two hunter/2 secret password token none true a 4 1234 12345 123456
xK29fLq8Zt4Wm1Rb xK29fLq8Zt4Wm1RbxK29fLq8 order-2024-000118 Harbor-73kite 2.10.3 v1.2 1.2.3-beta4 /usr/lib/7 /a https://h.test/7
$VAR ${VAR} {{x}} <x> *** [api_key:3f9a1c] user:pa55word user/pa55word sha256 oauth2 scram-sha-256 required change Basic MAX_SIZE
550e8400-e29b-41d4-a716-446655440000 4fzyo82mcq aGFyYm9yOnRoaXNJc1NlY3JldDQy kQzWvTrBnLpX a.b c_1 7-7 hunter(2 (hunter2 über7 7ü
пароль7 @Kq7Zw9x4 :Kq7Zw9x4
"""
VALUES = [*_WORDS.split(), "two words", "two words 7", "is too short 7", "9 Kq7 Zw9"]
TRIED = [
    found
    for place in PLACES
    for value in VALUES
    for more in ("", " by policy")
    if (found := PLACE.fullmatch(place + value + more))
]


def judges() -> Iterator[tuple[str, Judge]]:
    """The judges that a module defines, and those that its rules have without a name; what judges.py makes is left out."""
    for module in MODULES:
        for name, value in vars(module).items():
            if inspect.isfunction(value) and value.__module__ == module.__name__ and _takes_a_match(value):
                yield f"{module.__name__}.{name}", value
            for rule in value.rules if isinstance(value, Rules) else ():
                if inspect.isfunction(rule.kind) and rule.kind.__qualname__ == "<lambda>":
                    yield f"{module.__name__}: {rule.pattern.pattern[:40]}", rule.kind
    made = importlib.import_module("incident_nb.redact.judges")
    yield from (
        (f"{make.__name__} of a kind", make("password")) for make in (made.telling, made.drawn, made.unless_stand_in)
    )


def _takes_a_match(function: object) -> bool:
    return list(inspect.signature(function).parameters) == ["match"]  # type: ignore[arg-type]


def test_no_judge_stands_twice_under_two_names() -> None:
    seen: defaultdict[str, set[str]] = defaultdict(set)
    by_place: dict[int, str] = {}
    for name, judge in judges():
        if id(judge) in by_place:
            continue  # imported there
        by_place[id(judge)] = name
        try:
            found = [judge(found) is not None for found in TRIED]
        except IndexError:
            continue  # it looks at more than that
        seen["".join("01"[one] for one in found)].add(name)
    twice = [sorted(names) for names in seen.values() if len(names) > 1]
    assert not twice, twice
    assert len(seen) > 10


def test_a_masks_form_and_kind_are_told_in_one_place() -> None:
    assert kind_of(Redactor(SAMPLE_KEY).mask("api_key", "x")) == "api_key"
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert path.name == "rules.py" or ("[0-9a-f]{6}" not in source and '[1:].partition(":")' not in source), path
    assert MASK.pattern.count("[0-9a-f]{6}") == 1


def test_docstrings_name_what_is_there() -> None:
    named = {module.__name__.rpartition(".")[2]: module for module in MODULES}
    texts = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    missing = [
        f"{module}.{name}"
        for text in texts
        for module, name in re.findall(r"`(\w+)\.(\w+)`", text)
        if module in named and not hasattr(named[module], name)
    ]
    assert missing == []


def test_the_unseen_sets_are_all_named_in_their_scripts_usage() -> None:
    script = PACKAGE.parents[1] / "benchmarks" / "unseen.py"
    usage = re.search(r"--set ([\w|]+)\]", script.read_text(encoding="utf-8"))
    held = sorted(path.name.partition(".")[0] for path in (script.parent / "unseen").iterdir())
    assert usage and sorted(usage[1].split("|")) == held

"""When a Schedule Trigger fires, by n8n's own reading of its parameters (1.123 and 2.40).

n8n makes a cron expression of each rule and lets a rule of every n-th day, week or month fire only at each n-th (`Schedule/
GenericFunctions.js` of n8n-nodes-base). Parameters that stand at their defaults are not in the workflow's JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from heapq import merge
from itertools import count, islice
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

Json = dict[str, Any]

KIND = "n8n-nodes-base.scheduleTrigger"
FURTHEST = 400  # times of a rule that are tried
UNITS = {"seconds": 30, "minutes": 5, "hours": 1, "days": 1, "weeks": 1, "months": 1}  # n8n's own, where nothing is set
_DEFAULTS = {
    "field": "days", **{f"{unit}Interval": every for unit, every in UNITS.items()}, "triggerAtDayOfMonth": 1,
    "triggerAtDay": [0], "triggerAtHour": 0, "triggerAtMinute": 0,
}  # fmt: skip


class Rule(NamedTuple):
    """A rule of a Schedule Trigger: cron with seconds first, in words, and how many of which unit lie between two times.

    `local`: whether the time zone matters to it.
    """

    cron: str
    words: str
    every: int = 1
    unit: str = ""
    local: bool = False


def rules_of(nodes: Iterable[Mapping[str, Any]]) -> list[Rule] | None:
    """The rules by which nodes start their workflow; none where no Schedule Trigger does, None where one can't be read.

    Each node: `type`, `parameters`, `disabled`, as in n8n's JSON.
    """
    found = []
    for node in nodes:
        if node.get("type") != KIND or node.get("disabled"):
            continue
        parameters = node.get("parameters")
        rule = parameters.get("rule") if isinstance(parameters, dict) else None
        given = rule.get("interval") if isinstance(rule, dict) else None
        for one in given if isinstance(given, list) and given else [{}]:
            read = _rule({**_DEFAULTS, **one}) if isinstance(one, dict) else None
            if read is None:
                return None
            found.append(read)
    return found


def times(rules: list[Rule], zone: ZoneInfo | None, now: datetime, last: datetime | None) -> Iterator[datetime]:
    """The instants (UTC) after `now` at which these rules fire; `last` is the newest run, from which every n-th is counted."""
    yield from merge(*(_times(rule, zone or UTC, now, last) for rule in rules))


def _times(rule: Rule, zone: tzinfo, now: datetime, last: datetime | None) -> Iterator[datetime]:
    from croniter import croniter

    if rule.unit in ("minutes", "hours") and rule.every > 1:  # each so long after the last one
        step = timedelta(**{rule.unit: rule.every})
        first = max(last or now, now - step)
        yield from (first + step * n for n in islice(count(1), FURTHEST) if first + step * n > now)
        return
    begin = None if last is None else last.astimezone(zone)
    fires = croniter(rule.cron, now.astimezone(zone), second_at_beginning=len(rule.cron.split()) == 6)
    for at in islice((fires.get_next(datetime) for _ in count()), FURTHEST):
        begin = begin or at
        if rule.every == 1 or _apart(begin, at, rule.unit) % rule.every == 0:
            yield at.astimezone(UTC)


def _apart(first: datetime, then: datetime, unit: str) -> int:
    """How many days, weeks (from Sunday, as n8n counts) or months lie between two local times."""
    if unit == "months":
        return (then.year - first.year) * 12 + then.month - first.month
    if unit == "weeks":
        sundays = [day.date() - timedelta(days=day.isoweekday() % 7) for day in (first, then)]
        return (sundays[1] - sundays[0]).days // 7
    return (then.date() - first.date()).days


def _rule(one: Json) -> Rule | None:
    """A rule; None where it holds an expression, or what n8n would not take."""
    from croniter import croniter

    field = one["field"]
    if field == "cronExpression":
        cron = str(one.get("expression") or "").strip()
        try:
            known = croniter.is_valid(cron, second_at_beginning=len(cron.split()) == 6)
        except ValueError:
            known = False
        hour_on = cron.split()[-4:]  # hour, day, month, weekday
        return Rule(cron, f"by the rule “{cron}”", local=any(part != "*" for part in hour_on)) if known else None
    every = one.get(f"{field}Interval")
    minute, hour, day = (one[name] for name in ("triggerAtMinute", "triggerAtHour", "triggerAtDayOfMonth"))
    week = one["triggerAtDay"]
    numbers = (every, minute, hour, day, *(week if isinstance(week, list) else [None]))
    if not all(type(number) is int and 0 <= number < 60 for number in numbers) or not every:
        return None
    clock, days = f"{hour:02}:{minute:02}", ",".join(map(str, week)) or "*"
    lasting = {
        "seconds": (f"*/{every} * * * * *", ""), "minutes": (f"0 */{every} * * * *", ""),
        "hours": (f"0 {minute} * * * *", ""), "days": (f"0 {minute} {hour} * * *", f" at {clock}"),
        "weeks": (f"0 {minute} {hour} * * {days}", f" at {clock}"),
        "months": (f"0 {minute} {hour} {day} * *", f" on day {day} at {clock}"),
    }  # fmt: skip
    if field not in lasting:
        return None
    cron, of_day = lasting[field]
    plain = field == "seconds" or (field == "minutes" and 60 % every == 0)
    words = f"every {field[:-1]}{of_day}" if every == 1 else f"every {every} {field}{of_day}"
    return Rule(cron, words, 1 if plain else every, field, local=field in ("days", "weeks", "months"))

"""When the workflows of a made-up fleet begin: schedules by the local clock, webhooks by day, night and weekend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

ALL_DAYS = (0, 1, 2, 3, 4, 5, 6)
WORKDAYS = (0, 1, 2, 3, 4)
DAY, HOUR = 86_400.0, 3_600.0


@dataclass(frozen=True)
class Rhythm:
    """How a workflow begins: `every` (by the minute), `daily` (at local hours of some days), `office` (a poll in local
    office hours), `hook` (arrivals by chance, `per_day` on a workday), `called` (by a parent). `night`, `weekend`: a
    webhook's traffic then as a share of a workday's."""

    kind: str
    zone: str = "UTC"
    minutes: int = 0
    hours: tuple[int, ...] = ()
    minute: int = 0
    days: tuple[int, ...] = ALL_DAYS
    per_day: float = 0.0
    night: float = 0.1
    weekend: float = 0.3

    @property
    def gap(self) -> float:
        """Seconds between two runs while it is active."""
        if self.kind in ("every", "office"):
            return self.minutes * 60.0
        if self.kind == "daily":
            return DAY / len(self.hours) * (7 / len(self.days) if len(self.days) < 5 else 1)
        return DAY / max(self.per_day, 0.1)

    def times(self, start: float, end: float, rng: np.random.Generator) -> np.ndarray:
        """The instants at which runs begin, in seconds since 1970, in order."""
        if self.kind == "called":
            return np.array([])
        at = self._drawn(start, end, rng) if self.kind == "hook" else self._scheduled(start, end, rng)
        return np.sort(at[(at >= start) & (at < end)])

    def _scheduled(self, start: float, end: float, rng: np.random.Generator) -> np.ndarray:
        if self.kind == "daily":
            first = pd.Timestamp(start, unit="s").normalize() - pd.Timedelta(days=1)
            days = pd.date_range(first, periods=int((end - start) / DAY) + 4, freq="D")
            days = days[days.day_of_week.isin(self.days)]
            local = [days + pd.Timedelta(hours=hour, minutes=self.minute) for hour in self.hours]
            at = np.concatenate([_utc(part, self.zone) for part in local])
        else:
            step = self.minutes * 60.0
            at = np.arange(np.floor(start / step) * step + self.minute * 60.0 % step, end, step)
            if self.kind == "office":
                hours, days = local_clock(at, self.zone)
                at = at[(hours >= self.hours[0]) & (hours < self.hours[1]) & np.isin(days, self.days)]
        return at + rng.uniform(0, 1.5, len(at)) + rng.integers(0, 20)

    def _drawn(self, start: float, end: float, rng: np.random.Generator) -> np.ndarray:
        """Poisson arrivals: drawn at the busiest hour's rate, then thinned by the profile of day and week."""
        mean = np.mean([_by_hour(hour, self.night) for hour in range(24)])
        peak = self.per_day / DAY / mean
        at = rng.uniform(start, end, rng.poisson(peak * (end - start)))
        hours, days = local_clock(at, self.zone)
        kept = _by_hour(hours, self.night) * np.where(days >= 5, self.weekend, 1.0)
        return at[rng.random(len(at)) < kept]

    @property
    def trigger(self) -> tuple[str, dict[str, Any]]:
        """n8n's node type and parameters of the trigger."""
        if self.kind == "hook":
            return "n8n-nodes-base.webhook", {"httpMethod": "POST", "path": "in", "responseMode": "onReceived"}
        if self.kind == "called":
            return "n8n-nodes-base.executeWorkflowTrigger", {"inputSource": "passthrough"}
        return "n8n-nodes-base.scheduleTrigger", {"rule": {"interval": self._rule()}}

    def _rule(self) -> list[dict[str, Any]]:
        if self.kind == "every" and self.minutes < 60:
            return [{"field": "minutes", "minutesInterval": self.minutes}]
        if self.kind == "every":
            return [{"field": "hours", "hoursInterval": self.minutes // 60, "triggerAtMinute": self.minute}]
        if self.kind == "office":
            days = f"{self.days[0] + 1}-{self.days[-1] + 1}"
            return [{"field": "cronExpression", "expression":
                     f"*/{self.minutes} {self.hours[0]}-{self.hours[1] - 1} * * {days}"}]  # fmt: skip
        if self.days == ALL_DAYS:
            return [{"field": "days", "triggerAtHour": hour, "triggerAtMinute": self.minute} for hour in self.hours]
        if len(self.days) == 1:  # n8n counts the week's days from Sunday
            return [{"field": "weeks", "triggerAtDay": [(self.days[0] + 1) % 7], "triggerAtHour": self.hours[0],
                     "triggerAtMinute": self.minute}]  # fmt: skip
        days, hours = (",".join(map(str, part)) for part in ([(day + 1) % 7 for day in self.days], self.hours))
        return [{"field": "cronExpression", "expression": f"{self.minute} {hours} * * {days}"}]


def local_clock(at: np.ndarray, zone: str) -> tuple[np.ndarray, np.ndarray]:
    """Hour of the day and weekday (Monday is 0) by the clock of `zone`."""
    local = pd.to_datetime(at * 1e6, unit="us", utc=True).tz_convert(zone)
    return local.hour.to_numpy(), local.day_of_week.to_numpy()


def _utc(local: pd.DatetimeIndex, zone: str) -> np.ndarray:
    aware = local.tz_localize(zone, ambiguous=np.ones(len(local), dtype=bool), nonexistent="shift_forward")
    return aware.tz_convert("UTC").as_unit("us").asi8 / 1e6


def _by_hour(hour: Any, night: float) -> Any:
    """A day's profile: low at night, rising from 6, highest at about 13, falling until 22."""
    bell = np.clip(np.sin((np.asarray(hour) - 5) / 17 * np.pi), 0, 1)
    return night + (1 - night) * bell

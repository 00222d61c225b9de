"""The charts of a report: each with the data that it plots, and with what it shows in words."""

from incident_nb.plots.bars import cause_bars, group_bars
from incident_nb.plots.course import KINDS, course
from incident_nb.plots.heatmap import heat_map
from incident_nb.plots.house import Chart
from incident_nb.plots.onsets import onset_chart
from incident_nb.plots.rates import rate_chart
from incident_nb.plots.strip import OUTCOMES, execution_strip

__all__ = [
    "KINDS",
    "OUTCOMES",
    "Chart",
    "cause_bars",
    "course",
    "execution_strip",
    "group_bars",
    "heat_map",
    "onset_chart",
    "rate_chart",
]

"""Jobs: from an alert to a report and a message, with nobody at hand, each at least once and none twice on record.

Jobs(records, settings).want    an investigation becomes owed, in the commit of what makes it so
work(...)                       a worker: does what is owed (`incident_nb.jobs.worker`)
"""

from __future__ import annotations

from incident_nb.jobs.job import Jobs

__all__ = ["Jobs"]

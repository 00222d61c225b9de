"""Which part of a fleet is looked at: client, workflow, cause and window, chosen above the views that follow."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from incident_nb.diagnose.chosen import Choice
from incident_nb.ui.blocks import Sheet
from incident_nb.ui.fleet_glance import scope
from incident_nb.ui.panel import Panel
from incident_nb.views import CAUSE_NAMES

if TYPE_CHECKING:
    from incident_nb.ui.fleet import Fleet

SPANS = (("the last 24 hours", 1), ("the last 7 days", 7), ("the last 30 days", 30))
WIDTH = "17rem"
ALL = ""


class Filters(Panel):
    """Four lists, and a button to see all again."""

    follow: Fleet

    def sheet(self) -> Sheet:
        """What is looked at."""
        found = self.follow.found.totals
        return Sheet().text(
            f"{scope(self.follow)}: {found['executions']:,} executions, {found['failed']:,} of them failed, "
            f"{found['groups']:,} problems."
        )

    def clients(self) -> list[tuple[str, str]]:
        """The clients that are in the source; none where the case is one client's."""
        if self.follow.case.client is not None:
            return [(self.follow.case.client, ALL)]
        known = self.follow.whole.log.executions["client"].dropna().unique()
        return [("all clients", ALL), *((name, name) for name in sorted(map(str, known)))]

    def workflows(self) -> list[tuple[str, tuple[str, str] | str]]:
        """The workflows of the chosen client, by name."""
        runs = self.follow.whole.log.executions
        if self.follow.choice.client is not None:
            runs = runs[runs["client"] == self.follow.choice.client]
        known = runs[["instance", "workflow_id", "workflow"]].dropna(subset=["workflow_id"]).astype("object")
        rows = known.drop_duplicates(["instance", "workflow_id"], keep="last")
        named = [
            (str(name if isinstance(name, str) else of), (str(instance), str(of)))
            for instance, of, name in rows.itertuples(index=False, name=None)
        ]
        names = [name for name, _ in named]
        told = [(f"{name} ({key[0]} {key[1]})" if names.count(name) > 1 else name, key) for name, key in sorted(named)]
        return [("all workflows", ALL), *told]

    def causes(self) -> list[tuple[str, str]]:
        """The causes that occur."""
        there = set(self.follow.whole.groups["cause"].dropna().astype("str"))
        return [("all causes", ALL), *((words, str(cause)) for cause, words in CAUSE_NAMES.items() if cause in there)]

    def windows(self) -> list[tuple[str, int | str]]:
        """The windows that are shorter than what was read."""
        seen = self.follow.whole.window
        read = seen.to - seen.from_ if seen.to and seen.from_ else timedelta()
        return [("all that was read", ALL), *((words, days) for words, days in SPANS if timedelta(days=days) < read)]

    def controls(self) -> list[Any]:
        """The lists, and the button."""
        from incident_nb.ui import controls as c

        lists = {
            "client": c.choice("Client", self.clients(), width=WIDTH),
            "workflow": c.choice("Workflow", self.workflows(), width="26rem"),
            "cause": c.choice("Cause", self.causes(), width=WIDTH),
            "since": c.choice("Window", self.windows(), width=WIDTH),
        }
        self._lists = lists
        for name, made in lists.items():
            made.observe(lambda change, name=name: self._chosen(name, change["new"]), names="value")
        return [c.row(*lists.values()), c.button("Show all", self._all)]

    def _chosen(self, name: str, value: Any) -> None:
        if self._quiet:
            return
        value = None if value == ALL else value
        if name == "since" and value is not None:
            end = self.follow.whole.window.to
            value = end - timedelta(days=value) if end else None
        changes = {name: value}
        if name == "client":  # a workflow of another client would leave nothing
            changes["workflow"] = None
        self.do(lambda: self.follow.choose(**changes))
        if name == "client":
            self._set("workflow", self.workflows())

    _quiet = False

    def _set(self, name: str, options: list[Any]) -> None:
        """Gives a list its options, without taking that for a choice."""
        self._quiet = True
        try:
            self._lists[name].options = options
            self._lists[name].index = 0
        finally:
            self._quiet = False

    def _all(self) -> None:
        for name, made in self._lists.items():
            self._set(name, list(made.options))
        self.do(lambda: self.follow.choose(**vars(Choice())))
        self._set("workflow", self.workflows())

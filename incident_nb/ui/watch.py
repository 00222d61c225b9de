"""What panels watch: a record that others change, too. One look a second, while the kernel has nothing else to do."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

from incident_nb.desk import Desk
from incident_nb.errors import IncidentNbError

if TYPE_CHECKING:
    from incident_nb.ui.panel import Panel

EVERY_S = 1.0


class Watched:
    """Something on record that panels show. `attended`: somebody looks, so that there are buttons and news are shown."""

    attended = True
    desk: Desk | None = None

    def __init__(self) -> None:
        self.panels: list[Panel] = []
        self.seen: Any = None
        self._minute = 0
        self._task: asyncio.Task[None] | None = None

    def version(self) -> Any:
        """What changes when somebody writes; asked every second."""
        raise NotImplementedError

    def read(self) -> None:
        """Reads the record as it is now."""
        raise NotImplementedError

    @property
    def now(self) -> datetime:
        """The instant that clocks are seen from."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Reads the record again, and shows it in every panel."""
        self.seen = self.version()
        self.read()
        for panel in list(self.panels):
            panel.refresh()

    def watch(self) -> None:
        """From now on shows what others write, and how the clocks run; nothing where no loop runs between cells."""
        if self._task is not None:
            return
        try:
            self._task = asyncio.get_running_loop().create_task(self._watching())
        except RuntimeError:
            return

    async def _watching(self) -> None:
        lost = False
        while True:
            await asyncio.sleep(EVERY_S)
            minute = int(self.now.timestamp() // 60)
            try:
                if lost or minute != self._minute or self.version() != self.seen:
                    self.refresh()
                self._minute, lost = minute, False
            except IncidentNbError as error:
                lost = True
                for panel in self.panels:
                    panel.say(str(error), bad=True)

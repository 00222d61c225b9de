"""What people do with incidents: take one in, carry it through its steps, see how it stands. Notebook and command line
both work here, so that the same rules guard both.
"""

from __future__ import annotations

from incident_nb.desk.desk import Desk, on_record
from incident_nb.desk.standing import Standing, standing, urgency

__all__ = ["Desk", "Standing", "on_record", "standing", "urgency"]

"""What only somebody who looks needs: widgets and displays of JupyterLab that are inert in an unattended run.

watching(case)            -> what `run_checks` takes to show the checklist filling in
follow(case, diagnosis)   -> Follow    the incident on record, and the panels to carry it through its six steps
fleet(case, survey)       -> Fleet     all that fails, and the panel to choose what of it is looked at
board()                   -> Board     all open incidents by urgency, and a form to take in a new one
"""

from incident_nb.ui.board import board
from incident_nb.ui.checklist import watching
from incident_nb.ui.fleet import Fleet as fleet
from incident_nb.ui.follow import Follow as follow

__all__ = ["board", "fleet", "follow", "watching"]

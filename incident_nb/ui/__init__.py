"""What only somebody who looks needs: widgets and displays of JupyterLab that are inert in an unattended run.

watching(case)      -> what `run_checks` takes to show the checklist filling in
"""

from incident_nb.ui.checklist import watching

__all__ = ["watching"]

"""`python -m incident_nb`: the same as the command `incident-nb`."""

from incident_nb.cli import main

main()

"""What fails, since when and how often, from the two frames of an ExecutionLog. Pure functions (docs/patterns.md)."""

from incident_nb.patterns.fingerprint import fingerprint_of, fingerprints, mask
from incident_nb.patterns.groups import GROUP_COLUMNS, NEWEST_IDS, groups, problems, runs_by_workflow, sequences, window
from incident_nb.patterns.onset import Onset, onset, stretch_end
from incident_nb.patterns.shape import pattern_of

__all__ = [
    "GROUP_COLUMNS",
    "NEWEST_IDS",
    "Onset",
    "fingerprint_of",
    "fingerprints",
    "groups",
    "mask",
    "onset",
    "pattern_of",
    "problems",
    "runs_by_workflow",
    "sequences",
    "stretch_end",
    "window",
]

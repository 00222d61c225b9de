"""What fails, since when and how often, from the two frames of an ExecutionLog. Pure functions (docs/patterns.md)."""

from incident_nb.patterns.decided import Decisions
from incident_nb.patterns.decided_kept import decisions_of
from incident_nb.patterns.fingerprint import fingerprint_of, fingerprints, mask
from incident_nb.patterns.groups import GROUP_COLUMNS, NEWEST_IDS, groups, problems, runs_by_workflow, sequences, window
from incident_nb.patterns.onset import Onset, onset, stretch_end
from incident_nb.patterns.shape import pattern_of
from incident_nb.patterns.shared import shared
from incident_nb.patterns.shared_told import seen_by

__all__ = [
    "GROUP_COLUMNS",
    "NEWEST_IDS",
    "Decisions",
    "Onset",
    "decisions_of",
    "fingerprint_of",
    "fingerprints",
    "groups",
    "mask",
    "onset",
    "pattern_of",
    "problems",
    "runs_by_workflow",
    "seen_by",
    "sequences",
    "shared",
    "stretch_end",
    "window",
]

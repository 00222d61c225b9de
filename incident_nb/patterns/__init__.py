"""What fails, since when and how often, from the two frames of an ExecutionLog. Pure functions (docs/patterns.md)."""

from incident_nb.patterns.decided import Decisions
from incident_nb.patterns.decided_kept import decisions_of
from incident_nb.patterns.fingerprint import fingerprint_of, fingerprints, mask
from incident_nb.patterns.groups import GROUP_COLUMNS, NEWEST_IDS, groups, problems
from incident_nb.patterns.onset import Onset, onset, stretch_end
from incident_nb.patterns.rates import News, new_since, rates
from incident_nb.patterns.sequences import Sequence, Sequences, sequences
from incident_nb.patterns.shape import Shape, pattern_of
from incident_nb.patterns.shared import shared
from incident_nb.patterns.shared_told import seen_by
from incident_nb.patterns.window import window, window_words

__all__ = [
    "GROUP_COLUMNS",
    "NEWEST_IDS",
    "Decisions",
    "News",
    "Onset",
    "Sequence",
    "Sequences",
    "Shape",
    "decisions_of",
    "fingerprint_of",
    "fingerprints",
    "groups",
    "mask",
    "new_since",
    "onset",
    "pattern_of",
    "problems",
    "rates",
    "seen_by",
    "sequences",
    "shared",
    "stretch_end",
    "window",
    "window_words",
]

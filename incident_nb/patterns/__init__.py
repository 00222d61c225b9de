"""What fails, since when and how often, from the two frames of an ExecutionLog. Pure functions (docs/patterns.md)."""

from incident_nb.patterns.fingerprint import fingerprint_of, fingerprints, mask
from incident_nb.patterns.groups import GROUP_COLUMNS, NEWEST_IDS, groups, problems
from incident_nb.patterns.onset import Onset, onset, stretch_end
from incident_nb.patterns.rates import News, new_since, rates
from incident_nb.patterns.sequences import Sequence, Sequences, sequences
from incident_nb.patterns.shape import Shape, pattern_of
from incident_nb.patterns.window import window, window_words

__all__ = [
    "GROUP_COLUMNS",
    "NEWEST_IDS",
    "News",
    "Onset",
    "Sequence",
    "Sequences",
    "Shape",
    "fingerprint_of",
    "fingerprints",
    "groups",
    "mask",
    "new_since",
    "onset",
    "pattern_of",
    "problems",
    "rates",
    "sequences",
    "stretch_end",
    "window",
    "window_words",
]

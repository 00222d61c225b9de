"""What fails, since when and how often, from the two frames of an ExecutionLog. Pure functions; see docs/patterns.md."""

from .fingerprint import fingerprints, mask
from .groups import GROUP_COLUMNS, groups, problems, run_sequence, window
from .onset import Onset, onset
from .shape import pattern_of

__all__ = [
    "GROUP_COLUMNS",
    "Onset",
    "fingerprints",
    "groups",
    "mask",
    "onset",
    "pattern_of",
    "problems",
    "run_sequence",
    "window",
]

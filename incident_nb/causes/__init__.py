"""From an error record to its cause: rules in `signatures/*.toml`, one small engine that reads them.

    classify(record)        -> Verdict
    classify_many(records)  -> list of Verdict, in order; equal records are judged once
    signatures()            -> every rule, as loaded
    unwrap(record)          -> what the rules look at: the record without its wrapping

To teach it a vendor, add a row to a file in `signatures/` or a new file beside them; nothing else changes.
"""

from __future__ import annotations

from incident_nb.causes.engine import OWN_HOSTS, classify, classify_many
from incident_nb.causes.rules import Signature, signatures
from incident_nb.causes.unwrap import Evidence, unwrap

__all__ = ["OWN_HOSTS", "Evidence", "Signature", "classify", "classify_many", "signatures", "unwrap"]

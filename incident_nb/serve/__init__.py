"""Alerts in over HTTP: who may send, what is answered, and that nothing is acknowledged before it is stored.

app_of(settings, records, access)   the server, for uvicorn
Access.from_environment()           tokens and signing secrets
rehearse(settings)                  makes ahead what the first alert would have to wait for
"""

from __future__ import annotations

from incident_nb.serve.access import Access
from incident_nb.serve.app import app_of
from incident_nb.serve.beside import Beside
from incident_nb.serve.rehearsal import rehearse

__all__ = ["Access", "Beside", "app_of", "rehearse"]

"""Alerts in over HTTP: who may send, what is answered, and that nothing is acknowledged before it is stored.

app_of(settings, access, now)   the server, for uvicorn
Access.from_environment()       tokens and signing secrets
"""

from __future__ import annotations

from incident_nb.serve.access import Access
from incident_nb.serve.app import app_of
from incident_nb.serve.beside import Beside

__all__ = ["Access", "Beside", "app_of"]

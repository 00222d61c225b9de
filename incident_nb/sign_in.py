"""What of this process's environment live checks sign in with, and how a notebook is told which settings are ours."""

from __future__ import annotations

import os

from incident_nb.n8n import variable
from incident_nb.settings import Settings

MODAL = (
    "MODAL_TOKEN_ID",
    "MODAL_TOKEN_SECRET",
    "MODAL_PROFILE",
    "MODAL_ENVIRONMENT",
    "MODAL_CONFIG_PATH",
)  # what Modal's command line reads

SETTINGS = "INCIDENT_NB_SETTINGS"  # tells a notebook that we run which settings file is ours


def credentials(settings: Settings) -> dict[str, str]:
    """The servers' keys and Modal's tokens as they are in the environment, nothing else of it."""
    names = {variable(name) for name in settings.n8n}
    names |= {f"{name}_FILE" for name in names} | set(MODAL)
    given = {name: os.environ[name] for name in sorted(names) if os.environ.get(name)}
    return {**given, SETTINGS: str(settings.path)} if settings.path else given

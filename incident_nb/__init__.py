"""incident_nb: from an n8n failure to a closed incident."""

__version__ = "0.1.0"

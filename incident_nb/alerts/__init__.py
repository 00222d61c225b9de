"""Alerts in whatever shape they arrive, read into small frozen models."""

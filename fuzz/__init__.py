"""Exports of n8n, damaged on purpose by the thousand: what reads and analyses them must neither crash, hang nor grow."""

"""Tests against real n8n, installed from the npm registry and started on loopback: `make test-n8n`."""

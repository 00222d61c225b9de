"""Slack out: what is to be told, written with what it speaks of (`store`), and told from there."""

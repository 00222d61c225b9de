"""Slack out: what is to be told, written with what it speaks of (`store`), made a message (`message`, `links`), and told from
there (`send`) to the `webhook` or a `file`.
"""

"""What may be done about an incident on the servers themselves, and what has to be known before."""

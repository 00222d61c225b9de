"""What is done to n8n for an incident: planned first, done only when a person says so, on record before and after."""

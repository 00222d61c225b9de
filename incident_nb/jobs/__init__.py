"""Jobs: from an alert to a report and a message, with nobody at hand, each at least once and none twice on record."""

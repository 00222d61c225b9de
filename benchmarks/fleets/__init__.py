"""Made-up fleets of an agency with faults put into them, whose truth is known, and what marks an analysis by it."""

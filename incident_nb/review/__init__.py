"""A client's incidents over a period, as tables: pure functions of the record, the log and the period."""

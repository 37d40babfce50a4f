"""Windows of current rows: the last N, or those of the last seconds by event time."""

"""Who counts a batch: sources of rows in, tallies out."""

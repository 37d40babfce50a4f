"""Rows as a whole: how their columns hang together, and whether that is as it was in the reference."""

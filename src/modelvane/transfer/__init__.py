"""Moving what a log holds: labels in from files, and whole datasets out, in, and from store to store."""

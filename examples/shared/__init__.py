"""What the examples have in common: where data comes from, and what is said when it is invented."""

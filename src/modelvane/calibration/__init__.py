"""The two lines of a finding, learned from the reference: sampling noise, and this stream's habit."""

"""The parts of a report as plain data, each with what makes it from a judged batch."""

"""The stack: what compose.yaml raises in containers and `python -m stack.local` without."""

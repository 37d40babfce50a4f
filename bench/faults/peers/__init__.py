"""Other watchers, each in an interpreter of its own: scripts that see the same rows, and know nothing of modelvane."""

"""``python -m modelvane`` is the command ``modelvane``."""

from __future__ import annotations

from modelvane.cli import app

app(prog_name="modelvane")

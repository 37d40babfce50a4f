"""From events to values of a table, as every store of tables needs it."""

from __future__ import annotations

import json

from modelvane.events import Event


def written(event: Event) -> tuple[str | None, float, str, str, str]:
    """Give dataset, moment, kind, sentence and details; what no store can write as UTF-8 is escaped."""
    what = event.what.encode("utf-8", "backslashreplace").decode()
    return event.dataset, event.at, str(event.kind), what, json.dumps(dict(event.details))

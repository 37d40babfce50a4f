"""Dashboards as files that Grafana provisions itself from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from modelvane.config import Config
from modelvane.dashboards import choices, dashboards_of
from modelvane.dashboards.extra import require_grafana
from modelvane.generated import text_of, write_generated


class Written(NamedTuple):
    """Files that were written, and files of dashboards that the config no longer asks for and that were removed."""

    written: tuple[Path, ...]
    removed: tuple[Path, ...]


def write(config: Config, folder: Path) -> Written:
    """Write one file per dashboard, named after its uid, and remove those that the config no longer asks for.

    Raises
    ------
    MissingExtraError
        When the extra ``grafana`` is not installed.
    ConfigError
        When the folder or a file cannot be written, or a file there is no dashboard of ours: nothing is written then.
    """
    require_grafana()
    from modelvane.dashboards import grafana  # noqa: PLC0415 - the extra may be missing

    texts = {f"{dashboard.uid}.json": grafana.text_of(dashboard) for dashboard in dashboards_of(config)}
    written = write_generated(folder, texts, _is_own)
    others = (folder / f"{uid}.json" for uid in choices.UIDS if f"{uid}.json" not in texts)
    removed = tuple(file for file in others if file.is_file() and _is_own(file.name, text_of(file)))
    for file in removed:
        file.unlink()
    return Written(written, removed)


def _is_own(name: str, text: str) -> bool:
    try:
        found = json.loads(text)
        return f"{found['uid']}.json" == name and choices.TAG in found["tags"]
    except (ValueError, TypeError, KeyError):
        return False

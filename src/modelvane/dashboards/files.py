"""Dashboards as files that Grafana provisions itself from."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from modelvane.config import Config
from modelvane.dashboards import choices, dashboards_of
from modelvane.dashboards.extra import require_grafana


class Written(NamedTuple):
    """Files that were written, and files of dashboards that the config no longer asks for and that were removed."""

    written: tuple[Path, ...]
    removed: tuple[Path, ...]


def write(config: Config, folder: Path) -> Written:
    """Write one file per dashboard, named after its uid, and remove those that the config no longer asks for.

    Raises
    ------
    MissingGrafanaError
        When the extra ``grafana`` is not installed.
    """
    require_grafana()
    from modelvane.dashboards import grafana  # noqa: PLC0415 - the extra may be missing

    texts = {dashboard.uid: grafana.text_of(dashboard) for dashboard in dashboards_of(config)}
    folder.mkdir(parents=True, exist_ok=True)
    files = {uid: folder / f"{uid}.json" for uid in choices.UIDS}
    for uid, text in texts.items():
        files[uid].write_text(text, encoding="utf-8")
    left = tuple(file for uid, file in files.items() if uid not in texts and file.exists())
    for file in left:
        file.unlink()
    return Written(tuple(files[uid] for uid in texts), left)

"""Where the shop's purchases come from."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from examples.reco.download import FILE_NAME, download
from examples.reco.synthetic import write_shop
from examples.shared.download import UnreachableError
from examples.shared.sources import cache_folder, synthetic_notice
from modelvane.errors import ConfigError

Download = Callable[[Path, Console], Path]


class Found(NamedTuple):
    """A file of invoice lines, real or synthetic."""

    path: Path
    synthetic: bool


def find_purchases(
    console: Console,
    *,
    synthetic_folder: Path,
    environ: Mapping[str, str] = os.environ,
    fetch: Download = download,
    force_synthetic: bool = False,
) -> Found:
    """Find the purchases, the nearest source first.

    ``MODELVANE_DATA`` (a folder with ``retail/online_retail.parquet``), then the cache
    (``$XDG_CACHE_HOME/modelvane``, by default ``~/.cache/modelvane``), then the UCI repository. When that cannot
    be reached, a shop is generated.

    Parameters
    ----------
    console
        Gets progress and, loudly, the notice that the shop is synthetic.
    synthetic_folder
        Where a generated shop goes; apart from the cache, so that nobody takes it for the real one.
    environ
        The environment variables.
    fetch
        Downloads the purchases into a folder.
    force_synthetic
        Generate even if real purchases are at hand.

    Raises
    ------
    ConfigError
        The folder named by ``MODELVANE_DATA`` lacks them.
    DownloadError
        The repository answered with something else than a shop's invoices.
    """
    reason = "it was asked for"
    if not force_synthetic:
        try:
            return Found(_real(console, environ, fetch), synthetic=False)
        except UnreachableError as error:
            reason = str(error)
    console.print(
        synthetic_notice(
            "purchases", reason, maker="examples/reco/synthetic.py", silent_about="any shop or its customers"
        )
    )
    return Found(write_shop(synthetic_folder), synthetic=True)


def _real(console: Console, environ: Mapping[str, str], fetch: Download) -> Path:
    if given := environ.get("MODELVANE_DATA"):
        path = Path(given) / "retail" / FILE_NAME
        if path.is_file():
            return path
        raise ConfigError(
            "The folder that MODELVANE_DATA names has no purchases",
            received=str(path),
            available=sorted(other.name for other in path.parent.glob("*")),
            remedy="Put the file there, or unset MODELVANE_DATA to have it downloaded",
        )
    cached = cache_folder("retail", environ) / FILE_NAME
    if cached.is_file():
        return cached
    console.print("Downloading Online Retail from the UCI repository")
    return fetch(cached.parent, console)

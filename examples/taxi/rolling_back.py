"""Lets the version before answer again, and tells the monitor to compare with its reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelvane.errors import ModelvaneError

if TYPE_CHECKING:
    from pathlib import Path

    from modelvane.config import Config

_PATIENCE = 60.0


class MonitorError(ModelvaneError):
    """The monitor did not take the reference; the model was rolled back all the same."""


def roll_back(models: Path, config: Config, dataset: str, monitor: str | None = None) -> str:
    """Let the version before answer again, with its reference at the monitor, and give its name.

    What the version that is left predicted says nothing of the one before: the monitor's window starts empty.

    Parameters
    ----------
    models
        The folder of versions.
    config, dataset
        The monitor's config, and whose reference is switched.
    monitor
        The monitor's address, that of the config by default.

    Raises
    ------
    VersionError
        When there is no version before.
    MonitorError
        When the monitor cannot be reached, or refuses the reference.
    """
    from urllib.parse import quote

    import requests

    from examples.shared.versions import Versions
    from examples.taxi.following import REFERENCE_FILE

    versions = Versions(models)
    name = versions.roll_back()
    reference = versions.path(name) / REFERENCE_FILE
    # a first version that has none was compared with the config's
    body = {"window": "empty", "champion": name}
    body |= {"file": str(reference.absolute())} if reference.exists() else {}
    token = config.service.tokens.ingest
    url = f"{monitor or config.monitor_url}/v1/datasets/{quote(dataset, safe='')}/reference"
    try:
        answer = requests.post(
            url, json=body, headers={"Authorization": f"Bearer {token}"} if token else {}, timeout=_PATIENCE
        )
    except requests.RequestException as error:
        raise _untold(name, url, str(error)) from error
    if not answer.ok:
        raise _untold(name, url, answer.text)
    return name


def _untold(name: str, url: str, received: str) -> MonitorError:
    return MonitorError(
        f"{name} answers again, but the monitor still compares with the reference of the version that is left",
        received=f"{url}: {received}",
        remedy="Post the reference by hand once the monitor is there, as docs/retraining.md says",
    )

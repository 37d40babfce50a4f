"""The batch watch as a Prefect flow: every night the night before, with its logs, retries and reports in Prefect's UI.

::

    from modelvane.flows import batch_watch

    batch_watch(config="config.yaml")                      # once, for the last whole period
    python -m modelvane.flows serve --config config.yaml   # on the schedules of the config

The computation is that of `modelvane report`: a line in cron does the same, without Prefect.
"""

from __future__ import annotations

from modelvane.flows.extra import require_prefect

require_prefect()

from modelvane.flows.flow import Watched, batch_watch  # noqa: E402 - what follows needs Prefect
from modelvane.flows.serving import serve  # noqa: E402 - as above

__all__ = ["Watched", "batch_watch", "serve"]

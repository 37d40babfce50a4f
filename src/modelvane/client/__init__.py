"""What a prediction service imports: logs predictions and late ground truth to a modelvane service.

``Client.log`` only appends to a bounded queue; one background thread encodes, batches and sends. Importing this
loads the standard library only, and not its slow modules: ``http.client``, ``ssl``, ``logging`` and msgspec, which
writes plain rows, are loaded by that thread when it first needs them.
"""

from __future__ import annotations

from modelvane.client.client import Client
from modelvane.client.outbox import Counters

__all__ = ["Client", "Counters"]

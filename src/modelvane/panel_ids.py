"""By which number Grafana knows a panel, so that links to it outlive its neighbours."""

from __future__ import annotations

from hashlib import blake2b


def panel_id(row: str, title: str = "") -> int:
    """Give the number of a panel in its dashboard, by its heading and title; of a heading without a title.

    It follows from what the panel is called, not from where it stands: other panels come and go with the config.

    >>> panel_id("Faults", "Missing") == panel_id("Faults", "Infinite"), panel_id("Faults", "Missing") < 2**31
    (False, True)
    """
    digest = blake2b(f"{row}\0{title}".encode(), digest_size=4).digest()
    # a positive number of 32 bits, as Grafana's own ids are
    return int.from_bytes(digest) >> 1 or 1

"""The ids of labels, checked before anything of them is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane.errors import SchemaError


def checked_ids(
    ids: Sequence[Any],
    targets: Sequence[Any],
    times: NDArray[np.int64] | None,
    storable: Callable[[Any], str | None],
) -> list[str]:
    """Give ids in the form in which they are stored.

    Raises
    ------
    SchemaError
        When there are not as many targets and times as ids, or an id is none (null, NaN, a list).
    """
    lengths = {len(ids), len(targets), len(ids) if times is None else len(times)}
    if len(lengths) > 1:
        raise SchemaError(
            "Labels need as many targets and times as ids",
            received=f"{len(ids)} ids, {len(targets)} targets, {'no' if times is None else len(times)} times",
        )
    keys = [storable(value) for value in ids]
    checked = [key for key in keys if key]
    if len(checked) < len(keys):
        at = next(at for at, key in enumerate(keys) if not key)
        raise SchemaError(f"Label {at} has no id", received=ids[at], expected="a text or a number")
    return checked

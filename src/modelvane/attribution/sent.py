"""Contributions that the prediction service sends with its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.block import Block
from modelvane.casting import Numbers


class Sent(Struct, frozen=True, eq=False):
    """Columns with contributions.

    Parameters
    ----------
    by_feature
        Names of columns.
    """

    by_feature: Mapping[str, str]

    @property
    def features(self) -> tuple[str, ...]:
        """Whose contributions they are."""
        return tuple(self.by_feature)

    @property
    def columns(self) -> Sequence[str]:
        """Those that hold them."""
        return tuple(self.by_feature.values())

    def contributions(self, block: Block) -> NDArray[np.float64]:
        """Give them; NaN where a row came without."""
        found = np.empty((len(self.by_feature), block.rows))
        for row, name in zip(found, self.columns, strict=True):
            column = block.columns[name]
            assert isinstance(column, Numbers)  # noqa: S101 - columns of this role are numerical
            row[:] = column.values
        return found

    def facts(self) -> dict[str, Any]:
        """Give the names."""
        return {"kind": "sent", "columns": dict(self.by_feature)}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give nothing: there are no arrays."""
        return {}

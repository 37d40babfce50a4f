"""Where contributions come from: what every source of them has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from modelvane.block import Block


class Source(Protocol):
    """Gives contributions of rows.

    Parameters
    ----------
    features
        Whose contributions they are, in order.
    columns
        Those of the rows that it looks at.
    """

    @property
    def features(self) -> tuple[str, ...]:
        """See the class."""

    @property
    def columns(self) -> Sequence[str]:
        """See the class."""

    def contributions(self, block: Block) -> NDArray[np.float64]:
        """Give them, shape ``(features, rows)``; not finite where they are not known."""

    def facts(self) -> dict[str, Any]:
        """Give what is plain JSON values of it; ``"kind"`` says what reads them."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the rest."""

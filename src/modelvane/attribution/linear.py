"""Contributions of a linear model: exact, and computed from the row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.attribution.terms import CategoricalTerm, NumericalTerm, Term, term_of
from modelvane.block import Block
from modelvane.errors import ConfigError
from modelvane.ruler import Ruler

Weights: TypeAlias = Mapping[str, float | Mapping[Any, float]]
"""By feature: what its value is multiplied by, or a weight for each category."""


class Linear(Struct, frozen=True, eq=False, dict=True):
    """The terms of a linear model, each against its mean over the reference.

    The contribution of a feature is ``w (x - mean of x)``; of a category, its weight minus the mean weight: what SHAP
    values of a linear model are (Lundberg and Lee, 2017, corollary 1).

    Parameters
    ----------
    terms
        One for each feature.
    means
        Of the terms over the reference, shape ``(features,)``.
    """

    terms: tuple[Term, ...]
    means: NDArray[np.float64]

    @classmethod
    def of(cls, weights: Weights, rulers: Mapping[str, Ruler], block: Block) -> Linear:
        """Read the terms off weights, and their means off the rows of the reference.

        Raises
        ------
        ConfigError
            When a weight is not a number, or a category does not fit its feature.
        """
        terms = tuple(term_of(name, weight, rulers) for name, weight in weights.items())
        return cls(
            terms, np.array([_mean(name, term, block) for name, term in zip(weights, terms, strict=True)])
        )

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Names of the terms."""
        return tuple(term.name for term in self.terms)

    @cached_property
    def columns(self) -> Sequence[str]:
        """Those that the terms are of."""
        return tuple(dict.fromkeys(column for term in self.terms for column in term.columns))

    def contributions(self, block: Block) -> NDArray[np.float64]:
        """Give them; NaN where a value is missing, infinite or of the wrong type."""
        found = np.empty((len(self.terms), block.rows))
        for row, term, mean in zip(found, self.terms, self.means.tolist(), strict=True):
            np.subtract(term.values(block.columns), mean, out=row)
        return found

    def facts(self) -> dict[str, Any]:
        """Give the terms."""
        return {"kind": "linear", "terms": [term.facts() for term in self.terms]}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the means, and the weights of categories by the place of their term."""
        weights = {
            f"weights{at}": term.weights
            for at, term in enumerate(self.terms)
            if isinstance(term, CategoricalTerm)
        }
        return {"means": self.means, **weights}

    @classmethod
    def read(
        cls, rulers: Mapping[str, Ruler], facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
    ) -> Linear:
        """Read what `facts` and `arrays` gave."""
        terms: list[Term] = []
        for at, about in enumerate(facts["terms"]):
            if "weight" in about:
                terms.append(NumericalTerm.read(rulers, about))
            else:
                terms.append(CategoricalTerm.read(rulers, about, arrays[f"weights{at}"]))
        return cls(tuple(terms), arrays["means"].astype(np.float64))


def _mean(name: str, term: Term, block: Block) -> float:
    with np.errstate(over="ignore"):
        values = term.values(block.columns)
        known = values[np.isfinite(values)]
        mean = float(known.mean()) if len(known) else math.inf
    if np.isnan(values).all():
        raise ConfigError(
            f"attribution.weights: the reference has no value of {name}, so there is no mean to compare with"
        )
    if not math.isfinite(mean):
        raise ConfigError(
            f"attribution.weights.{name}: the weight times the reference's values is too large for a number",
            remedy="Give the weights of the model that predicts; it could not predict with these",
        )
    return mean

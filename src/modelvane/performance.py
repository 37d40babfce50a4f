"""How predictions are held against targets: regression, classes, probabilities of classes, or ranked items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane.block import Block, Encoded, encode_column
from modelvane.casting import Categories, Fault, Numbers, canonical
from modelvane.ruler import CategoricalRuler, Floats, ListRuler, Ruler, entries_ruler
from modelvane.schema import Kind, Recommending, Schema, Task
from modelvane.statistics.base import LabelledStatistic, Statistic
from modelvane.statistics.classification import CLASSIFICATION
from modelvane.statistics.probabilities import PROBABILITIES
from modelvane.statistics.ranking import RANKING
from modelvane.statistics.regression import REGRESSION
from modelvane.tallies.categorical import Codes
from modelvane.tallies.classification import ClassRuler, ConfusionTally, categories_of
from modelvane.tallies.list_column import Lists
from modelvane.tallies.ranking import RankingRuler, RankingTally
from modelvane.tallies.regression import RegressionRuler, RegressionTally
from modelvane.tallies.scores import ScoreRuler, ScoreTally

STATISTICS: dict[str, Sequence[Statistic[Any] | LabelledStatistic[Any]]] = {
    "regression": REGRESSION,
    "confusion": CLASSIFICATION,
    "scores": PROBABILITIES,
    "ranking": RANKING,
}

_YES = ("1", "true", "yes")


class PerformanceRuler(Struct, frozen=True, eq=False):
    """What the rows that have a target are counted on.

    Parameters
    ----------
    target, predictions
        Names of the columns.
    rulers
        Of all columns, on which the block's categories are coded.
    regression, classes, scores, ranking
        One for each way in which the predictions can be held against the target.
    """

    target: str
    predictions: tuple[str, ...]
    rulers: Mapping[str, Ruler]
    regression: RegressionRuler | None = None
    classes: ClassRuler | None = None
    scores: ScoreRuler | None = None
    ranking: RankingRuler | None = None

    @classmethod
    def of(cls, schema: Schema, rulers: Mapping[str, Ruler], block: Block) -> PerformanceRuler | None:
        """Freeze from the reference's predictions and targets; ``None`` where it lacks either column."""
        target, predictions = schema.target, schema.predictions
        if target is None or not predictions:
            return None
        names = tuple(column.name for column in predictions)
        if schema.task is Task.RECOMMENDATION:
            return _of_ranked(schema, rulers)
        if schema.task is Task.REGRESSION and target.kind is Kind.NUMERICAL:
            truth, predicted = block.columns[target.name], block.columns[names[0]]
            assert isinstance(truth, Numbers)  # noqa: S101 - by the schema
            assert isinstance(predicted, Numbers)  # noqa: S101 - as above, by how it was frozen
            return cls(target.name, names, rulers, regression=RegressionRuler.of(truth, predicted))
        true_classes = classes_of(rulers[target.name], block.columns[target.name])
        if predictions[0].kind is Kind.CATEGORICAL:
            predicted_classes = classes_of(rulers[names[0]], block.columns[names[0]])
            return cls(target.name, names, rulers, classes=ClassRuler.of(true_classes, predicted_classes))
        scored = names if len(names) > 1 else (positive_class(schema.positive, true_classes.names),)
        classes = ClassRuler.named(*scored, *ClassRuler.of(true_classes).names)
        return cls(target.name, names, rulers, classes=classes, scores=ScoreRuler(scored))

    def count(self, block: Block) -> dict[str, Any]:
        """Tally the rows that have both, by how they are held against each other."""
        truth = block.columns[self.target]
        predicted = [block.columns[name] for name in self.predictions]
        if self.regression is not None:
            assert isinstance(truth, Numbers)  # noqa: S101 - by the schema
            assert isinstance(predicted[0], Numbers)  # noqa: S101 - as above, by how it was frozen
            return {"regression": RegressionTally.of(self.regression, predicted[0], truth)}
        if self.ranking is not None:
            items = entries_ruler(self.rulers[self.target])
            assert isinstance(items, CategoricalRuler)  # noqa: S101 - by the schema
            assert isinstance(truth, Lists)  # noqa: S101 - as above
            assert isinstance(predicted[0], Lists)  # noqa: S101 - as above
            return {"ranking": RankingTally.of(self.ranking, items, predicted[0], truth)}
        assert self.classes is not None  # noqa: S101 - one of these by construction
        classes = classes_of(self.rulers[self.target], truth)
        confusion = ConfusionTally.of(self.classes, self._predicted_classes(block), classes)
        if self.scores is None:
            return {"confusion": confusion}
        scores = [column for column in predicted if isinstance(column, Numbers)]
        return {"confusion": confusion, "scores": ScoreTally.of(self.scores, scores, classes)}

    def correct(self, block: Block) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Say of each row whether its predicted class is the true one, and whether both are known."""
        predicted = self._predicted_classes(block)
        truth = classes_of(self.rulers[self.target], block.columns[self.target])
        both = (predicted.codes >= 0) & (truth.codes >= 0)
        code_of = {name: code for code, name in enumerate(truth.names)}
        as_true = np.array([code_of.get(name, -1) for name in predicted.names], np.int64)
        correct = np.zeros(len(both), bool)
        correct[both] = as_true[predicted.codes[both]] == truth.codes[both]
        return correct, both

    def _predicted_classes(self, block: Block) -> Categories:
        columns = [block.columns[name] for name in self.predictions]
        if self.scores is None:
            return classes_of(self.rulers[self.predictions[0]], columns[0])
        return self._likeliest([column for column in columns if isinstance(column, Numbers)])

    def outcomes(self, block: Block) -> tuple[Floats, NDArray[np.bool_]] | None:
        """Give the probabilities of the rows that have a target, and whether it is the class that they are of.

        ``None`` for anything but a probability of one class.
        """
        if self.scores is None or not self.scores.is_binary:
            return None
        truth, predicted = block.columns[self.target], block.columns[self.predictions[0]]
        assert isinstance(predicted, Numbers)  # noqa: S101 - probabilities are numbers
        classes = classes_of(self.rulers[self.target], truth)
        known = (classes.codes >= 0) & (predicted.values >= 0.0) & (predicted.values <= 1.0)
        is_positive = self.scores.codes(classes.names)[classes.codes[known]] == 0
        return predicted.values[known], is_positive

    def on(self, rulers: Mapping[str, Ruler]) -> PerformanceRuler:
        """Give the same with the rulers of all columns."""
        return replace(self, rulers=rulers)

    def nothing(self) -> Block:
        """Give a block of no rows with the columns that `count` takes."""
        names = (self.target, *self.predictions)
        columns = {name: encode_column(self.rulers[name], None, 0) for name in names}
        return Block(0, columns, np.empty(0, np.int64))

    def _likeliest(self, scores: Sequence[Numbers]) -> Categories:
        assert self.scores is not None  # noqa: S101 - called with scores only
        assert self.classes is not None  # noqa: S101 - as above, by how it was frozen
        every = np.stack([column.values for column in scores])
        lacking = np.isnan(every).any(axis=0)
        names = list(self.scores.names)
        if self.scores.is_binary:
            names += [name for name in self.classes.names if name not in names][:1] or ["other"]
            codes = (every[0] < 0.5).astype(np.int32)
        else:
            codes = np.argmax(np.where(np.isnan(every), -1.0, every), axis=0).astype(np.int32)
        codes[lacking] = -Fault.MISSING
        return Categories(codes, names)

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        parts = {"regression": self.regression, "classes": self.classes, "scores": self.scores}
        found = {name: part.facts() for name, part in parts.items() if part is not None}
        # its k are the schema's
        return found if self.ranking is None else {**found, "ranking": {}}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        return {} if self.regression is None else self.regression.arrays()

    @classmethod
    def from_arrays(
        cls,
        schema: Schema,
        rulers: Mapping[str, Ruler],
        facts: dict[str, Any],
        arrays: dict[str, NDArray[Any]],
    ) -> PerformanceRuler:
        """Read what `facts` and `arrays` gave."""
        assert schema.target is not None  # noqa: S101 - or there would be nothing to read
        return cls(
            schema.target.name,
            tuple(column.name for column in schema.predictions),
            rulers,
            RegressionRuler.from_arrays(facts["regression"], arrays) if "regression" in facts else None,
            ClassRuler.from_arrays(facts["classes"], {}) if "classes" in facts else None,
            ScoreRuler.from_arrays(facts["scores"], {}) if "scores" in facts else None,
            _ranking(schema) if "ranking" in facts else None,
        )

    def tally_from_arrays(
        self, kind: str, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]
    ) -> RegressionTally | ConfusionTally | ScoreTally | RankingTally:
        """Read what a tally's ``facts`` and ``arrays`` gave."""
        if self.regression is not None:
            return RegressionTally.from_arrays(self.regression, facts, arrays)
        if self.ranking is not None:
            return RankingTally.from_arrays(self.ranking, facts, arrays)
        if kind == "confusion":
            assert self.classes is not None  # noqa: S101 - what was written has its ruler
            return ConfusionTally.from_arrays(self.classes, facts, arrays)
        assert self.scores is not None  # noqa: S101 - as above, by how it was frozen
        return ScoreTally.from_arrays(self.scores, facts, arrays)


def _of_ranked(schema: Schema, rulers: Mapping[str, Ruler]) -> PerformanceRuler | None:
    """Hold lists against lists, where both were looked up on the one catalogue."""
    target, served = schema.target, schema.predictions[0]
    assert target is not None  # noqa: S101 - asked by the caller
    on = rulers[target.name], rulers[served.name]
    if not all(isinstance(ruler, ListRuler) for ruler in on) or on[0].digest != on[1].digest:
        return None
    return PerformanceRuler(target.name, (served.name,), rulers, ranking=_ranking(schema))


def _ranking(schema: Schema) -> RankingRuler:
    return RankingRuler((schema.recommending or Recommending()).k)


def classes_of(ruler: Ruler, column: Encoded) -> Categories:
    """Give the classes of a column of targets or predictions, whether they are texts or numbers."""
    if isinstance(ruler, CategoricalRuler):
        assert isinstance(column, Codes)  # noqa: S101 - encoded on its ruler
        return categories_of(ruler, column)
    assert isinstance(column, Numbers)  # noqa: S101 - as above, by how it was frozen
    distinct, codes = np.unique(column.values, return_inverse=True)
    # NaN sorts last, as one value
    names = [canonical(value) or "" for value in distinct.tolist()]
    return Categories(np.where(np.isnan(column.values), -Fault.MISSING, codes).astype(np.int32), names)


def positive_class(given: str | None, classes: Sequence[str]) -> str:
    """Give the positive class: the given one, one that reads like a yes, or the last in order.

    >>> positive_class(None, ["no", "yes"]), positive_class("no", ["no", "yes"])
    ('yes', 'no')
    """
    if given is not None:
        return given
    likely = [name for name in classes if name.lower() in _YES]
    return likely[0] if likely else max(classes, default="1")

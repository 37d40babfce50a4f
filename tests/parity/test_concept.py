"""The change of a mean, and the distance, are those that plain numpy computes of the rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.laws.test_concept_laws import reference, rows, ruler

from modelvane.concept.effects import effects_of
from modelvane.concept.expected import additive
from modelvane.monitor import Monitor
from modelvane.settings import Settings, Window

KINDS = pytest.mark.parametrize("kind", ["regression", "classes", "scores"])


@KINDS
def test_effects_are_those_of_the_rows(kind: str) -> None:
    """Inputs are the new rows' bins by what is expected of them, the relation what is left; both add up exactly."""
    known = ruler(kind)
    sides = [reference(kind).encode(rows(kind, seed, 400)) for seed in (0, 3)]
    before, after = (known.count(side) for side in sides)
    for signal, (quantum, limit) in enumerate(known.scales):
        found = effects_of(known, signal, before, after)
        assert found.of_inputs + found.relation == found.change
        most = limit * quantum
        raw = [np.clip(known.reader.read(side).values[signal], -most, most).mean() for side in sides]
        assert float(found.after - found.before) == pytest.approx(raw[1] - raw[0], abs=400 * quantum)
        for (name, place), codes in zip(
            known.places.items(), zip(*map(known.codes, sides), strict=True), strict=True
        ):
            effects = known.expected[signal, place]
            expected = (effects[codes[1]].mean() - effects[codes[0]].mean()) * quantum
            assert float(found.inputs[name]) == pytest.approx(expected, abs=1e-9)


@KINDS
def test_distances_are_those_of_the_rows(kind: str) -> None:
    """The finding of a column is the root of the mean squared change of its bins' residuals, in their deviations."""
    known = ruler(kind)
    monitor = Monitor("m", reference(kind), Settings(Window(rows=400)))
    monitor.push(rows(kind, 4))
    found = monitor.findings()
    sides = [reference(kind).encode(rows(kind, seed)) for seed in (0, 4)]
    codes = [known.codes(side) for side in sides]
    for signal, name in enumerate(known.signals):
        left = []
        for side, of_columns in zip(sides, codes, strict=True):
            quantum, limit = known.scales[signal]
            value = np.clip(known.reader.read(side).values[signal] / quantum, -limit, limit)
            value = value - known.base[signal]
            for code, place in zip(of_columns, known.places.values(), strict=True):
                value = value - known.expected[signal, place][code]
            left.append(value)
        for at, (column, place) in enumerate(known.places.items()):
            total = 0.0
            for bin_ in range(place.stop - place.start):
                old, new = (values[of[at] == bin_] for values, of in zip(left, codes, strict=True))
                if len(old) and len(new):
                    weight = 1 / (1 / len(old) + 1 / len(new)) / len(left[1])
                    variance = known.variance[signal, place][bin_]
                    total += weight * (new.mean() - old.mean()) ** 2 / variance
            finding = found.get(f"{name}_relation", column)
            assert finding is not None
            assert finding.value == pytest.approx(math.sqrt(total), rel=1e-3)


def test_an_additive_model_finds_what_rows_were_made_of() -> None:
    """Of what two columns add each gets its own, however they hang together; a column of noise gets next to nothing."""
    draw = np.random.default_rng(1)
    first = draw.integers(0, 4, 20_000)
    second = np.where(draw.random(20_000) < 0.7, first, draw.integers(0, 4, 20_000))
    noise = draw.integers(0, 20, 20_000)
    values = np.array([0.0, 1.0, 4.0, 9.0])[first] - 2.0 * second + draw.normal(0, 1, 20_000)
    codes = np.stack([first, second, noise]).astype(np.uint8)
    mean, effects = additive(codes, values, [4, 4, 20])
    assert mean == pytest.approx(values.mean())
    assert np.diff(effects[0]) == pytest.approx([1.0, 3.0, 5.0], abs=0.1)
    assert np.diff(effects[1]) == pytest.approx([-2.0] * 3, abs=0.1)
    assert np.abs(effects[2]).max() < 0.05

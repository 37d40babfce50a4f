"""Predictions and targets of a regression, counted together."""

from __future__ import annotations

from collections.abc import Mapping

from modelvane.block import Encoded
from modelvane.casting import Numbers
from modelvane.reference import Reference
from modelvane.ruler import NumericalRuler
from modelvane.schema import Task
from modelvane.tallies.joint import JointTally


def joint_of(reference: Reference, columns: Mapping[str, Encoded]) -> JointTally | None:
    """Count predictions (down) against targets (across); ``None`` for anything but a regression."""
    schema = reference.schema
    if schema.task is not Task.REGRESSION or schema.target is None or reference.performance is None:
        return None
    names = schema.predictions[0].name, schema.target.name
    rulers = [r for r in map(reference.rulers.__getitem__, names) if isinstance(r, NumericalRuler)]
    both = [c for c in map(columns.__getitem__, names) if isinstance(c, Numbers)]
    if len(rulers) < len(names):
        return None
    return JointTally.of((rulers[0], rulers[1]), (both[0], both[1]))

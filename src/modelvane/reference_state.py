"""A reference as facts and arrays: what its file holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane import row_rulers
from modelvane.building import Built
from modelvane.calibration.calibration import Calibration
from modelvane.calibration.moving import MovingHabits
from modelvane.dataset_state import dataset_of, dataset_state
from modelvane.errors import ReferenceFileError
from modelvane.hourly import HourlyReference
from modelvane.performance import PerformanceRuler
from modelvane.ruler import CategoricalRuler, ListRuler, NumericalRuler, Ruler
from modelvane.schema import Schema
from modelvane.segments import facts_of, segment_rulers_of
from modelvane.tallies import codec

Arrays = dict[str, NDArray[Any]]

_RULERS: Mapping[str, type[NumericalRuler | CategoricalRuler | ListRuler]] = {
    ruler.kind: ruler for ruler in (NumericalRuler, CategoricalRuler, ListRuler)
}


def state_of(schema: Schema, built: Built, extras: Mapping[str, bytes]) -> tuple[dict[str, Any], Arrays]:
    """Give the facts and arrays of a reference; what it lacks is not among them, as in older files."""
    facts: dict[str, Any] = {
        "schema": schema.to_dict(),
        "rulers": {name: ruler.facts() for name, ruler in built.rulers.items()},
        "calibration": built.calibration.facts(),
        "performance": built.performance.facts() if built.performance else None,
        "period": built.period,
    }
    arrays: Arrays = {}
    for name, ruler in built.rulers.items():
        arrays |= codec.nested(f"ruler/{name}", ruler.arrays())
    arrays |= codec.nested("calibration", built.calibration.arrays())
    if built.performance is not None:
        arrays |= codec.nested("performance", built.performance.arrays())
    facts["tally"], tallied = dataset_state(built.tally)
    arrays |= codec.nested("tally", tallied)
    if built.hourly is not None:
        facts["hourly"] = built.hourly.facts()
        arrays |= codec.nested("hourly", built.hourly.arrays())
    if built.row_rulers:
        facts["together"], learned = row_rulers.state_of(built.row_rulers)
        arrays |= codec.nested("together", learned)
    if built.breakdowns and (segments := facts_of(built.breakdowns)) is not None:
        facts["segments"] = segments
    if built.moving is not None:
        facts["moving"] = built.moving.facts()
        arrays |= codec.nested("moving", built.moving.arrays())
    for name, content in extras.items():
        arrays[f"extra/{name}"] = np.frombuffer(content, np.uint8)
    return facts, arrays


def parts_of(facts: dict[str, Any], arrays: Arrays) -> tuple[Schema, Built, dict[str, bytes]]:
    """Read what `state_of` gave.

    Raises
    ------
    ReferenceFileError
        When another version gave it, and something lacks.
    """
    try:
        return _parts_of(facts, arrays)
    except KeyError as error:
        raise ReferenceFileError(
            f"The reference lacks {error}: another version of modelvane learned something else",
            remedy="Build it again from its data",
        ) from error


def _parts_of(facts: dict[str, Any], arrays: Arrays) -> tuple[Schema, Built, dict[str, bytes]]:
    schema = Schema.from_dict(facts["schema"])
    rulers: dict[str, Ruler] = {}
    for name, about in facts["rulers"].items():
        rulers[name] = _RULERS[about["kind"]].from_arrays(about, codec.inside(f"ruler/{name}", arrays))
    performance = None
    if facts["performance"] is not None:
        inside = codec.inside("performance", arrays)
        performance = PerformanceRuler.from_arrays(schema, rulers, facts["performance"], inside)
    hourly = None
    if facts.get("hourly") is not None:
        hourly = HourlyReference.from_arrays(facts["hourly"], codec.inside("hourly", arrays))
    moving = None
    if facts.get("moving") is not None:
        moving = MovingHabits.from_arrays(facts["moving"], codec.inside("moving", arrays))
    together = codec.inside("together", arrays)
    learned = row_rulers.rulers_of(schema, rulers, facts.get("together", {}), together)
    built = Built(
        rulers=rulers,
        tally=dataset_of(rulers, performance, facts["tally"], codec.inside("tally", arrays), learned),
        calibration=Calibration.from_arrays(facts["calibration"], codec.inside("calibration", arrays)),
        performance=performance,
        period=None if facts["period"] is None else (facts["period"][0], facts["period"][1]),
        hourly=hourly,
        row_rulers=learned,
        breakdowns=segment_rulers_of(schema, rulers, facts.get("segments")),
        moving=moving,
    )
    return schema, built, {name: array.tobytes() for name, array in codec.inside("extra", arrays).items()}

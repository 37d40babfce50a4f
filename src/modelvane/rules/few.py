"""Few rows: they are beyond a fixed limit by chance, as after a start, where lines of the reference allow for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modelvane.catalogue import CATALOGUE
from modelvane.config import Config
from modelvane.config.alerts import AlertName
from modelvane.findings import Family, split_limit
from modelvane.rules.making import Maker
from modelvane.rules.promql import selector
from modelvane.rules.rule import Scenario


@dataclass(frozen=True, slots=True)
class Gate:
    """What lets an alert fire only over enough rows, and shows that it does; all empty where nothing is limited.

    Parameters
    ----------
    condition
        What the alert's expression goes on with.
    enough
        The series of a scenario in which there are enough rows.
    few
        The same with too few.
    """

    condition: str
    enough: Mapping[str, str]
    few: Mapping[str, str]

    def silent(self, maker: Maker, name: AlertName, found: Mapping[str, str]) -> tuple[Scenario, ...]:
        """Give the scenario in which too few rows are there; none where any number will do."""
        if not self.few:
            return ()
        return (
            maker.steps(name).silent("A few rows after the start are beyond a limit", {**found, **self.few}),
        )


def gate_of(maker: Maker, dataset: str, name: AlertName, family: Family) -> Gate:
    """Give what an alert about limits of a family waits for."""
    least = maker.least(dataset, maker.alerts.rows)
    if least == 1 or family not in _limited(maker.config, dataset):
        return Gate("", {}, {})
    rows, steps = selector("modelvane_quality_window_rows", dataset=dataset), maker.steps(name)
    return Gate(
        f"\nand on (dataset) {rows} >= {least}",
        {rows: steps.steady(least)},
        {rows: steps.steady(least - 1)},
    )


def _limited(config: Config, dataset: str) -> set[Family]:
    """Give whether there are limits of distances and values of columns, of columns together, and of estimates."""
    limited: set[Family] = set()
    measures = {name for _, name in CATALOGUE}
    of_values, of_rows, of_estimates = (
        {name for family, name in CATALOGUE if family is each}
        for each in (Family.QUALITY, Family.MULTIVARIATE, Family.ESTIMATE)
    )
    for key in config.datasets[dataset].thresholds:
        _, dot, measure = key.rpartition(".")
        if dot and measure in of_values:
            limited.add(Family.QUALITY)
        elif (measure if dot else key) in of_rows:
            limited.add(Family.MULTIVARIATE)
        elif key in of_estimates:
            limited.add(Family.ESTIMATE)
        elif split_limit(key)[0] not in measures:
            limited.add(Family.DRIFT)
    return limited

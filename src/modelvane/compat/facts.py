"""What the 2022 series need of the reference, frozen: no rows, only counts and finished values."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modelvane.compat.columns import Columns, object_array, row_count
from modelvane.compat.distribution import Distribution
from modelvane.compat.mapping import ColumnMapping, Roles
from modelvane.compat.monitors import MONITORS
from modelvane.compat.sample import Sample
from modelvane.errors import ReferenceFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1


@dataclass(frozen=True, eq=False)
class Facts:
    """The reference as the 2022 series see it.

    Attributes
    ----------
    rows
        Rows of the reference.
    roles
        Which columns play which part.
    columns
        The distinct values and counts of each feature, the target and the prediction.
    samples
        By monitor: the series that depend on the reference alone.
    """

    rows: int
    roles: Roles
    columns: Mapping[str, Distribution]
    samples: Mapping[str, tuple[Sample, ...]]

    @classmethod
    def of(cls, columns: Columns, mapping: ColumnMapping) -> Facts:
        """Freeze the facts of reference columns (arrays as described in `series`).

        Pairs of columns leave only correlations, error statistics and confusion counts behind, never rows.
        """
        roles = Roles.of(columns, mapping)
        columns = roles.with_labels(columns)
        names = (*roles.categorical, *roles.numerical, roles.target, roles.label_column)
        # a value like 1e300 makes a moment of its own column infinite or undefined, nothing to warn of
        with np.errstate(over="ignore", invalid="ignore"):
            samples = {name: tuple(monitor.reference(columns, roles)) for name, monitor in MONITORS.items()}
        return cls(
            rows=row_count(columns),
            roles=roles,
            columns={name: Distribution.of(columns[name]) for name in names if name is not None},
            samples=samples,
        )

    def to_arrays(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Give arrays of numbers and a JSON-able description, for a file; `from_arrays` is the way back."""
        arrays: dict[str, np.ndarray] = {}
        described: dict[str, Any] = {}
        for name, column in self.columns.items():
            described[name] = {"kind": column.kind, "missing": column.missing}
            arrays[f"counts/{name}"] = column.counts
            if column.kind == "numerical":
                arrays[f"values/{name}"] = column.values
            else:
                described[name]["categories"] = column.values.tolist()
        for monitor, samples in self.samples.items():
            arrays[f"samples/{monitor}"] = np.array([sample.value for sample in samples], dtype=np.float64)
        meta = {
            "format": FORMAT,
            "rows": self.rows,
            "roles": dataclasses.asdict(self.roles),
            "columns": described,
            "samples": {
                monitor: [[sample.name, dict(sample.labels)] for sample in samples]
                for monitor, samples in self.samples.items()
            },
        }
        return arrays, meta

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> Facts:
        """Restore facts; every series comes out bit for bit as before.

        Raises
        ------
        ReferenceFileError
            If the description is of another format, or does not fit the arrays.
        """
        if meta.get("format") != FORMAT:
            raise ReferenceFileError(
                "The facts for the 2022 series are of another format",
                received=meta.get("format"),
                expected=f"format {FORMAT}",
                remedy="Build the reference again with this version",
            )
        try:
            return cls(
                rows=meta["rows"],
                roles=_roles(meta["roles"]),
                columns={
                    name: _distribution(name, column, arrays) for name, column in meta["columns"].items()
                },
                samples={
                    monitor: _samples(described, arrays[f"samples/{monitor}"])
                    for monitor, described in meta["samples"].items()
                },
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ReferenceFileError(
                "The facts for the 2022 series are damaged",
                received=error,
                remedy="Build the reference again",
            ) from error


def _roles(described: Mapping[str, Any]) -> Roles:
    # JSON has lists where there were tuples
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in described.items()
    }
    return Roles(**fields)


def _distribution(name: str, described: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Distribution:
    numerical = described["kind"] == "numerical"
    values = arrays[f"values/{name}"] if numerical else object_array(described["categories"])
    counts = arrays[f"counts/{name}"]
    if values.size != counts.size:
        raise ValueError(f"column {name}: {values.size} values, {counts.size} counts")
    return Distribution(described["kind"], values, counts, described["missing"])


def _samples(described: list[Any], values: np.ndarray) -> tuple[Sample, ...]:
    return tuple(
        Sample(name, tuple(sorted(labels.items())), float(value))
        for (name, labels), value in zip(described, values, strict=True)
    )

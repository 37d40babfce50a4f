"""Estimates of performance before labels against NannyML's, on the data that comes with it.

Chunks of the data's second half are estimated from the first, by NannyML 0.13 (CBPE; DLE) and here; the figure is the
mean absolute difference between the estimate of a chunk and what its labels say. Predicted classes are those of
probabilities of at least a half, for both.

Each dataset has one order of time, in which inputs move, and in parts what they mean: what is near there may be so by
luck. So the same is done with rows drawn anew for both halves, several times, and means over draws are compared.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from bench.figures import Row, show
from bench.peers import in_peer

from modelvane import Monitor, Reference, Settings
from modelvane.estimates.learning import loss_kinds
from modelvane.settings import Window

CHUNKS = (1000, 5000)
CLASSES = {"synthetic_car_loan": "repaid", "modified_california_housing": "clf_target"}
DRAWN = 1000
# chunks of drawn rows that are estimated at least, of each dataset: a small one is drawn more often
ESTIMATED = 1000
PRICES = "synthetic_car_price"
# both are the same to many digits where calibration is all there is
ROUNDING = 1.001
MEASURES = {
    "roc_auc": ("roc_auc", None),
    "average_precision": ("average_precision", None),
    "accuracy": ("accuracy", None),
    "f1": ("class_f1", "1"),
    "precision": ("class_precision", "1"),
    "recall": ("class_recall", "1"),
    "specificity": ("class_recall", "0"),
    "mae": ("mean_absolute_error", None),
    "rmse": ("root_mean_squared_error", None),
}
"""By NannyML's name: ours, and the class."""

Estimates = dict[str, list[float]]

_DATA = """
import json, os, sys, warnings
warnings.filterwarnings("ignore")
os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
import nannyml
folder, targets = sys.argv[1], json.loads(sys.argv[2])
for name, target in targets.items():
    before, after, labels = getattr(nannyml, f"load_{name}_dataset")()
    after = after.merge(labels, on="id")
    for part in (before, after):
        if target != "y_true":
            part["y_pred"] = (part["y_pred_proba"] >= 0.5).astype(int)
            part[target] = part[target].astype(int)
    before.to_parquet(f"{folder}/{name}-before.parquet")
    after.to_parquet(f"{folder}/{name}-after.parquet")
print("{}")
"""

_NANNYML = """
import json, os, sys, warnings
warnings.filterwarnings("ignore")
os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
import nannyml, pandas
folder, cases, measures = sys.argv[1], *map(json.loads, sys.argv[2:])
found = []
for file, target, size in cases:
    before, after = (pandas.read_parquet(f"{folder}/{file}-{part}.parquet") for part in ("before", "after"))
    about = dict(y_pred="y_pred", y_true=target, timestamp_column_name="timestamp", chunk_size=size)
    if target == "y_true":
        names = [each for each in measures if each in ("mae", "rmse")]
        others = ("id", "y_true", "y_pred", "timestamp")
        features = [column for column in before if column not in others]
        estimator = nannyml.DLE(feature_column_names=features, metrics=names, **about)
    else:
        names = [each for each in measures if each not in ("mae", "rmse")]
        estimator = nannyml.CBPE(
            y_pred_proba="y_pred_proba", problem_type="classification_binary", metrics=names, **about
        )
    told = estimator.fit(before).estimate(after).filter(period="analysis").to_df()
    found.append({each: told[(each, "value")].tolist() for each in names})
print(json.dumps(found))
"""


class Case(NamedTuple):
    """Two halves of rows.

    Parameters
    ----------
    name
        Of the dataset.
    file
        Begins the names of their files.
    target
        The column of labels.
    size
        Rows of a chunk of the second half.
    """

    name: str
    file: str
    target: str
    size: int

    def chunks(self, folder: Path) -> int:
        """Give how many there are."""
        rows: int = pq.read_metadata(folder / f"{self.file}-after.parquet").num_rows
        return math.ceil(rows / self.size)

    def halves(self, folder: Path) -> Iterator[pa.Table]:
        """Read what is known, and what is estimated."""
        for half in ("before", "after"):
            yield pq.read_table(folder / f"{self.file}-{half}.parquet")


class Off(NamedTuple):
    """Mean absolute errors over the chunks: ours, NannyML's, and of the reference's own value."""

    ours: float
    theirs: float
    same: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="chunks of 5000, and two draws")
    show("Estimates before labels, beside NannyML's", run(quick=parser.parse_args().quick))


def run(*, quick: bool = False) -> list[Row]:
    """Estimate the chunks of each dataset; it takes some minutes to install NannyML the first time."""
    targets = {**CLASSES, PRICES: "y_true"}
    with TemporaryDirectory() as made:
        folder = Path(made)
        in_peer("nannyml", _DATA, made, json.dumps(targets))
        in_time = [
            Case(name, name, target, size)
            for name, target in targets.items()
            for size in (CHUNKS[-1:] if quick else CHUNKS)
        ]
        drawn = [
            _drawn(folder, case, seed)
            for case in (Case(name, name, target, DRAWN) for name, target in targets.items())
            for seed in range(2 if quick else math.ceil(ESTIMATED / case.chunks(folder)))
        ]
        cases = [*in_time, *drawn]
        asked = [(case.file, case.target, case.size) for case in cases]
        peer = in_peer("nannyml", _NANNYML, made, json.dumps(asked), json.dumps(list(MEASURES)))
        found = [_off(case, folder, told) for case, told in zip(cases, peer, strict=True)]
    rows = [row for case, off in zip(in_time, found, strict=False) for row in _in_time(case, off)]
    for name in targets:
        of_name = [off for case, off in zip(drawn, found[len(in_time) :], strict=True) if case.name == name]
        rows += _over_draws(name, of_name)
    return rows


def _drawn(folder: Path, case: Case, seed: int) -> Case:
    """Write the halves with the same times, but any rows of both at each."""
    before, after = case.halves(folder)
    rows = pa.concat_tables([before, after.select(before.column_names).cast(before.schema)])
    times = rows.column_names.index("timestamp")
    order = np.random.default_rng(seed).permutation(rows.num_rows)
    rows = rows.take(order).set_column(times, "timestamp", rows["timestamp"])
    found = case._replace(file=f"{case.name}-{seed}")
    for half, part in (("before", rows.slice(0, before.num_rows)), ("after", rows.slice(before.num_rows))):
        pq.write_table(part, folder / f"{found.file}-{half}.parquet")
    return found


def _off(case: Case, folder: Path, peer: Estimates) -> dict[str, Off]:
    """Give how far estimates are from labels, by measure."""
    before, after = case.halves(folder)
    ours, realised, known = _estimated(before, after, case.target, case.size, list(peer))
    found = {}
    for measure, told in peer.items():
        labels = np.array(realised[measure])
        each = (ours[measure], told, np.full(len(labels), known[measure]))
        found[measure] = Off(*(float(np.mean(np.abs(np.array(one) - labels))) for one in each))
    return found


def _in_time(case: Case, found: Mapping[str, Off]) -> Iterator[Row]:
    for measure, off in found.items():
        yield Row(
            f"{case.name}, {case.size}: {measure}",
            f"{off.ours:.4g}; NannyML {off.theirs:.4g}; the reference's own value {off.same:.4g}",
            f"no worse: {off.ours / off.theirs:.3f}",
            off.ours <= off.theirs * ROUNDING,
        )


def _over_draws(name: str, draws: Sequence[Mapping[str, Off]]) -> Iterator[Row]:
    for measure in draws[0]:
        found = np.array([each[measure] for each in draws])
        ours, theirs, _ = found.mean(axis=0)
        apart = found[:, 0] - found[:, 1]
        spread = 1.96 * float(apart.std(ddof=1)) / len(apart) ** 0.5
        yield Row(
            f"{name}, {DRAWN}, mean of {len(draws)} draws: {measure}",
            f"{ours:.4g}; NannyML {theirs:.4g}; apart by {apart.mean():.2g} +- {spread:.2g}",
            f"no worse: {ours / theirs:.3f}",
            bool(ours <= theirs * ROUNDING),
        )


def _estimated(
    before: pa.Table, after: pa.Table, target: str, size: int, measures: list[str]
) -> tuple[Estimates, Estimates, dict[str, float]]:
    """Give our estimates and the realised values of each chunk, and the reference's own."""
    is_price = target == "y_true"
    reference = Reference.of(
        before.drop_columns(
            [each for each in ("y_pred", "period") if each in before.column_names and not is_price]
        ),
        target=target,
        prediction="y_pred" if is_price else "y_pred_proba",
        id="id",
        time="timestamp",
        also=loss_kinds() if is_price else (),
    )
    estimates: Estimates = {measure: [] for measure in measures}
    realised: Estimates = {measure: [] for measure in measures}
    known: dict[str, float] = {}
    for start in range(0, after.num_rows, size):
        monitor = Monitor("chunk", reference, Settings(Window(rows=size)))
        monitor.push(after.slice(start, size))
        findings = monitor.findings()
        for measure in measures:
            name, label = MEASURES[measure]
            estimate = findings.get(f"estimated_{name}", label=label)
            value = findings.get(name, label=label)
            if estimate is None or value is None or estimate.value is None or value.value is None:
                raise RuntimeError(
                    f"{measure} of rows {start} to {start + size} has no value: {estimate} {value}"
                )
            estimates[measure].append(estimate.value)
            realised[measure].append(value.value)
            known[measure] = estimate.reference or 0.0
    return estimates, realised, known


if __name__ == "__main__":
    main()

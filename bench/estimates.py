"""Estimates of performance before labels against NannyML's, on the data that comes with it.

Chunks of the data's second half are estimated from the first, by NannyML 0.13 (CBPE; DLE) and here; the figure is the
mean absolute difference between the estimate of a chunk and what its labels say. Predicted classes are those of
probabilities of at least a half, for both.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

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

_NANNYML = """
import json, os, sys, warnings
warnings.filterwarnings("ignore")
os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
import nannyml
folder, classes, prices, measures, chunks = sys.argv[1], *map(json.loads, sys.argv[2:])
found = {}
for name, target in [*classes.items(), (prices, "y_true")]:
    before, after, labels = getattr(nannyml, f"load_{name}_dataset")()
    after = after.merge(labels, on="id")
    for part in (before, after):
        if target != "y_true":
            part["y_pred"] = (part["y_pred_proba"] >= 0.5).astype(int)
            part[target] = part[target].astype(int)
    before.to_parquet(f"{folder}/{name}-before.parquet")
    after.to_parquet(f"{folder}/{name}-after.parquet")
    for size in chunks:
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
        found[f"{name} {size}"] = {each: told[(each, "value")].tolist() for each in names}
print(json.dumps(found))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="chunks of 5000 alone")
    show("Estimates before labels, beside NannyML's", run(quick=parser.parse_args().quick))


def run(*, quick: bool = False) -> list[Row]:
    """Estimate the chunks of each dataset; it takes some minutes to install NannyML the first time."""
    chunks = CHUNKS[-1:] if quick else CHUNKS
    rows = []
    with TemporaryDirectory() as folder:
        asked = map(json.dumps, (CLASSES, PRICES, list(MEASURES), chunks))
        peer: Mapping[str, Estimates] = in_peer("nannyml", _NANNYML, folder, *asked)
        for name, target in [*CLASSES.items(), (PRICES, "y_true")]:
            before, after = (
                pq.read_table(Path(folder) / f"{name}-{part}.parquet") for part in ("before", "after")
            )
            for size in chunks:
                rows += _compared(f"{name}, {size}", before, after, target, size, peer[f"{name} {size}"])
    return rows


def _compared(
    title: str, before: pa.Table, after: pa.Table, target: str, size: int, peer: Estimates
) -> Iterator[Row]:
    ours, realised, known = _estimated(before, after, target, size, list(peer))
    for measure, told in peer.items():
        labels = np.array(realised[measure])
        off, their, same = (
            float(np.mean(np.abs(np.array(each) - labels)))
            for each in (ours[measure], told, np.full(len(labels), known[measure]))
        )
        yield Row(
            f"{title}: {measure}",
            f"{off:.4g}; NannyML {their:.4g}; the reference's own value {same:.4g}",
            f"no worse: {off / their:.2f}",
            off <= their * ROUNDING,
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

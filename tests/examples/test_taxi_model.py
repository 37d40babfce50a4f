"""The duration model, its file, and the reference that is built with it."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import skops.io
from examples.taxi.download import file_name
from examples.taxi.model import WEIGHTS_FILE, DurationModel, ModelFileError, build_reference_table
from examples.taxi.trips import FEATURE_COLUMNS, read_trips
from sklearn.dummy import DummyRegressor

from modelvane import Reference
from modelvane.attribution.kinds import LinearAttribution
from modelvane.attribution.ruler import AttributionRuler

if TYPE_CHECKING:
    import pyarrow as pa

CATEGORIES = ["PULocationID", "DOLocationID"]


def root_mean_squared_error(prediction: np.ndarray, target: np.ndarray) -> float:
    return float(np.sqrt(np.mean((prediction - target) ** 2)))


def test_the_model_beats_the_mean(model: DurationModel, trips: pa.Table) -> None:
    """What the model learned explains most of the spread of its own training trips."""
    target = trips["duration"].to_numpy()
    assert root_mean_squared_error(model.predict(trips.to_pylist()), target) < 0.5 * target.std()


def test_a_pair_never_seen_is_predicted_by_distance_alone(model: DurationModel) -> None:
    """Unknown pick-up/drop-off pairs give a number, the same for all of them."""
    unknown = [{"PULocationID": 264, "DOLocationID": to, "trip_distance": 3.0} for to in (264, 265)]
    first, second = model.predict(unknown)
    assert np.isfinite(first)
    assert first == second


def test_saving_and_loading_keeps_the_predictions(
    model: DurationModel, trips: pa.Table, tmp_path: Path
) -> None:
    """The loaded model predicts the very same numbers."""
    model.save(tmp_path / "model.skops")
    again = DurationModel.load(tmp_path / "model.skops")
    rows = trips.slice(0, 200).to_pylist()
    assert np.array_equal(again.predict(rows), model.predict(rows))


def test_the_weights_beside_the_file_explain_the_predictions(
    model: DurationModel, trips: pa.Table, tmp_path: Path
) -> None:
    """What the monitor computes from them adds up to the prediction minus the mean prediction of the reference."""
    model.save(tmp_path / "model.skops")
    weights = json.loads((tmp_path / WEIGHTS_FILE).read_text())
    reference = Reference.of(
        trips, also=[LinearAttribution(weights)], categorical=CATEGORIES, numerical=["trip_distance"]
    )
    ruler = reference.row_rulers["attribution"]
    assert isinstance(ruler, AttributionRuler)
    found = ruler.source.contributions(reference.encode(trips)).sum(axis=0)
    predicted = model.predict(trips.to_pylist())
    assert found == pytest.approx(predicted - predicted.mean())


def test_the_model_file_is_no_pickle(model: DurationModel, tmp_path: Path) -> None:
    """The file is an archive of a schema and arrays, and no member of it unpickles."""
    model.save(tmp_path / "model.skops")
    with zipfile.ZipFile(tmp_path / "model.skops") as archive:
        assert "schema.json" in archive.namelist()
        for name in archive.namelist():
            with pytest.raises(pickle.UnpicklingError):
                pickle.loads(archive.read(name))  # noqa: S301 - that it fails is the point


def test_a_pickle_is_not_loaded(tmp_path: Path) -> None:
    """A pickle under the model's name is refused before any of it runs."""
    path = tmp_path / "model.skops"
    path.write_bytes(pickle.dumps(Touch(tmp_path / "touched")))
    with pytest.raises(ModelFileError, match="cannot be read as a model"):
        DurationModel.load(path)
    assert not (tmp_path / "touched").exists()


def test_a_file_with_foreign_types_is_not_loaded(tmp_path: Path) -> None:
    """A skops file that holds a type nobody vouched for is refused with that type's name."""
    path = tmp_path / "model.skops"
    skops.io.dump(Touch(tmp_path / "touched"), path)
    with pytest.raises(ModelFileError, match="Touch"):
        DurationModel.load(path)


def test_a_model_of_another_kind_is_not_loaded(tmp_path: Path) -> None:
    """A trusted type that is no pipeline is refused."""
    path = tmp_path / "model.skops"
    skops.io.dump(DummyRegressor(), path)
    with pytest.raises(ModelFileError, match="holds no pipeline"):
        DurationModel.load(path)


def test_a_missing_model_file_says_how_to_get_one(tmp_path: Path) -> None:
    """The remedy names the command that trains a model."""
    with pytest.raises(ModelFileError, match=r"python -m examples\.taxi\.demo"):
        DurationModel.load(tmp_path / "none.skops")


def test_the_reference_holds_trips_predictions_and_truth(trips: pa.Table) -> None:
    """The reference has the feature columns unchanged, then prediction and target, in the trips' order."""
    reference = build_reference_table(trips)
    assert reference.column_names == [*FEATURE_COLUMNS, "prediction", "target"]
    assert reference.select(list(FEATURE_COLUMNS)).equals(trips.select(list(FEATURE_COLUMNS)))
    assert reference["target"].equals(trips["duration"])


def test_the_reference_predictions_are_out_of_fold(model: DurationModel, trips: pa.Table) -> None:
    """The reference's error is that of trips the model has not seen, so larger than on its training trips."""
    target = trips["duration"].to_numpy()
    unseen = root_mean_squared_error(build_reference_table(trips)["prediction"].to_numpy(), target)
    assert unseen > 1.2 * root_mean_squared_error(model.predict(trips.to_pylist()), target)


def test_the_documented_errors_are_those_of_the_published_months(taxi_data: Path) -> None:
    """In minutes: 5.7 on the training trips, 7.1 out of fold, 7.8 in the month that follows."""
    january, february = (read_trips(taxi_data / file_name(month)) for month in ("2021-01", "2021-02"))
    fitted = DurationModel.fit(january)
    for trips, expected in ((january, 5.7), (february, 7.8)):
        error = root_mean_squared_error(fitted.predict(trips.to_pylist()), trips["duration"].to_numpy())
        assert error == pytest.approx(expected, abs=0.1)
    reference = build_reference_table(january)
    unseen = root_mean_squared_error(reference["prediction"].to_numpy(), reference["target"].to_numpy())
    assert unseen == pytest.approx(7.1, abs=0.1)


class Touch:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path(self.path),)

"""Measures of somebody's own: found, judged, exposed, drawn and documented like the built-in ones."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelvane import Alarm, Methods, Monitor, Reference, Settings, Verdict, Window
from modelvane import divergence as own_divergence
from modelvane import statistic as own_statistic
from modelvane.catalogue import CATALOGUE
from modelvane.config import Config
from modelvane.dashboards import dashboards_of
from modelvane.divergences import DIVERGENCES
from modelvane.errors import ConfigError
from modelvane.exposition import Exposed, ModelCollector, registry_of, render
from modelvane.exposition.docs import page
from modelvane.own import forget
from modelvane.settings import Moving


def trips(rows: int, seed: int, shift: float = 0.0) -> dict[str, list[Any]]:
    """Give trips."""
    rng = np.random.default_rng(seed)
    distance = rng.gamma(2, 2, rows) + shift
    return {
        "distance": distance.tolist(),
        "zone": rng.choice(["a", "b"], rows).tolist(),
        "prediction": (3 * distance).tolist(),
        "target": (3 * distance + rng.normal(0, 1, rows)).tolist(),
    }


def measures() -> None:
    """Register one of each."""

    @own_statistic("numerical", unit="ratio", better="lower", title="Share of long ones")
    def long_share(tally: Any) -> float | None:
        """Values over the middle edge / values."""
        middle = len(tally.ruler.edges) // 2
        return float(tally.cells.dense()[0][2 * middle + 2 :].sum() / tally.n) if tally.n else None

    @own_statistic("regression", unit="column", better="lower")
    def mean_error_twice(tally: Any) -> float | None:
        """2 x mean error."""
        return 2.0 if tally.n else None

    @own_divergence("numerical", "categorical", source="half the sum of absolute differences")
    def half_difference(reference: Any, current: Any) -> float:
        return float(np.abs(reference.bins / reference.n - current.bins / current.n).sum() / 2)


def test_an_own_measure_is_found_and_judged() -> None:
    """Statistics of columns and of performance have limits; a divergence has a noise floor and a verdict."""
    measures()
    methods = Methods(numerical=("half_difference",), categorical=("half_difference",))
    reference = Reference.of(trips(3000, 1), methods=methods)
    limits = {"distance.long_share": 0.6, "mean_error_twice": 1.0}
    settings = Settings(window=Window(rows=500), alarm=Alarm.NOISE, methods=methods, thresholds=limits)
    monitor = Monitor("taxi", reference, settings)
    monitor.push(trips(500, 2))
    quiet = monitor.findings()
    monitor.push(trips(500, 3, shift=5.0))
    loud = monitor.findings()
    for name, column, before, after in (
        ("half_difference", "distance", Verdict.OK, Verdict.ALARM),
        ("half_difference", "zone", Verdict.OK, Verdict.OK),
        ("long_share", "distance", Verdict.OK, Verdict.ALARM),
        ("mean_error_twice", None, Verdict.ALARM, Verdict.ALARM),
    ):
        found = [each.get(name, column) for each in (quiet, loud)]
        assert [each.verdict for each in found if each is not None] == [before, after], name
    drift = quiet.get("half_difference", "distance")
    assert drift is not None
    assert drift.noise_floor is not None
    # the distance is that of the built-in one
    total = DIVERGENCES["total_variation"].between(
        *(side.columns["distance"].sample for side in (reference.tally, monitor.tally().rows))
    )
    moved = loud.get("half_difference", "distance")
    assert moved is not None
    assert moved.value == pytest.approx(total)


def test_an_own_measure_has_a_series_a_panel_and_a_row(tmp_path: Path) -> None:
    """It is exposed under its own name, drawn on the dashboard, and described on the page of series."""
    measures()
    reference = Reference.of(trips(500, 1))
    monitor = Monitor("taxi", reference, window=100)
    monitor.push(trips(100, 2))
    exposed = Exposed("taxi", monitor.findings())
    text = render(registry_of(ModelCollector(lambda: [exposed])))[0].decode()
    assert 'modelvane_quality_long_ratio{dataset="taxi",column="distance",segment=""}' in text
    assert 'modelvane_performance_mean_error_twice{dataset="taxi",segment=""} 2.0' in text
    assert text.index("modelvane_performance_mean_error_twice") < text.index("modelvane_quality_long_ratio")
    assert "Share of long ones" in page()
    assert "`half_difference`" in page()
    config = Config.of({"datasets": {"taxi": {"reference_file": "x.mv"}}}, tmp_path)
    queries = {
        query.expression
        for dashboard in dashboards_of(config)
        for row in dashboard.rows
        for panel in row.panels
        for query in panel.queries
    }
    assert any("modelvane_quality_long_ratio" in query for query in queries)
    assert any("modelvane_performance_mean_error_twice" in query for query in queries)


def test_a_measure_that_fails_loses_only_its_own_finding() -> None:
    """An error, no value, and a value that is not finite are undefined findings with the reason."""

    @own_statistic("numerical")
    def fails(_tally: Any) -> float:
        return 1 / 0

    @own_statistic("numerical")
    def says_nothing(_tally: Any) -> None:
        return None

    @own_statistic("numerical")
    def is_infinite(_tally: Any) -> float:
        return math.inf

    @own_statistic("numerical")
    def is_text(_tally: Any) -> str:
        return "many"

    monitor = Monitor("taxi", Reference.of(trips(500, 1)), window=100)
    monitor.push(trips(100, 2))
    found = monitor.findings()
    why = {}
    for name in ("fails", "says_nothing", "is_infinite", "is_text"):
        finding = found.get(name, "distance")
        assert finding is not None
        why[name] = (finding.verdict, finding.why)
    assert why == {
        "fails": (Verdict.UNDEFINED, "fails failed: ZeroDivisionError: division by zero"),
        "says_nothing": (Verdict.UNDEFINED, "says_nothing gives no value here"),
        "is_infinite": (Verdict.UNDEFINED, "is_infinite is not finite here"),
        "is_text": (
            Verdict.UNDEFINED,
            "is_text failed: ValueError: could not convert string to float: 'many'",
        ),
    }
    mean = found.get("mean", "distance")
    assert mean is not None
    assert mean.value is not None


@pytest.mark.parametrize("vectorised", [False, True])
def test_a_divergence_that_fails_loses_only_its_own_finding(vectorised: bool) -> None:
    """Draws on which it fails have no value, and so has the finding of a window, with the error; others stay."""

    @own_divergence("numerical", vectorised=vectorised)
    def of_many(reference: Any, current: Any) -> Any:
        if np.max(current.n) < 50:
            raise ZeroDivisionError("too few")
        return np.abs(reference.cumulative - current.cumulative).max(axis=-1)

    methods = Methods(numerical=("of_many", "kolmogorov_smirnov"))
    monitor = Monitor(
        "taxi",
        Reference.of(trips(500, 1), methods=methods),
        Settings(window=Window(rows=100), methods=methods, moving=Moving(windows=1)),
    )
    for rows in (20, 100, 20, 200):
        monitor.push(trips(rows, rows))
        found = monitor.findings()
        own, other = found.get("of_many", "distance"), found.get("kolmogorov_smirnov", "distance")
        assert own is not None
        assert other is not None
        assert other.value is not None
        if monitor.window().rows < 50:
            assert (own.verdict, own.why) == (
                Verdict.UNDEFINED,
                "of_many failed: ZeroDivisionError: too few",
            )
        else:
            assert own.value == other.value


def test_what_is_no_measure_is_refused() -> None:
    """Unknown subjects and units, names that are taken, and functions that compare nothing are said at once."""

    def mean(_tally: Any) -> float:
        return 0.0

    def biased(_reference: Any, _current: Any) -> float:
        return 1.0

    def broken(_reference: Any, _current: Any) -> float:
        raise ValueError("no")

    with pytest.raises(ConfigError, match=r"numbers.*Available: numerical"):
        own_statistic("numbers")(mean)
    with pytest.raises(ConfigError, match="of nothing"):
        own_statistic()(mean)
    with pytest.raises(ConfigError, match=r"unit.*kilometres"):
        own_statistic("numerical", unit="kilometres")(mean)
    with pytest.raises(ConfigError, match=r"<lambda>.*no series can have"):
        own_statistic("numerical")(lambda _tally: 1.0)
    with pytest.raises(ConfigError, match="There is a measure 'mean' already"):
        own_statistic("numerical")(mean)
    with pytest.raises(ConfigError, match=r"1\.0 for equal samples"):
        own_divergence("numerical")(biased)
    with pytest.raises(ConfigError, match="ValueError: no"):
        own_divergence("categorical")(broken)
    with pytest.raises(ConfigError, match="one value for each draw"):
        own_divergence("categorical", vectorised=True)(lambda_named())
    assert not {"biased", "broken", "summed"} & set(DIVERGENCES)
    # what was refused is nobody's: a module that is mended may be another
    broken.__module__ = "mended"
    with pytest.raises(ConfigError, match="ValueError: no"):
        own_divergence("categorical")(broken)


def lambda_named() -> Any:
    """Give a function that answers with one number for many draws."""

    def summed(reference: Any, current: Any) -> Any:
        return np.abs(reference.counts - current.counts).sum()

    return summed


def test_a_vectorised_divergence_is_that_of_each_draw() -> None:
    """With leading axes or one by one, the values are the same."""

    def of(name: str, *, vectorised: bool) -> Any:
        def function(reference: Any, current: Any) -> Any:
            return np.abs(reference.shares - current.shares).max(axis=-1)

        function.__name__ = function.__qualname__ = name
        own_divergence("numerical", vectorised=vectorised)(function)
        return DIVERGENCES[name]

    slow, quick = of("slow", vectorised=False), of("quick", vectorised=True)
    one = Reference.of(trips(500, 1)).tally.columns["distance"].sample
    draws = one.with_counts(np.random.default_rng(0).multinomial(100, one.shares, 50))
    assert slow.kernel(one, draws).tolist() == quick.kernel(one, draws).tolist()


def test_what_is_taken_back_is_gone() -> None:
    """Afterwards the catalogue is what it was."""
    before = list(CATALOGUE)
    measures()
    assert len(CATALOGUE) == len(before) + 3
    forget()
    assert list(CATALOGUE) == before
    assert "half_difference" not in DIVERGENCES


def test_a_config_names_modules_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of the config's folder is imported, and what it registers can be used in the same config."""
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    (tmp_path / "own_taxi_measures.py").write_text(
        "import numpy as np\nimport modelvane\n\n"
        "@modelvane.divergence('numerical')\n"
        "def largest_gap(reference, current):\n"
        "    return float(abs(reference.cumulative - current.cumulative).max())\n"
    )
    settings = {"reference_file": "x.mv", "drift": {"numerical": ["largest_gap"]}}
    config = Config.of({"datasets": {"taxi": settings}, "measures": ["own_taxi_measures"]}, tmp_path)
    assert config.settings("taxi").methods.numerical == ("largest_gap",)
    again = Config.of({"datasets": {"taxi": settings}, "measures": ["own_taxi_measures"]}, tmp_path)
    assert again.settings("taxi").methods == config.settings("taxi").methods


@pytest.mark.parametrize(
    ("source", "says"), [(None, "cannot be imported"), ("1/0", "ZeroDivisionError")], ids=["absent", "broken"]
)
def test_a_module_that_cannot_be_imported(tmp_path: Path, source: str | None, says: str) -> None:
    """It is said which module, and why."""
    name = f"own_{says[:4].strip().lower()}_module"
    if source is not None:
        (tmp_path / f"{name}.py").write_text(source)
    with pytest.raises(ConfigError, match=f"measures: {name}.*{says}"):
        Config.of({"datasets": {"taxi": {}}, "measures": [name]}, tmp_path)

"""Settings of one dataset."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from modelvane.breakdown import Breakdown
from modelvane.calibration.lines import Alarm
from modelvane.concept.detectors import OWN
from modelvane.config.alerts import DatasetAlertsSection
from modelvane.config.attribution import AttributionSection
from modelvane.config.batch import BatchSection
from modelvane.config.columns import ColumnMapping, DataFormat
from modelvane.config.fairness import FairnessSection
from modelvane.config.names import function_name
from modelvane.config.retrain import RetrainSection
from modelvane.config.section import Section
from modelvane.config.segments import Segments
from modelvane.config.versions import VersionsSection
from modelvane.methods import DEFAULTS
from modelvane.schema import FALLBACK, KS, Kind, Recommending
from modelvane.settings import BUDGET, EVERY, QUANTILE, ROWS, WINDOWS


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, Mapping) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class ReferencePeriod(StrEnum):
    """What of a reference windows are compared with."""

    WHOLE = "whole"
    """All of it."""
    HOUR_OF_WEEK = "hour_of_week"
    """What it was at the window's own hours of the week."""
    MOVING = "moving"
    """The windows before the current one, on its rulers."""
    MOVING_HOUR_OF_WEEK = "moving_hour_of_week"
    """These windows, at the current one's own hours of the week."""


_MOVING = (ReferencePeriod.MOVING, ReferencePeriod.MOVING_HOUR_OF_WEEK)
_BY_HOUR = (ReferencePeriod.HOUR_OF_WEEK, ReferencePeriod.MOVING_HOUR_OF_WEEK)


class WindowSection(Section):
    """Which rows are current."""

    rows: int | None = Field(
        None, ge=1, description=f"The last N rows; `service.window_size`, or {ROWS}, otherwise."
    )
    seconds: float | None = Field(
        None, gt=0, description="Rather the rows of the last seconds, by event time."
    )
    panes: int = Field(60, ge=1, description="Steps in which a window of seconds moves.")


class DriftSection(Section):
    """Which divergence compares which column; of several the first decides the verdict."""

    numerical: Names = Field((DEFAULTS[Kind.NUMERICAL],), description="For numerical columns.")
    categorical: Names = Field((DEFAULTS[Kind.CATEGORICAL],), description="For categorical columns.")
    columns: dict[str, Names] = Field({}, description="By column, where it differs.")


class OutlierMethod(StrEnum):
    """How rows are scored."""

    SURPRISAL = "surprisal"
    """By how improbable their cells are."""
    ISOLATION_FOREST = "isolation_forest"
    """By how few splits set them apart."""


class OutliersSection(Section):
    """Which rows are outliers, and what is told of them."""

    method: OutlierMethod = Field(
        OutlierMethod.SURPRISAL,
        description="`surprisal`: a row's score is how improbable its cells are; `isolation_forest`: how few splits "
        "set it apart, by a forest that is fitted on the reference, which takes the extra `scikit-learn`.",
    )

    quantile: float = Field(
        QUANTILE,
        gt=0,
        lt=1,
        description="A row is one when its score exceeds that of this share of the reference's own rows.",
    )
    hidden: Names = Field(
        (), description="Columns whose values are never told of an outlying row; their names and bits are."
    )


class ConceptSection(Section):
    """Whether the relation between inputs and target changed, and when."""

    detectors: Names = Field(
        tuple(OWN),
        description="What looks for the time at which errors changed: `cusum`, `page_hinkley`, and with the extra "
        "`river` also `adwin`, `hddm_a`, `hddm_w`, `fhddm`.",
    )


class MultivariateSection(Section):
    """What is asked of rows as a whole, beside what costs next to nothing."""

    classifier: bool = Field(
        False,
        description="Whether a classifier tries to tell the window's rows from the reference's; it names the columns "
        "that give them away. The reference has to be built with it: it then keeps bins and places of categories of "
        "at most 2000 rows, as otherwise of none.",
    )
    every: int = Field(EVERY, ge=1, description="Evaluations from one such try to the next.")


class RecommendationSection(Section):
    """What is known of a recommender beside its columns."""

    k: Annotated[tuple[Annotated[int, Field(ge=1, le=1000)], ...], Field(min_length=1)] = Field(
        KS, description="Lengths at which lists are held against what was chosen afterwards."
    )
    fallback: str = Field(
        FALLBACK, description="The origin of items that are served for want of better ones."
    )

    def known(self) -> Recommending:
        """Give it as the schema knows it."""
        return Recommending(tuple(sorted(set(self.k))), self.fallback)


class DatasetSection(Section):
    """One dataset."""

    column_mapping: ColumnMapping = Field(ColumnMapping(), description="Which column plays which part.")
    reference_file: Path | None = Field(
        None,
        description="Parquet, CSV, Arrow, or a saved reference (.mv), from the config's folder; "
        "`<datasets_path>/<dataset>/reference.csv` otherwise.",
    )
    reference_period: ReferencePeriod = Field(
        ReferencePeriod.WHOLE,
        description="`whole`: windows are compared with all of the reference; `hour_of_week`: with what it was at "
        "their own hours of the week, which takes a time column and two weeks or more; `moving`: with the windows "
        "before them, counted on its rulers; `moving_hour_of_week`: with what those were at its hours of the week.",
    )
    reference_windows: int = Field(
        WINDOWS,
        ge=1,
        description="With a `reference_period` that moves: how many windows before. By hour of the week as many as are "
        "some weeks.",
    )
    time_zone: str = Field("UTC", description="Whose clock tells the hours of the week.")
    data_format: DataFormat = Field(DataFormat(), description="How a CSV reference is written (2022).")
    date_column: str | None = Field(None, description="Another name for `column_mapping.datetime` (2022).")
    monitors: list[str] = Field([], description="The 2022 monitors; their series need `compat: evidently`.")
    window: WindowSection = Field(WindowSection(), description="Which rows are current.")
    drift: DriftSection = Field(DriftSection(), description="Which divergence compares which column.")
    budget: float = Field(
        BUDGET, gt=0, lt=1, description="False alarms: episodes of the dataset per window-length of new rows."
    )
    alarm: Alarm = Field(
        Alarm.USUAL,
        description="`usual`: an alarm is above the noise floor and the usual range; `noise`: above the noise floor.",
    )
    thresholds: dict[str, float] = Field(
        {},
        description="Fixed limits in place of learned ones: by column (its drift), by `column.measure` (its quality) "
        "or by measure (performance, dataset).",
    )
    segments: Segments = Field(
        (),
        description="By what everything is broken down: a column, a pair as `[one, other]`, or bins as "
        "`{column: name, bins: 4}` or `{column: name, edges: [1, 3, 10]}`.",
    )
    fairness: Annotated[tuple[FairnessSection, ...], BeforeValidator(_one_or_more)] = Field(
        (), description="Protected columns, whose groups are to be treated alike: one, or a list."
    )
    versions: VersionsSection | None = Field(
        None, description="Versions of the model that predict side by side, and which is the champion."
    )
    recommendation: RecommendationSection = Field(
        RecommendationSection(), description="What is known of a recommender beside its columns."
    )
    multivariate: MultivariateSection = Field(
        MultivariateSection(), description="How columns hang together, beyond their correlations."
    )
    outliers: OutliersSection = Field(
        OutliersSection(), description="Which rows are outliers, and what is told of them."
    )
    concept: ConceptSection = Field(
        ConceptSection(), description="Whether the relation between inputs and target changed, and when."
    )
    attribution: AttributionSection | None = Field(
        None, description="How it is known what each feature contributes to a prediction."
    )
    estimates: bool = Field(
        False,
        description="Learn how large the errors of a regression are where, to estimate them before labels come. Where "
        "the reference is built it takes scikit-learn (`modelvane[scikit-learn]`). Classifiers are estimated without.",
    )
    leave_out: Names = Field(
        (),
        description="What is not counted of whole rows, so that it costs nothing: `outliers`, or the name of another "
        "measure of several columns at once. A reference that is built here does not learn it, either.",
    )
    horizon: int | None = Field(
        None,
        ge=1,
        description="Predictions remembered for late labels, others are looked up in the log; ten windows otherwise, "
        "at most 50 000.",
    )
    model: Annotated[str, AfterValidator(function_name)] | None = Field(
        None,
        description="`package.module:function`: takes the reference as a pyarrow table and returns its predictions, "
        "where the reference has none.",
    )
    batch: BatchSection = Field(
        BatchSection(), description="The batch watch, where it differs from that at the top."
    )
    retrain: RetrainSection | None = Field(None, description="What an alert of this dataset starts.")
    alerts: DatasetAlertsSection = Field(
        DatasetAlertsSection(), description="Generated alerts, where they differ from those at the top."
    )

    @model_validator(mode="after")
    def _are_protected_once(self) -> Self:
        names = [each.column for each in self.fairness]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"fairness: {', '.join(twice)} is there twice; expected each column once")
        return self

    @property
    def broken_down_by(self) -> tuple[Breakdown, ...]:
        """By what rows are counted: the segments, and the protected columns that are none."""
        known = {each.columns for each in self.segments}
        protected = (Breakdown.of(each.column) for each in self.fairness)
        return (*self.segments, *(each for each in protected if each.columns not in known))

    @property
    def moving(self) -> int | None:
        """Windows before each that it is compared with; ``None`` for a reference that does not move."""
        return self.reference_windows if self.reference_period in _MOVING else None

    @property
    def hours(self) -> str | None:
        """The time zone of a reference by hour of the week; ``None`` for the whole."""
        return self.time_zone if self.reference_period in _BY_HOUR else None

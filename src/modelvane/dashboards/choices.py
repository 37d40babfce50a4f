"""What dashboards share: variables, annotations, and where clicks lead."""

from __future__ import annotations

from msgspec.structs import replace

from modelvane.config import Config
from modelvane.dashboards.model import Annotation, Colour, Link, Variable

PREFIX = "modelvane"
OVERVIEW = f"{PREFIX}-overview"
HEALTH = f"{PREFIX}-service-health"
DRIFT = f"{PREFIX}-drift"
QUALITY = f"{PREFIX}-quality"
PERFORMANCE = f"{PREFIX}-performance"
SEGMENTS = f"{PREFIX}-segments"
RECOMMENDER = f"{PREFIX}-recommender"
FAIRNESS = f"{PREFIX}-fairness"
ATTRIBUTION = f"{PREFIX}-attribution"
MONITOR = f"{PREFIX}-monitor"
UIDS = (OVERVIEW, HEALTH, DRIFT, QUALITY, PERFORMANCE, SEGMENTS, FAIRNESS, ATTRIBUTION, RECOMMENDER, MONITOR)
"""Of every dashboard that there can be."""
TAG = PREFIX
"""By which all of them are found in Grafana, and told from those of others."""

DATASET = Variable(name="dataset", title="Dataset", series="modelvane_ingest_rows_total", label="dataset")
COMPARED = Variable(
    name="column",
    title="Column",
    series='modelvane_drift_distance{dataset="$dataset"}',
    label="column",
    several=True,
)
METHOD = Variable(
    name="method",
    title="Method",
    series='modelvane_drift_distance{dataset="$dataset"}',
    label="method",
    several=True,
)
COLUMN = Variable(
    name="column",
    title="Column",
    series='modelvane_quality_rows{dataset="$dataset"}',
    label="column",
    several=True,
)
ONE_COLUMN = replace(COLUMN, several=False)
NUMBER = Variable(
    name="number",
    title="Numerical column",
    series='modelvane_quality_mean{dataset="$dataset"}',
    label="column",
    several=True,
)
SEGMENT = Variable(
    name="segment",
    title="Segment",
    series='modelvane_quality_rows{dataset="$dataset", segment!=""}',
    label="segment",
    several=True,
)
VERSION = Variable(
    name="version", title="Model version", series='model_info{job=~"$job"}', label="version", several=True
)

ALERTS = Annotation(
    name="Alerts",
    expression='ALERTS{alertstate="firing"}',
    title="{{alertname}} {{dataset}} {{service}}",
    text="{{severity}}",
    colour=Colour.BAD,
)


def jobs_of(config: Config) -> str:
    """Give a regular expression for the jobs of all prediction services."""
    return "|".join(each.job for each in config.services())


def watched_jobs_of(config: Config) -> str:
    """Give a regular expression for the jobs of those whose predictions are logged to a dataset."""
    return "|".join(each.job for each in config.services() if each.datasets)


def job(config: Config) -> Variable:
    """Give the choice among the prediction services."""
    return Variable(
        name="job", title="Service", series=f'up{{job=~"{jobs_of(config)}"}}', label="job", several=True
    )


def alerts_of_dataset() -> Annotation:
    """Give the alerts of the chosen dataset, and those that are of none."""
    return Annotation(
        name="Alerts",
        expression='ALERTS{alertstate="firing", dataset=~"$dataset|"}',
        title="{{alertname}} {{service}}",
        text="{{severity}}",
        colour=Colour.BAD,
    )


def deployments(jobs: str) -> Annotation:
    """Give the moments at which a model came that was not there five minutes before."""
    models = f'count by (job, name, version) (model_info{{job=~"{jobs}"}}'
    return Annotation(
        name="Deployments",
        expression=f"{models}) unless {models} offset 5m)",
        title="{{name}} {{version}}",
        text="{{job}} answers with a model that it did not have five minutes before",
        colour=Colour.PLAIN,
    )


def references() -> Annotation:
    """Give the moments at which the chosen dataset got another reference."""
    digests = 'count by (dataset, digest) (modelvane_reference_info{dataset="$dataset"}'
    return Annotation(
        name="References",
        expression=f"{digests}) unless {digests} offset 5m)",
        title="New reference",
        text="{{digest}}",
        colour=Colour.NOTICE,
    )


def evidence(config: Config, dataset: str = "${dataset:percentencode}") -> tuple[Link, ...]:
    """Give the links to the live page of a dataset, and to its report of the time that is shown."""
    return (
        Link("Live page", f"{config.monitor_url}/datasets/{dataset}"),
        Link(
            "Report of this time",
            f"{config.monitor_url}/v1/datasets/{dataset}/report"
            "?since=${__from:date:iso}&until=${__to:date:iso}",
        ),
        Link("Report of the window", f"{config.monitor_url}/v1/datasets/{dataset}/report"),
    )

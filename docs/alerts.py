"""The page of alerts, from the table of alerts and the rules of a config."""

from __future__ import annotations

from collections.abc import Iterator

from modelvane.config import AlertsSection, Config
from modelvane.rules import Alert, rules_of
from modelvane.rules.kinds import KINDS, Kind
from modelvane.rules.promql import duration

_CONFIG = """\
datasets:
  taxi:
    reference_file: january.parquet
    thresholds: {mean_absolute_error: 6.5}   # PerformanceBelowLimit
    alerts:                                  # what differs for this dataset
      severity: {DatasetDrift: page}
prediction_services:
  taxi: {target: "127.0.0.1:9696", slow_seconds: 0.1}
links:
  grafana: http://127.0.0.1:3000
alerts:
  scrape_interval: 15s                       # as in prometheus.yml
  errors: 0.05
  hold: {ServiceDown: 5min}
  severity: {SeriesBudget: none}
  webhooks: {page: "http://127.0.0.1:9000/page"}
"""

_INTRODUCTION = f"""\
# Alerts

<!-- Written by `python -m docs.generate`; a test compares. -->

`modelvane rules --config config.yaml -o prometheus/` writes three files from the config of the monitor:

| file | what |
| --- | --- |
| `modelvane.rules.yml` | recording rules and alerts, for `rule_files` of Prometheus |
| `modelvane.rules.test.yml` | tests of these rules: `promtool test rules modelvane.rules.test.yml` |
| `alertmanager.yml` | routes, inhibitions and receivers: `amtool check-config alertmanager.yml` |

```yaml
{_CONFIG}```

All settings: [`alerts`](configuration.md#alerts). Prometheus scrapes the monitor as the job `modelvane`, and each
prediction service as the job that the config gives it (its name, if none):

```yaml
rule_files: [modelvane.rules.yml]
scrape_configs:
  - job_name: modelvane
    static_configs: [{{targets: ["127.0.0.1:8085"]}}]
  - job_name: taxi
    static_configs: [{{targets: ["127.0.0.1:9696"]}}]
alerting:
  alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:9093"]}}]}}]
```

## What all have

- **Labels.** `severity` (`page`: somebody now, `ticket`: in working hours, `info`: whoever looks), and `dataset`,
  `service` or `reason` where they apply.
- **Annotations.** `summary`; `description`; `first`, what to do first; `panel`, a link to the one panel of Grafana that
  shows it (to the live page where the config names no Grafana); `evidence`, a link to the report of the dataset's
  window, by the event times that it had when the alert was evaluated, so that it shows the same rows a day later.
- **`for:`** of at least two scrapes and one `calculation_period_sec`, so that one bad round is none; and
  `keep_firing_for:` of as long, so that one scrape that fails resolves nothing (Prometheus 2.42 and later).
- **No alarm at a start.** A service that has just started, a counter that begins again, a dataset without rows
  since the start and a window that fills are in the generated tests, as cases in which nothing fires. Shares need
  `alerts.requests` requests; performance needs `alerts.labelled_rows` labelled rows; fixed limits of columns need
  `alerts.rows` rows.
- **Silence is told.** Where the monitor is down no series of a dataset is there, and no alert of one can fire: that is
  MonitorBlind.

"""

_ROUTING = """\
## Who hears of what

`alertmanager.yml` has a receiver per severity, which posts to the URL of `alerts.webhooks`, or does nothing where there
is none: then alerts are seen in Alertmanager. Alerts of datasets go to the monitor as well, at /v1/alerts, which keeps
them as events and may retrain. Alerts are grouped by name, service and dataset.

| while | these are not sent | of the same |
| --- | --- | --- |
| ServiceDown | NoPredictions, ServiceErrors, ServiceSlow | service |
| MonitorBlind, `reason` scrape or log | {datasets} | anything |
| MonitorBlind, another `reason` | {datasets} | dataset |

With `service.tokens.ingest` the monitor asks for that token: put it into the file `modelvane.token` beside
`alertmanager.yml`. The token itself is in none of the generated files. Mail, chat and pagers are Alertmanager's own
receivers: replace those of the severities in a copy, and keep `route` and `inhibit_rules`; each run writes its own
files anew, and refuses to where a file of that name is somebody else's. Where Alertmanager reaches the monitor by
another address than people do, name it in `alerts.webhooks.monitor`.

"""

_PLAN = """\
## Before an edit

```text
$ modelvane plan --config new.yaml --against config.yaml
         what      which                                             was                        will be
──────────────────────────────────────────────────────────────────────────────────────────────────────────────────
change   setting   alerts.silence                                    15min                      1h
change   setting   datasets.taxi.budget                              0.001                      0.01
add      setting   datasets.taxi.thresholds.mean_absolute_error                                 3
change   line      kolmogorov_smirnov{dataset="taxi"}
                     columns                                         3                          3
                     noise floor                                     0.1778                     0.1585
                     usual range                                     0.1209 to 0.143            0.1096 to 0.1268
change   line      g_test{dataset="taxi",column="zone"}
                     noise floor                                     0.3603                     0.3178
                     usual range                                     0.3334                     0.2639
add      series    modelvane_performance_alarm{dataset="taxi"}       0                          1
add      series    modelvane_performance_threshold{dataset="taxi"}   0                          1
change   alert     NoPredictions dataset=taxi
                     description                                     …come for more than 15m.   …come for more than 1h.
add      alert     PerformanceBelowLimit dataset=taxi

Series: 263 → 265 of 20,000 (service.limits.series): the service 16, taxi 249.
$ echo $?
1
```

Nothing is applied. Settings, lines, series, recording rules, alerts and panels are compared; exit code 0 is no change,
1 is changes, and 2 a config with which the service would not start.

- **Settings** are compared with their defaults, of datasets that both configs have. Of secrets it is told that they
  change.
- **Lines** are those of drift, of all rows, in a full window: a window of seconds has as many rows as the reference has
  in so many. They move with the budget, the alarm's kind, a limit, the window's size, the divergence, and with another
  reference. The lines of data quality, segments and rows as wholes have the same level and move alike. In panels lines
  are series, so that they follow by themselves; a dataset's first limit also changes the queries.
- **Series** are those of full windows with all labels, counted by measuring each reference against itself (one that is
  not there yet is built, as the service would), without the 2022 series of `compat`.

With `--url` series are compared with those of a running monitor instead, where a measure without a value yet counts as
added; it tells nothing of the others. `--format json` has everything in full.
"""


def page() -> str:
    """Give the page."""
    config = Config.of(
        {
            "datasets": {
                "taxi": {
                    "thresholds": {
                        "mean_absolute_error": 6.5,
                        "mean_absolute_error_difference": 2,
                        "label_coverage": 0.2,
                    },
                    "fairness": {"column": "borough"},
                    "versions": {"column": "model", "champion": "v1"},
                    "attribution": {"weights": {"trip_distance": 2.5}},
                }
            },
            "prediction_services": {"taxi": {"target": "127.0.0.1:9696"}},
        }
    )
    rules = rules_of(config)
    parts = [_INTRODUCTION, "## The alerts\n\nExpressions are those of a dataset and a service `taxi`.\n\n"]
    for kind in KINDS.values():
        parts += _kind(kind, [alert for alert in rules.alerts if alert.name == kind.name])
    parts += ["## Recorded series\n\n| series | meaning |\n| --- | --- |\n"]
    parts += [f"| `{each.name}` | {each.help} |\n" for each in rules.recordings]
    datasets = ", ".join(kind.name for kind in KINDS.values() if kind.about == "dataset")
    parts += ["\n", _ROUTING.format(datasets=datasets), _PLAN]
    return "".join(parts).rstrip() + "\n"


def _with_defaults(settings: str) -> str:
    """Say the default behind every setting that has one."""
    for name, field in AlertsSection.model_fields.items():
        settings = settings.replace(f"`alerts.{name}`", f"`alerts.{name}` ({field.default})")
    return settings or "nothing"


def _kind(kind: Kind, alerts: list[Alert]) -> Iterator[str]:
    yield f"### {kind.name}\n\n{kind.meaning}\n\n"
    yield "| severity | for | decided by |\n| --- | --- | --- |\n"
    yield f"| `{kind.severity}` | {duration(alerts[0].hold)} | {_with_defaults(kind.threshold)} |\n\n"
    for alert in alerts:
        reason = alert.labels.get("reason")
        yield f"`reason` {reason}:\n\n" if reason else ""
        yield f"```promql\n{alert.expression}\n```\n\n"
    yield f"First: {kind.first}\n\n"

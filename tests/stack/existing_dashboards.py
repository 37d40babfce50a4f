"""The queries of dashboards that people have, by what a panel shows: those of 2022, and one of a service's health.

``$dataset``, ``$feature`` and ``$class`` are the dashboards' variables.
"""

from __future__ import annotations

_DATA = "evidently:data_drift"
_CATEGORY = "evidently:cat_target_drift"
_NUMBER = "evidently:num_target_drift"
_ERRORS = "evidently:regression_performance"
_CLASSES = "evidently:classification_performance"
_SHOWN = 'dataset_name="$dataset"'
_NOW = f'{_SHOWN}, dataset="current"'

DATA_DRIFT = {
    "dataset drift": f"{_DATA}:dataset_drift{{{_SHOWN}}}",
    "share of drifted features": f"{_DATA}:share_drifted_features{{{_SHOWN}}}",
    "drifted features": f"{_DATA}:n_drifted_features{{{_SHOWN}}}",
    "features": f"{_DATA}:n_drifted_features{{{_SHOWN}}} / {_DATA}:share_drifted_features{{{_SHOWN}}}",
    "score of each feature": f"{_DATA}:p_value{{{_SHOWN}}}",
}

NUMERICAL_TARGET = {
    "rows": f"{_NUMBER}:count{{{_SHOWN}}}",
    "score of target and prediction": f"{_NUMBER}:drift{{{_SHOWN}}}",
    "correlations with the target": f'{_NUMBER}:current_correlations{{{_SHOWN}, kind="target"}}',
    "correlations with the prediction": f'{_NUMBER}:current_correlations{{{_SHOWN}, kind="prediction"}}',
}

REGRESSION = {
    metric: f'{_ERRORS}:quality{{{_NOW}, metric="{metric}"}}'
    for metric in ("mean_error", "mean_abs_error", "mean_abs_perc_error")
} | {
    metric: f'{_ERRORS}:feature_error_bias{{{_SHOWN}, feature="$feature", metric="{metric}"}}'
    for metric in ("current_over", "current_under", "current_majority")
}

CATEGORICAL_TARGET = {
    "score of target and prediction": f"{_CATEGORY}:drift{{{_SHOWN}}}",
    "rows": f"{_CATEGORY}:count{{{_SHOWN}}}",
}

CLASSIFICATION = {
    metric: f'{_CLASSES}:quality{{{_NOW}, metric="{metric}"}}'
    for metric in ("accuracy", "precision", "recall", "f1")
} | {
    "quality": f"{_CLASSES}:quality{{{_NOW}}}",
    "predicted rows": f'{_CLASSES}:class_representation{{{_NOW}, type="prediction"}}',
    "true rows": f'{_CLASSES}:class_representation{{{_NOW}, type="target"}}',
    "confusion of a class": f'{_CLASSES}:class_confusion{{{_NOW}, class_name="$class"}}',
    "quality of a class": f'{_CLASSES}:class_quality{{{_NOW}, class_name="$class"}}',
}

SERVICE = {
    "up": "up",
    "seconds per answer": (
        'http_request_duration_seconds_sum{handler!="none"} / http_request_duration_seconds_count'
    ),
    "CPU": "process_cpu_seconds_total",
    "memory": "process_resident_memory_bytes",
    "requests by status": "sum by (status) (rate(http_requests_total[5m]))",
    "requests": "increase(http_requests_total[5m])",
    "errors": 'sum(rate(http_request_duration_seconds_count{status!="2xx"}[5m]))',
    "share under 100 ms": (
        'increase(http_request_duration_seconds_bucket{le="0.1"}[5m])'
        " / ignoring (le) increase(http_request_duration_seconds_count[5m])"
    ),
    "p50": 'histogram_quantile(0.5, rate(http_request_duration_seconds_bucket{handler!="none"}[2m]))',
    "p90": 'histogram_quantile(0.9, rate(http_request_duration_seconds_bucket{handler!="none"}[5m]))',
}

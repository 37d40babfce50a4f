"""Reports of a log wherever it is, beside the service that writes it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
import yaml
from tests.cli.trips import DAY, MONDAY, modelvane, trips
from tests.stores.conftest import STORES

from modelvane.reference import Reference
from modelvane.store import open_log
from modelvane.table import Table


@pytest.mark.parametrize("store", STORES)
def test_a_report_beside_the_service(
    store: str, request: pytest.FixtureRequest, reference: Path, tmp_path: Path
) -> None:
    """Rows are read, and the round of the period is kept and replaced, while another has the log open."""
    config = tmp_path / "config.yaml"
    rows = [{key: value for key, value in row.items() if key != "target"} for row in trips(600, 2)]
    with STORES[store](request, tmp_path) as url, closing(open_log(url)) as log:
        plain = {"datasets": {"taxi": {"reference_file": str(reference)}}, "service": {"store": url}}
        config.write_text(yaml.safe_dump(plain))
        log.open("taxi", Reference.load(reference).schema)
        log.append("taxi", Table.of(rows), MONDAY)
        for _ in range(2):
            result = modelvane("report", "--config", config, "--since", "2020-09-14", "--until", "2020-09-15")
            assert result.exit_code == 0, result.output
        (found,) = log.read_findings("taxi", batches=True)
        assert (found.period, found.rows) == ((MONDAY, MONDAY + DAY), 600)

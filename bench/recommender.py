"""Building and asking the recommender, beside the usual way with dense matrices; each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from bench.figures import Row, show
from bench.load import run as load
from bench.servers import LOAD_CORE, bare_asgi, free_port, server
from rich.console import Console

Answer = list[tuple[str, float, str]]

_N = 5
_CLOSE = 1e-6  # the sparse model keeps similarities in single precision


def run(*, quick: bool = False) -> list[Row]:
    """Build both, ask both for every customer and product, and compare figures and answers."""
    from examples.reco.find import find_purchases

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = find_purchases(Console(stderr=True), synthetic_folder=folder).path
        dense, sparse = _apart("dense", lines, folder), _apart("sparse", lines, folder)
        loaded = _apart("loaded", folder / "model.npz", folder)
        different = sum(
            not _same(ours, theirs)
            for what in ("customers", "products")
            for ours, theirs in zip(
                _answers(folder, "sparse", what), _answers(folder, "dense", what), strict=True
            )
        )
        rate, floor = _over_http(folder / "model.npz", sparse["customer"], 2.0 if quick else 5.0)
    size = f"{sparse['customers']} customers x {sparse['products']} products"
    return [
        _beside(f"build, {size}", dense["seconds"], sparse["seconds"], "s", 8),
        _beside("build, processor time", dense["cpu"], sparse["cpu"], "s"),
        _beside("added peak RSS, invoices read and model built", dense["added"], sparse["added"], "MB", 8),
        Row("added peak RSS, model loaded", f"{loaded['added']:.0f} MB"),
        _beside("on disk", dense["disk"], sparse["disk"], "MB", 10),
        _beside(f"{_N} for a customer, median", dense["customer_p50"], sparse["customer_p50"], "us", 50),
        _beside(f"{_N} for a customer, p99", dense["customer_p99"], sparse["customer_p99"], "us"),
        _beside(f"{_N} for a product, median", dense["product_p50"], sparse["product_p50"], "us", 50),
        _beside(f"{_N} for a product, p99", dense["product_p99"], sparse["product_p99"], "us"),
        Row("answers of all that differ from the dense way's", str(different), "0", different == 0),
        Row("over HTTP, one core", f"{rate:.0f}/s"),
        Row("a no-op application on the same server", f"{floor:.0f}/s"),
    ]


def _beside(what: str, dense: float, ours: float, unit: str, reach: float | None = None) -> Row:
    ratio = dense / ours
    value = f"{ours:.3g} {unit}, dense {dense:.3g} {unit}: {ratio:.1f}x"
    return Row(what, value, f">= {reach:g}x", ratio >= reach) if reach else Row(what, value)


def _apart(what: str, path: Path, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.recommender", what, str(path), str(folder)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return dict(json.loads(done.stdout))


def _answers(folder: Path, way: str, what: str) -> list[Answer]:
    found: list[Answer] = json.loads((folder / f"{way}_{what}.json").read_text())
    return found


def _same(ours: Answer, theirs: Answer) -> bool:
    return [(code, origin) for code, _, origin in ours] == [
        (code, origin) for code, _, origin in theirs
    ] and all(abs(one[1] - other[1]) < _CLOSE for one, other in zip(ours, theirs, strict=True))


def _over_http(model: Path, customer: str, seconds: float) -> tuple[float, float]:
    request = f"GET /predict/user/{customer}?n={_N} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()
    rates = []
    kept = os.sched_getaffinity(0)
    for command in (
        lambda port: ["-m", "examples.reco.service", f"--model={model}", f"--port={port}"],
        bare_asgi,
    ):
        port = free_port()
        with server(command(port), port, ""):
            if len(kept) > 1:
                os.sched_setaffinity(0, {LOAD_CORE})
            rates.append(load(port, request, connections=16, seconds=seconds, rate=None)["rate"])
            os.sched_setaffinity(0, kept)
    return rates[0], rates[1]


def _resident(name: str) -> float:
    """Give a figure of this process's memory in MB: VmRSS is now, VmHWM the highest so far."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"/proc/self/status has no {name}")


class _Measured:
    """What a block took: seconds, processor seconds, and memory above what was there before."""

    def __enter__(self) -> Self:
        self._before = _resident("VmRSS"), time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        resident, cpu, wall = self._before
        self.figures = {
            "seconds": time.perf_counter() - wall,
            "cpu": time.process_time() - cpu,
            "added": _resident("VmHWM") - resident,
        }


def _asked(
    what: str, ids: Sequence[str], ask: Callable[[str, int], Any]
) -> tuple[dict[str, float], list[Any]]:
    took, answers = [], []
    for name in ids:
        started = time.perf_counter()
        answers.append(ask(name, _N))
        took.append((time.perf_counter() - started) * 1e6)
    took.sort()
    return {f"{what}_p50": took[len(took) // 2], f"{what}_p99": took[int(len(took) * 0.99)]}, answers


def _dense(path: Path, folder: Path) -> dict[str, Any]:
    from bench.dense_recommender import DenseRecommender
    from examples.reco.similar import DIGITS

    with _Measured() as build:
        model = DenseRecommender(path)
    disk = model.save(folder) / 1e6
    customers, products = model.bought.index.tolist(), sorted(model.bought.columns)
    of_customers, _ = _asked("customer", customers, model.for_customer)
    of_products, _ = _asked("product", products, model.for_product)
    # a frame in another order is slower to take rows from, so this comes after what is timed
    model.settle_ties(DIGITS)
    _, for_customers = _asked("customer", customers, model.for_customer)
    _, for_products = _asked("product", products, model.for_product)
    (folder / "dense_customers.json").write_text(json.dumps(for_customers))
    (folder / "dense_products.json").write_text(json.dumps(for_products))
    return {**build.figures, **of_customers, **of_products, "disk": disk}


def _sparse(path: Path, folder: Path) -> dict[str, Any]:
    # imports count for neither way, and pyarrow has these at its first filter
    import pandas as pd  # noqa: F401 - for its import alone
    import pyarrow.dataset  # noqa: F401 - as above
    from examples.reco.model import Recommender
    from examples.reco.purchases import Purchases, read_lines

    with _Measured() as build:
        model = Recommender.fit(Purchases.of(read_lines(path)))
    target = folder / "model.npz"
    model.save(target)
    of_customers, for_customers = _asked("customer", model.customers, model.for_customer)
    of_products, for_products = _asked("product", sorted(model.products), model.for_product)
    for name, answers in (("customers", for_customers), ("products", for_products)):
        told = [[(model.products[one.product], one.score, one.origin) for one in found] for found in answers]
        (folder / f"sparse_{name}.json").write_text(json.dumps(told))
    return {
        **build.figures,
        **of_customers,
        **of_products,
        "disk": target.stat().st_size / 1e6,
        "customers": len(model.customers),
        "products": len(model.products),
        "customer": model.customers[len(model.customers) // 2],
    }


def _loaded(path: Path, _folder: Path) -> dict[str, Any]:
    from examples.reco.model import Recommender

    with _Measured() as load_:
        Recommender.load(path)
    return load_.figures


if __name__ == "__main__":
    if len(sys.argv) > 1:
        way = {"dense": _dense, "sparse": _sparse, "loaded": _loaded}[sys.argv[1]]
        print(json.dumps(way(Path(sys.argv[2]), Path(sys.argv[3]))))
    else:
        show("The recommender, beside dense matrices", run())

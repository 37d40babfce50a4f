"""Reference files of every format that was ever written are still read.

``python -m tests.golden.test_formats`` writes the file of the present format, which is done once, when it is released.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from modelvane import Monitor, Reference
from modelvane.errors import ReferenceFileError
from modelvane.tallies import codec
from modelvane.tallies.codec import FORMAT

FORMATS = sorted((Path(__file__).parent / "formats").glob("reference-*.mvane"))


def _reference() -> Reference:
    """Build what every golden file holds."""
    rng = np.random.default_rng(2021)
    distance = rng.lognormal(0.5, 0.8, 240).round(2)
    zone = rng.choice(["74", "75", "日本"], 240)
    target = 4 * distance + rng.normal(0, 2, 240)
    return Reference.of(
        {
            "time": np.arange(240) * 60.0,
            "id": [f"trip {i}" for i in range(240)],
            "distance": [None if i == 7 else value for i, value in enumerate(distance.tolist())],
            "zone": zone,
            "flat": [3] * 240,
            "prediction": 4 * distance,
            "target": target,
        },
        segments=["zone"],
        extras={"facts": b"\x00\x01more"},
    )


def _content(data: bytes) -> bytes:
    # how well zlib packs is a matter of its version
    return data[:6] + zlib.decompress(data[6:])


def test_the_present_format_has_its_file() -> None:
    """There is a golden file for every format up to the present one."""
    assert [path.stem for path in FORMATS] == [f"reference-{version}" for version in range(1, FORMAT + 1)]


@pytest.mark.parametrize("path", FORMATS, ids=lambda path: path.stem)
def test_an_old_file_is_read(path: Path) -> None:
    """A file of an old format holds the tally of its rows, bit for bit, and gives findings with both lines."""
    old, new = Reference.load(path), _reference()
    # of format 1 rows were not scored, nor looked at together
    assert replace(old.tally, outliers=None, together={}) == replace(new.tally, outliers=None, together={})
    assert old.schema == new.schema
    assert old.period == (0, 239 * 60_000_000)
    assert old.extras == {"facts": b"\x00\x01more"}
    assert old.calibration.nulls.keys() == new.calibration.nulls.keys()
    # a habit that is learned since then is lacking in an old file
    later = {
        key
        for key in new.calibration.habits
        if key[2] in ("out_of_range_share", "tail_share") or key[2].startswith("outlier_share")
    }
    assert old.calibration.habits.keys() | later == new.calibration.habits.keys()
    monitor = Monitor("taxi", old, window=50)
    monitor.push([{"distance": 40.0 + i, "zone": "75", "flat": 3, "prediction": 20.0} for i in range(50)])
    found = monitor.findings().get("kolmogorov_smirnov", "distance")
    assert found is not None
    assert found.value == 1.0
    assert found.noise_floor is not None
    assert found.usual_range is not None
    if old.tally.outliers is not None:
        assert old.row_rulers.keys() == new.row_rulers.keys()
        # of its own rows a reference keeps no sample since then
        assert old.tally.together.keys() == new.tally.together.keys() | {"row_sample"}
        return
    lacking = monitor.findings().get("outlier_share")
    assert lacking is not None
    assert lacking.value is None
    assert lacking.why == "the reference was built before rows were scored; build it again"


def test_the_present_format_is_written_to_the_byte() -> None:
    """What is read from the present format's file is written again with the same content."""
    written = FORMATS[-1].read_bytes()
    assert _content(Reference.from_bytes(written).to_bytes()) == _content(written)


def test_a_file_that_lacks_a_part_says_what_to_do() -> None:
    """What no version can read any more is told as a file to build again, not as a missing key."""
    facts, arrays = codec.loads(_reference().to_bytes(), "reference")
    del facts["together"]["concept"]["weights"]
    with pytest.raises(ReferenceFileError, match="Build it again"):
        Reference.from_bytes(codec.dumps("reference", facts, arrays))


if __name__ == "__main__":
    folder = Path(__file__).parent / "formats"
    folder.mkdir(exist_ok=True)
    _reference().save(folder / f"reference-{FORMAT}.mvane")

"""Makes the secrets of the stack, each a file, unless they are there: ``python -m stack.passwords``.

The folder is for its owner alone. The files themselves are readable, since a container's user is another one.
"""

from __future__ import annotations

import secrets
from pathlib import Path

FOLDER = Path(__file__).parent / "secrets"

_BYTES = 24


def write(folder: Path = FOLDER) -> list[Path]:
    """Write the secrets that are missing, and give their paths."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = []
    for name in ("grafana_password", "mongodb_password"):
        written += _write(folder / name, secrets.token_urlsafe(_BYTES))
    password = (folder / "mongodb_password").read_text()
    # after its password, of which it is made
    written += _write(
        folder / "store_url", f"mongodb://modelvane:{password}@mongodb:27017/modelvane?authSource=admin"
    )
    return written


def _write(path: Path, text: str) -> list[Path]:
    if path.exists():
        return []
    path.write_text(text)
    path.chmod(0o444)
    return [path]


if __name__ == "__main__":
    for path in write():
        print(f"Written: {path}")

"""Files that commands write from a config, again and again, into folders that may hold somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from modelvane.errors import ConfigError


def write_generated(
    folder: Path, texts: Mapping[str, str], is_own: Callable[[str, str], bool]
) -> tuple[Path, ...]:
    """Write texts by file name into a folder, which is made if need be, and give their paths.

    Parameters
    ----------
    is_own
        Says by name and text whether a file that is there was written by the same command.

    Raises
    ------
    ConfigError
        When a file is somebody else's, before any is written; when the folder or a file cannot be written.
    """
    files = tuple(folder / name for name in texts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = [file.name for file in files if file.exists() and not is_own(file.name, text_of(file))]
        if others:
            raise ConfigError(
                f"{folder} has files that modelvane did not write, and would lose them",
                received=", ".join(others),
                remedy="Move them elsewhere, or write to another folder",
            )
        for file in files:
            file.write_text(texts[file.name], encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"Files cannot be written to {folder}",
            received=error.strerror,
            expected="a folder that may be written to",
        ) from error
    return files


def text_of(file: Path) -> str:
    """Give the text of a file, whatever it is."""
    return file.read_text(encoding="utf-8", errors="replace")

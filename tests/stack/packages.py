"""What an installation, or an image, has of all that is installed here; processes can be held to it.

A machine that runs the tests has every extra: what an installation with fewer lacks, nobody would miss.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from stack.local import ROOT

_OURS = "modelvane"
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
_STAGES = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)[1:]
_FOLDERS = ("bench", "docs", "examples", "stack", "tests")


def guarded_path() -> str:
    """Give the PYTHONPATH with which processes obey `hiding`."""
    guard = str(Path(__file__).with_name("guard"))
    return os.pathsep.join(filter(None, [guard, os.environ.get("PYTHONPATH")]))


def hiding(modules: Iterable[str]) -> dict[str, str]:
    """Give the variable with which a process finds none of these modules, nor do those that it starts."""
    return {"MODELVANE_TEST_HIDDEN": " ".join(sorted(modules))}


def lacking_with(extras: Iterable[str]) -> set[str]:
    """Give the modules that are installed here, and are not where these extras of the project are."""
    present = {name for name, _ in _installed(_OURS, tuple(extras), {})}
    return {
        module
        for module, owners in metadata.packages_distributions().items()
        if not present & set(map(canonicalize_name, owners))
    }


def lacking_in(target: str) -> set[str]:
    """Give the modules that are here, and are not in an image: other packages, and the project's other folders."""
    stage = next(stage for stage in _STAGES if stage.startswith(f"run AS {target}\n"))
    built = re.search(r"--from=(\S+)", stage)
    assert built is not None
    extras = re.findall(r"--extra (\S+)", next(one for one in _STAGES if f" AS {built[1]}\n" in one))
    copied = {
        Path(name)
        for names in re.findall(r"^COPY (?!.*--from)(?:--\S+ )*(.+) \S+$", stage, re.MULTILINE)
        for name in names.split()
    }
    return lacking_with(extras) | set(_not_copied(copied))


def _installed(
    name: str, extras: tuple[str, ...], seen: dict[tuple[str, tuple[str, ...]], None]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    if (name, extras) in seen:
        return
    seen[name, extras] = None
    for requirement in map(Requirement, _required(name, extras)):
        if requirement.marker is None or any(
            requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)
        ):
            list(_installed(canonicalize_name(requirement.name), tuple(sorted(requirement.extras)), seen))
    yield from seen


def _required(name: str, extras: tuple[str, ...]) -> list[str]:
    if name == _OURS:
        optional: Mapping[str, list[str]] = _PROJECT["optional-dependencies"]
        return [*_PROJECT["dependencies"], *(one for extra in extras for one in optional[extra])]
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []  # for another system than this one


def _not_copied(copied: set[Path]) -> Iterator[str]:
    for folder in map(Path, _FOLDERS):
        if folder in copied:
            continue
        inside = {path for path in copied if folder in path.parents}
        if not inside:
            yield str(folder)
            continue
        for path in (ROOT / folder).iterdir():
            if folder / path.name not in inside and (path.suffix == ".py" or (path / "__init__.py").exists()):
                yield f"{folder}.{path.stem}"

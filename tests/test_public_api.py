"""The public names: documented, importable one by one, and cheap."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import examples
import modelvane

LIBRARY = Path(__file__).resolve().parent.parent / "docs" / "library.md"
MODULES = sorted(
    module.name
    for package in (modelvane, examples)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.endswith("__main__")
)
FINDER = doctest.DocTestFinder(exclude_empty=True)


def test_public_names_are_those_documented() -> None:
    """The table of public names in docs/library.md has every public name, and no other."""
    section = LIBRARY.read_text(encoding="utf-8").partition("## Public names")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == sorted(modelvane.__all__)


def test_every_public_name_is_there() -> None:
    """Every public name can be had from the package, and `dir` lists it."""
    assert all(getattr(modelvane, name) is not None for name in modelvane.__all__)
    assert set(modelvane.__all__) <= set(dir(modelvane))


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    """An attribute that is not there is an AttributeError that names those that are."""
    with pytest.raises(AttributeError, match=r"'Refrence'.*Reference"):
        _ = modelvane.Refrence  # type: ignore[attr-defined] # that is the point


def test_import_loads_nothing_heavy() -> None:
    """`import modelvane` alone loads none of the packages that take time."""
    code = (
        "import sys, modelvane\n"
        "print(*sorted({'numpy', 'scipy', 'pyarrow', 'pydantic', 'fastapi', 'yaml'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert loaded.split() == []


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples of a module's docstrings give what they say."""
    monkeypatch.chdir(tmp_path)
    failures, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert failures == 0


def test_there_are_examples_in_docstrings() -> None:
    """The test above runs examples: enough modules have some."""
    with_examples = [
        name
        for name in MODULES
        if any(example.examples for example in FINDER.find(importlib.import_module(name)))
    ]
    assert len(with_examples) >= 20

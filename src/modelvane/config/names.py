"""Names of functions, and of files."""

from __future__ import annotations


def function_name(name: str) -> str:
    """Refuse a text that names no function of a module.

    >>> function_name("package.module:function")
    'package.module:function'
    """
    module, _, function = name.partition(":")
    if not module or not function:
        raise ValueError("no function; expected its module and its name, as package.module:function")
    return name


def function_or_file(name: str) -> str:
    """Refuse a text that names neither a function of a module nor a JSON file.

    >>> function_or_file("weights.json")
    'weights.json'
    """
    return name if is_file(name) else function_name(name)


def is_file(name: str) -> bool:
    """Whether a text names a JSON file."""
    return name.endswith(".json")

"""Names of functions."""

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

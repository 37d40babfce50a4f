"""Label values from user data, made safe."""

from __future__ import annotations

import re
from hashlib import blake2b

LONGEST = 128
_DIGEST = 8
# a lone surrogate has no UTF-8, and Prometheus' lexer ends a line at a zero byte
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")


def bounded(text: str) -> str:
    r"""Give a label value of at most 128 characters that has a UTF-8 form.

    What is too long ends in eight hexadecimal digits of its hash, so that texts of one beginning stay different; a
    zero byte or a lone surrogate is spelt out as Python spells it. Newlines, quotes and backslashes are escaped
    where they are written, not here.

    >>> bounded("a" * 200)[-12:], len(bounded("a" * 200))
    ('aaa~a955c32c', 128)
    >>> bounded("nul\0") == r"nul\x00"
    True
    """
    if len(text) <= LONGEST and text.isprintable():
        return text
    text = _UNWRITABLE.sub(lambda found: ascii(found[0])[1:-1], text)
    if len(text) <= LONGEST:
        return text
    digest = blake2b(text.encode(), digest_size=_DIGEST // 2).hexdigest()
    return f"{text[: LONGEST - _DIGEST - 1]}~{digest}"

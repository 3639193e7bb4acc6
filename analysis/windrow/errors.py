"""The one exception of the package."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class WindrowError(Exception):
    """Something the caller can mend: a file that is no result file, a name that it does not have."""


def one_of(kind: str, name: str, names: Iterable[str]) -> str:
    """`name`, or a WindrowError that tells the nearest of `names`."""
    known = [*names]
    if name in known:
        return name
    near = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean '{near[0]}'?" if near else "."
    raise WindrowError(f"no {kind} '{name}'{hint} There is: {', '.join(known) or 'none'}")

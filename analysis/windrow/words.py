"""Names and units in words: labels of axes, columns and legends."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_HOUR = 3600.0
_SHORT = {"jct", "slo", "gpu", "cpu", "ttft", "tbt", "itl", "e2e", "kv"}
_SUFFIXES = {
    "_per_s": "1/s",
    "_per_h": "1/h",
    "_s": "s",
    "_ms": "ms",
    "_h": "h",
    "_w": "W",
    "_bytes": "B",
    "_usd": "USD",
}
_SCALES = {"s": ("h", _HOUR), "GPU s": ("GPU h", _HOUR), "B": ("GiB", 2.0**30), "W": ("kW", 1e3), "J": ("kWh", 3.6e6)}


def scale(unit: str, values: npt.ArrayLike) -> tuple[str, float]:
    """Unit to draw in, and what to divide by: hours instead of many thousands of seconds."""
    known = np.abs(np.asarray(values, float))
    largest = float(np.nanmax(known)) if known.size and not np.isnan(known).all() else 0.0
    larger, factor = _SCALES.get(unit, (unit, 1.0))
    return (larger, factor) if largest >= 2 * factor else (unit, 1.0)


def label(name: str, unit: str = "") -> str:
    """`jct_mean`, `s` → `Mean JCT [s]`."""
    words = [word.upper() if word in _SHORT else word for word in name.replace(".", " ").replace("_", " ").split()]
    if len(words) > 1 and words[-1] in ("mean", "max", "min"):
        words = [words[-1], *words[:-1]]
    text = " ".join(words)
    return (text[:1].upper() + text[1:]) + (f" [{unit}]" if unit not in ("", "1") else "")


def axis_label(axis: str) -> str:
    """`work_s` → `Work [s]`: an axis has its unit in its name, if anywhere."""
    for suffix, unit in _SUFFIXES.items():
        if axis.endswith(suffix):
            return label(axis.removesuffix(suffix), unit)
    return label(axis)


def value_text(value: Any) -> str:
    """A value of an axis, without the noise of its binary digits."""
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)

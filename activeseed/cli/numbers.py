"""Numbers as people read them: few digits, powers of ten where they help, an error in its number's power."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Scale:
    """A power of ten that a column's numbers are printed in.

    Attributes:
        exponent: a multiple of three; 0 prints numbers as they are.
    """

    exponent: int

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Scale:
        """The scale in which the largest value has one to three digits before the point."""
        largest = max((abs(v) for v in values if v is not None and math.isfinite(v)), default=0.0)
        if largest == 0.0:
            return cls(0)
        exponent = 3 * math.floor(math.log10(largest) / 3 + 1e-9)
        return cls(0 if exponent == -3 and largest >= 0.1 else exponent)

    @property
    def words(self) -> str:
        return f"10{str(self.exponent).translate(_SUPERSCRIPT)}" if self.exponent else ""

    def show(self, value: float | None, digits: int = 3) -> str:
        """A number in this scale with about ``digits`` digits, or a dash."""
        if value is None or not math.isfinite(value):
            return "–"
        scaled = value / 10.0**self.exponent
        size = max(-1, math.floor(math.log10(abs(scaled)) + 1e-9)) if scaled else 0
        places = max(0, digits - 1 - size)
        text = f"{scaled:.{places}f}"
        return text.replace("-", "−") if float(text) != 0.0 else f"{0:.{places}f}"


def bar(share: float, width: int) -> str:
    """A horizontal bar in eighths of a character; something is shown for anything above zero."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    if share > 0.0:
        eighths = max(eighths, 1)
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def number(value: float | None, digits: int = 3) -> str:
    """A number that stands alone: plain where that is short, else with a power of ten."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0.0:
        return "0"
    if 0.001 <= abs(value) < 100_000:
        return f"{value:.{digits}g}".replace("-", "−") if abs(value) < min(1000, 10**digits - 0.5) else f"{value:,.0f}"
    mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
    return f"{mantissa.replace('-', '−')}×10{str(int(power)).translate(_SUPERSCRIPT)}"


def with_error(value: float | None, se: Any) -> str:
    """A number and its standard error, both in the same power of ten."""
    known = isinstance(se, int | float) and math.isfinite(se) and se > 0
    if value is None or not known or abs(value) < 1e-300:
        return number(value)
    exponent = 0 if 0.001 <= abs(value) < 1000 else math.floor(math.log10(abs(value)))
    a, b = value / 10.0**exponent, se / 10.0**exponent
    places = max(0, 1 - math.floor(math.log10(b)))
    text = f"{a:.{places}f} ±{b:.{places}f}".replace("-", "−")
    return f"({text})×10{str(exponent).translate(_SUPERSCRIPT)}" if exponent else text


def counted(n: int, thing: str) -> str:
    """``1 answer``, ``3 answers``."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def duration(seconds: float | None) -> str:
    """Seconds as people say them."""
    if seconds is None or not math.isfinite(seconds):
        return "unknown"
    if seconds < 1:
        return "under a second"
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"

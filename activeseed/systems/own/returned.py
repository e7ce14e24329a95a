"""What a trainer returned, as an outcome: P real, finite numbers, one a probe; anything else is refused in a sentence.

Nothing is turned into a number that was none: a text that looks like one, a truth value, a complex number's real part
or what lies under a mask would all be wrong results that nobody sees.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.errors import TrainingError, describe

#: kinds of numpy's types that hold no real numbers, in words
_KINDS = {
    "b": "truth values", "c": "complex numbers", "U": "texts", "S": "bytes", "M": "dates", "m": "spans of time",
}  # fmt: skip


class _NoNumbersError(Exception):
    """What was found where numbers were due, in words."""


def as_outcome(returned: Any, places: int, compare: str) -> NDArray[np.float32]:
    """(P,) float32 from what a trainer returned.

    Lists, tuples, arrays of integers or floats of any width, series, and tensors on whatever device, with or without a
    gradient, are outcomes; so are lists of such numbers.

    Raises:
        TrainingError: it is no outcome; the message says what was returned and what is due.
    """
    wanted = f"an array of {places} outcomes, one a probe, is due"
    if returned is None:
        raise TrainingError(f"the trainer returned None; {wanted}")
    try:
        values = _numbers(returned)
    except _NoNumbersError as found:
        raise TrainingError(f"the trainer returned {found}, no array of numbers; {wanted}") from None
    except Exception as error:  # a ragged list, a tensor that can't leave its device: whatever its conversion says
        why = f" ({describe(error)})" if not isinstance(error, TypeError | ValueError) else ""
        raise TrainingError(
            f"the trainer returned {type(returned).__name__}, no array of numbers{why}; {wanted}"
        ) from None
    if values.shape != (places,):
        raise TrainingError(f"the trainer returned an array of shape {values.shape}; {wanted}")
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    for bad, what in (
        (~np.isfinite(narrow), "must be finite"),
        ((values < -1e-6) | (values > 1 + 1e-6) if compare == "hellinger" else np.zeros(places, bool), "must be "
         "a probability, since compare = 'hellinger'"),
    ):  # fmt: skip
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            raise TrainingError(f"outcome {at + 1} of {places} is {values[at]:g}; it {what}")
    return narrow


def _numbers(value: Any) -> NDArray[np.float64]:
    """Real numbers as they are, in double precision; lists and arrays of objects entry by entry."""
    if isinstance(value, list | tuple):
        if all(type(entry) is float or type(entry) is int for entry in value):
            return _wide(value)
        return _wide([_entry(entry, n) for n, entry in enumerate(value, start=1)])
    if isinstance(value, np.ma.MaskedArray):
        raise _NoNumbersError("a masked array (fill it: .filled(...))")
    if isinstance(value, str | bytes | bytearray | memoryview):
        raise _NoNumbersError(type(value).__name__)
    if hasattr(value, "detach"):  # a torch tensor
        value = _fetched(value)
    array = np.asarray(value)
    if array.dtype.kind == "O":
        if array.ndim == 0:
            return _wide(_entry(array.item(), 0))
        entries = [_entry(entry, n) for n, entry in enumerate(array.ravel().tolist(), start=1)]
        return _wide(entries).reshape(array.shape)
    # Types of other libraries (bfloat16, float8) are of numpy's kind "V", as records and raw bytes are.
    if array.dtype.kind not in "iuf" and (array.dtype.kind != "V" or array.dtype.type is np.void):
        raise _NoNumbersError(_KINDS.get(array.dtype.kind, f"an array of {array.dtype}"))
    return array.astype(np.float64)


def _entry(entry: Any, number: int) -> Any:
    """One entry of a list: a number, or an array or list in its turn."""
    if isinstance(entry, float | int | np.number) and not isinstance(entry, bool | np.complexfloating | np.timedelta64):
        return entry
    if isinstance(entry, list | tuple | np.ndarray) or hasattr(entry, "detach") or hasattr(entry, "__array__"):
        return _numbers(entry)
    if isinstance(entry, bool):
        raise _NoNumbersError("truth values")
    if hasattr(entry, "__float__"):  # fractions, decimals
        return float(entry)
    name = "None" if entry is None else type(entry).__name__
    raise _NoNumbersError(f"a list with {name} as entry {number}" if number else name)


def _wide(values: Any) -> NDArray[np.float64]:
    try:
        return np.asarray(values, np.float64)
    except OverflowError:  # a whole number beyond every float
        raise _NoNumbersError("a number too large for any float") from None


def _fetched(tensor: Any) -> Any:
    """A tensor as numpy takes it: off its device and its gradient, dense, and in a precision that numpy knows."""
    tensor = tensor.detach().cpu()
    if getattr(tensor, "layout", None) is not None and "strided" not in str(tensor.layout):
        tensor = tensor.to_dense()
    floating = getattr(tensor, "is_floating_point", None)
    if callable(floating) and floating():
        tensor = tensor.double()
    return tensor.numpy()

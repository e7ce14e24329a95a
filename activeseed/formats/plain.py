"""Bytes of a file: bounded before they are in memory, decoded as UTF-8, and written whole or not at all."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from activeseed.errors import FolderError, UsageError

#: bytes that a file may have, and that what is packed in it may unpack to: far more than people judge, and less than
#: what would take a machine's memory
MAX_BYTES = 2**30
#: objects and lists in each other; whatever reads a file afterwards walks them recursively
MAX_DEPTH = 64

_MAGIC = {
    b"PAR1": ("a Parquet file", "rename it to end in .parquet"),
    b"PK\x03\x04": ("a zip archive or an office document", "save the sheet as CSV (UTF-8), or unpack the archive"),
    b"\x1f\x8b": ("compressed with gzip", "unpack it first"),
    b"%PDF": ("a PDF", "copy its text into a file that ends in .md"),
    b"\xff\xfe": ("UTF-16 text", "save it as UTF-8"),
    b"\xfe\xff": ("UTF-16 text", "save it as UTF-8"),
}


class FormatError(UsageError):
    """A file is not what its ending says. Whoever needs the file catches it, and says so in its own words."""


@contextmanager
def said_as(error: type[UsageError], prefix: str = "") -> Iterator[None]:
    """A file that is not what it should be, in the words of whoever needs it: FormatError becomes ``error``."""
    try:
        yield
    except FormatError as found:
        raise error(f"{prefix}{found}") from found


def existing_file(path: str | os.PathLike[str], endings: tuple[str, ...] = ()) -> Path:
    """The path, once it is known to be a file. Raises FormatError with the nearest file, or the folder's files."""
    file = Path(path)
    try:
        if file.is_file():
            return file
    except (OSError, ValueError) as error:  # a name that is too long, or holds a NUL; a folder that may not be entered
        why = getattr(error, "strerror", None) or error
        raise FormatError(f"{str(file)[:300]!r}: can't be read ({why}). Check the path and its permissions.") from error
    if file.is_dir():
        inside = sorted(p.name for p in file.iterdir() if p.suffix.lower() in endings)
        hint = f" It holds: {', '.join(inside[:5])}." if inside else " It holds no file of a known format."
        raise FormatError(f"{file}: this is a folder; give a file.{hint}")
    if file.exists():
        raise FormatError(f"{file}: this is a pipe or a device, which can be read only once. Save it to a file first.")
    if not file.parent.is_dir():
        raise FormatError(f"{file}: there is no folder {str(file.parent)!r}. Check the path.")
    close = difflib.get_close_matches(file.name, [p.name for p in file.parent.iterdir()], n=1, cutoff=0.5)
    hint = f" Did you mean {str(file.parent / close[0])!r}?" if close else f" Looked in {str(file.parent.resolve())!r}."
    raise FormatError(f"{file}: no such file.{hint}")


def read_bytes(file: Path) -> bytes:
    """A file's bytes. Raises FormatError for one that can't be read, or is larger than ``MAX_BYTES``."""
    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise FormatError(
                f"{file}: it has {size / 2**30:.2g} GiB; the limit is {MAX_BYTES / 2**30:g} GiB. Split it, or leave "
                "out what is not needed."
            )
        return file.read_bytes()
    except OSError as error:
        raise FormatError(f"{file}: can't be read ({error.strerror}). Check its permissions.") from error


def decode(file: Path, data: bytes) -> str:
    """UTF-8 with or without a byte-order mark. Raises FormatError with the byte offset and line of the first bad byte,
    or with what the file is instead.
    """
    for magic, (what, remedy) in _MAGIC.items():
        if data.startswith(magic):
            raise FormatError(f"{file}: this is {what}, not {file.suffix[1:] or 'UTF-8 text'}; {remedy}.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Offsets of utf-8-sig are counted after the mark.
        offset = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        line = data.count(b"\n", 0, offset) + 1
        raise FormatError(
            f"{file.name}:{line}: byte 0x{data[offset]:02x} at offset {offset} is not UTF-8 ({error.reason}). "
            "Save the file as UTF-8."
        ) from error


def write_whole(file: Path, data: bytes) -> None:
    """Write a file so that whoever reads it at any moment sees the old content or the new. Raises FolderError."""
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
            mode = file.stat().st_mode if file.exists() else 0o666 & ~_umask()
            os.chmod(name, mode)
            os.replace(name, file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FolderError(
            f"{file}: can't be written ({error.strerror}). Check the folder and its permissions."
        ) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

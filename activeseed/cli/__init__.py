"""The command line: parse, then configure, then study, then print. It decides nothing that the library does not."""

from __future__ import annotations

import sys


def main() -> None:
    """The console script. Exits 0 on success, 2 on a mistake in the input, 1 on any other failure, 130 on Ctrl-C."""
    try:
        from activeseed.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


__all__ = ["main"]

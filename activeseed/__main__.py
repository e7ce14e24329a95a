"""``python -m activeseed``: the command line, also where no script was installed."""

from activeseed.cli import main

if __name__ == "__main__":
    try:
        main()
    finally:
        # CPython notes a Ctrl-C that falls into an executed string (every dataclass that is made is one), and under
        # `-m` dies of it at the very end, though it was caught. The next executed string takes the note away.
        exec("")

"""``python -m activeseed``: the command line, also where no script was installed."""

from activeseed.cli import main

if __name__ == "__main__":
    main()

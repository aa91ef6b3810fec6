"""`python -m loadkit` is the `loadkit` command."""

from loadkit.cli.main import main

if __name__ == "__main__":
    main()

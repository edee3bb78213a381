"""`python -m rolltrain_tui` is `rolltrain`."""

from rolltrain_tui.cli.main import main

if __name__ == "__main__":
    main()

"""What stands behind the verbs of the command line; `rolltrain_tui.cli` is their table of contents."""

"""`rolltrain bench`: the same model and data trained by a bare PyTorch loop, by the headless campaign and by the game in a terminal.

Each contestant lives in a process of its own and trains only when it is granted a block of turns; blocks alternate, so all share the
machine's moods, and the ratios of medians can be trusted where milliseconds cannot.
"""

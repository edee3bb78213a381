"""`rolltrain bench`: the same model and data trained by a bare PyTorch loop, by the headless campaign and by the game in a terminal.

Each contestant is a separate process that trains only when it is granted a block of turns. The blocks alternate, so changes in machine
speed hit all contestants alike, and the ratios of medians stay reliable.
"""

"""Whether torchrun, or another launcher of its kind, has started this process as one of several. It loads no torch."""

import os

NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def launched() -> bool:
    """Whether a launcher has told this process its rank, and where the others are met."""
    return all(os.environ.get(name) for name in NEEDED)


def rank() -> int:
    """Its number among them; the first is 0."""
    return int(os.environ["RANK"])


def world_size() -> int:
    """How many processes there are."""
    return int(os.environ["WORLD_SIZE"])


def first_here() -> bool:
    """Whether it is the first of this machine's. They all have the same command line, so this one speaks for them."""
    return not launched() or int(os.environ.get("LOCAL_RANK") or 0) == 0


def starts_anew() -> bool:
    """Whether torchrun starts all ranks once more if this one fails."""
    return attempt() < int(os.environ.get("TORCHELASTIC_MAX_RESTARTS") or 0)


def attempt() -> int:
    """How often torchrun has started the ranks anew, because one of them had died."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT") or 0)

"""What a server loads before it forks workers. Nothing else imports this module."""

import atexit
import os
import warnings

warnings.filterwarnings("ignore", "Failed to initialize NumPy", UserWarning)

import torch  # noqa: E402, F401 (the filter comes first)


def _leave(server: int) -> None:
    """End the server at once. Python's own exit takes a second to unload torch, and readers of the server's streams would wait for it."""
    if os.getpid() == server:
        os._exit(0)


atexit.register(_leave, os.getpid())

"""Loads torch without its words about a missing NumPy, which is not needed: for a server that forks workers."""

import warnings

warnings.filterwarnings("ignore", "Failed to initialize NumPy", UserWarning)

import torch  # noqa: E402, F401 (the filter comes first)

"""rolltrain: a role-playing game in which every turn is one real optimiser step of a real PyTorch model.

Importing the package imports neither torch nor textual; those who need them import them.
"""

__version__ = "0.1.0"

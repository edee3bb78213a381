"""Whether a package that only some runs need is installed, without loading it."""

import importlib.util


def installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ValueError:  # it is loaded, and does not say from where
        return True

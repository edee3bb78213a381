"""Whether a package that only some runs need is installed, without loading it."""

import sys
from importlib.util import find_spec


def installed(package: str) -> bool:
    if package in sys.modules:
        return sys.modules[package] is not None
    return find_spec(package) is not None

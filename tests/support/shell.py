"""What the command line answers."""

from typing import NamedTuple


class Answer(NamedTuple):
    code: int
    out: str
    err: str

"""What a model wrote, as a command."""

import re

_FOREIGN = re.compile(r"[^A-Za-z0-9 .?'\-]")


def cleaned(written: str) -> str:
    """The characters that a command may have: ASCII letters, digits, space and . ? ' -. "endoftext", GPT-2's last token, goes too."""
    return _FOREIGN.sub("", written).replace("endoftext", "")


def says_something(written: str) -> bool:
    """Whether a command has begun: a letter or digit was written. A stop character before it does not end the command."""
    return any(char.isalnum() for char in cleaned(written))

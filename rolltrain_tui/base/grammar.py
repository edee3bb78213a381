"""Grammar of sentences that are put together from parts."""


def capital(words: str) -> str:
    """With a capital at the beginning, and the rest as it is."""
    return words[:1].upper() + words[1:]


def counted(number: int, noun: str, many: str = "") -> str:
    """ "1 turn", "2 turns". `many`: the plural where it is not the noun with an s."""
    return f"{number} {noun if number == 1 else many or noun + 's'}"

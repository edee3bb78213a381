"""Keys by their place: on a keyboard of another alphabet the key of `q` sends another letter, and means `q` all the same.

A terminal tells which letter was typed, and not which key. For each alphabet the letters stand in the places of the US keyboard's.
"""

from typing import Any

from textual.app import App
from textual.events import Event, Key

_PLACES = "qwertyuiopasdfghjklzxcvbnm"
_ALPHABETS = (
    "йцукенгшщзфывапролдячсмить",  # Russian, and the letters that other Cyrillic alphabets share with it
    "\0\0\0\0\0\0\0\0\0\0\0і\0\0\0\0\0\0\0\0\0\0\0\0\0\0",  # Ukrainian, Belarusian
    "\0ςερτυθιοπασδφγηξκλζχψωβνμ",  # Greek
    "/'קראטוןםפשדגכעיחלךזסבהנמצ",  # Hebrew
    "ضصثقفغعهخحشسيبلاتنمئءؤر\0ىة",  # Arabic
)
_LATIN = {letter: place for letters in _ALPHABETS for letter, place in zip(letters, _PLACES, strict=True) if not letter.isascii()}


def by_place(event: Event, app: App[Any]) -> Event:
    """A typed key as it was meant. Where a text is typed (into an Input, which a start need not load to know) letters are letters."""
    if not isinstance(event, Key) or hasattr(app.focused, "insert_text_at_cursor"):
        return event
    return on_the_latin_keyboard(event)


def on_the_latin_keyboard(key: Key) -> Key:
    """The key in that place of the US keyboard, where a letter of another alphabet was typed; else the key as it is."""
    typed = key.character or ""
    latin = _LATIN.get(typed.lower(), "")
    if not latin:
        return key
    letter = latin if typed == typed.lower() else latin.upper()
    return Key(letter, letter)

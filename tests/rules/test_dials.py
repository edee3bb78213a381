"""Dials: what a kind of training lets the player change; who may turn them, and to what."""

import pytest

from rolltrain_tui.protocol.dials import Dial, refusal

DIALS = (
    Dial(name="warmth", title="Warmth", words="it gets warmer", choices=("low", "high", "own"), low=0, high=2),
    Dial(name="steps", title="Steps", words="it walks", choices=("1", "2"), low=1, high=9, whole=True),
    Dial(name="shake", title="Shake", words="it is shaken once"),
    Dial(
        name="friends",
        title="Friends",
        words="they come along",
        choices=("ann", "bob", "cy"),
        several=True,
        closed=(("eve", "she is away"),),
    ),
    Dial(name="voice", title="Voice", words="it sings", choices=("on", "off"), unavailable="it has none"),
)


@pytest.mark.parametrize(
    ("dial", "value"),
    [("warmth", "low"), ("warmth", "1.25"), ("warmth", "0"), ("steps", "7"), ("shake", ""), ("friends", "bob"), ("friends", "ann, cy")],
)
def test_what_is_offered_can_be_had(dial: str, value: str) -> None:
    """A choice, a number within the bounds, several choices where several can be had, nothing where it takes no value."""
    assert refusal(DIALS, dial, value) == ""


@pytest.mark.parametrize(
    ("dial", "value", "words"),
    [
        ("warmth", "hot", "Warmth cannot be 'hot'; it can be low, high or own, or any number from 0 to 2."),
        ("warmth", "nan", "Warmth cannot be 'nan'"),
        ("warmth", "2.5", "Warmth cannot be '2.5'"),
        ("warmth", "", "Which value? Warmth can be low, high or own"),
        ("steps", "1.5", "any whole number from 1 to 9"),
        ("shake", "hard", "Shake takes no value; write `shake` alone."),
        ("friends", "ann, dan", "it can be ann, bob or cy; several with commas between them."),
        ("friends", ",", "Friends cannot be"),
        ("friends", "ann, eve", "Friends cannot be eve here: she is away."),
        ("voice", "on", "Voice cannot act on this training: it has none."),
        ("warmht", "low", "There is no dial 'warmht'; did you mean warmth?"),
        ("zzz", "", "There is no dial 'zzz'. There are warmth, steps, shake, friends, voice."),
    ],
)
def test_a_refusal_says_what_can_be_had_instead(dial: str, value: str, words: str) -> None:
    """Each refusal is a sentence with what is wrong and what can be asked for."""
    assert words in refusal(DIALS, dial, value)


def test_a_training_without_dials_says_so() -> None:
    """Nothing can be turned where there is nothing."""
    assert refusal((), "gamma", "0.9") == "This kind of training has no dials to turn."

"""The number that a foreign loop is measured by: from its name and the direction in which it improves, in any library's words."""

from collections.abc import Iterable

from rolltrain_tui.protocol.objective import Better, Objective

LOSS = Objective(unit="")
"""What evaluations measure where nobody says otherwise: the loop's own loss, in whatever unit it has."""
_WORDS: dict[str, Better] = {"lower": "lower", "higher": "higher", "min": "lower", "max": "higher"}
_SMALLER_IS_BETTER = ("loss", "error", "perplexity", "mae", "mse", "rmse", "wer", "cer", "fid", "nll", "bpb", "bpc")
_PREFIXES = ("eval_", "val_", "valid_", "validation_", "test_", "eval/", "val/", "valid/", "validation/", "test/")


def objective_of(name: str | None, better: str | None) -> Objective:
    """`better` is "lower" or "higher" ("min", "max"); it may be left out for a loss. ValueError where it is not known."""
    if name is None and better is None:
        return LOSS
    if name is not None and (not isinstance(name, str) or not name):
        raise ValueError(f"the name of a metric must be a word such as 'accuracy', not {name!r}")
    plain = _plain(name or "loss")
    if better is None:
        if not plain.lower().endswith(_SMALLER_IS_BETTER):
            raise ValueError(f"say which way {name!r} improves: better='higher' or better='lower'")
        better = "lower"
    if better not in _WORDS:
        raise ValueError(f"better must be 'lower' or 'higher', not {better!r}")
    if plain.lower() == "loss" and _WORDS[better] == "lower":
        return LOSS
    return Objective(name=plain.replace("_", " "), unit="", better=_WORDS[better], of_loss=False)


def _plain(name: str) -> str:
    """The name without the word for the data that it was measured on."""
    found = next((prefix for prefix in _PREFIXES if name.startswith(prefix) and len(name) > len(prefix)), "")
    return name.removeprefix(found)


def same_measure(saved: Objective, asked: Objective) -> None:
    """ValueError where a saved game follows another number than this training."""
    if saved != asked:
        raise ValueError(f"The saved game follows the {saved.name}, and this training the {asked.name}.")


class Expected:
    """One name among the metrics of each evaluation, and whether it was ever heard."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.heard = False
        self._there: set[str] | None = None

    def miss(self, there: Iterable[str]) -> None:
        """An evaluation came without it."""
        self._there = (self._there or set()) | set(there)

    def never_heard(self) -> str:
        """After an evaluation: the sentence about a name that was never heard; "" otherwise."""
        if self.heard or self._there is None:
            return ""
        return (
            f"no evaluation has told {self.name!r}, so the game hears of none; there are {', '.join(sorted(self._there)) or 'no metrics'}"
        )

"""TextWorld's games behind the protocol of worlds; an extra. They are for playing and for examinations: they are slow.

In the house's style a room is told in the sentences of the built-in worlds, so that a model which learnt there can be examined here.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any
from weakref import finalize

from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.modes.dungeon.worlds import foreign
from rolltrain_tui.modes.dungeon.worlds.completion import plain
from rolltrain_tui.modes.dungeon.worlds.protocol import Observation, State
from rolltrain_tui.modes.dungeon.worlds.settings import unknown
from rolltrain_tui.modes.dungeon.worlds.themes import DIRECTIONS

INSTALL = "TextWorld is not installed; pip install 'rolltrain-tui[textworld]'"
STYLES = ("own", "house")
ASKED = ("feedback", "description", "inventory", "won", "lost", "admissible_commands", "policy_commands", "score", "max_score", "objective")
_END = "*** The End ***"
CHALLENGES: Mapping[str, Mapping[str, Any]] = {
    "coin_collector": {"level": 5},
    "treasure_hunter": {"level": 5},
    "simple": {"rewards": "dense", "goal": "detailed", "test": False},
    "cooking": {
        "recipe": 1, "take": 1, "go": 6, "open": True, "cook": True, "cut": False, "drop": False, "recipe_seed": 0, "split": None,
    },
}  # fmt: skip
"""TextWorld's kinds of games with their settings, each of which may be changed."""


def library(name: str = "textworld") -> Any:
    """A module of TextWorld. ValueError where it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ValueError(INSTALL) from error


class TextWorldGame:
    """One compiled game. It follows `World`; its state is the list of commands so far."""

    def __init__(self, path: Path, seed: int, title: str, style: str = "own", maker: object = None) -> None:
        """`maker` keeps the file while the game is held. ValueError where there is no game that TextWorld can play."""
        if style not in STYLES:
            raise ValueError(unknown("style", style, STYLES))
        textworld = library()
        self.seed, self.title, self._style, self._maker = seed, title, style, maker
        try:
            self._game = textworld.start(str(path), textworld.EnvInfos(**dict.fromkeys(ASKED, True)))
        except Exception as error:  # whatever a game file of a stranger brings about
            raise ValueError(f"TextWorld cannot play {printable(path)}: {type(error).__name__}; give a .z8 file that it made") from error
        self.close = finalize(self, self._game.close)
        """It is called at the program's end at the latest: a game that is never closed complains there."""
        self.reset()

    @property
    def objective(self) -> str:
        return foreign.sentences(self._told.get("objective"))

    @property
    def max_score(self) -> int:
        return foreign.number(self._told.get("max_score"))

    @property
    def moves(self) -> int:
        return len(self._commands)

    @property
    def place(self) -> str:
        return self._place

    @property
    def advice(self) -> str:
        return next(iter(foreign.commands(self._told.get("policy_commands"))), "") if not self._over else ""

    @property
    def state(self) -> State:
        return tuple(self._commands)

    def restore(self, state: State) -> Observation:
        """Plays the commands again from the beginning."""
        seen = self.reset()
        for command in state:
            if not isinstance(command, str) or not (seen := self.step(command)).accepted:
                raise ValueError(f"the state is not one of the world {self.title}; it was saved in another world")
        return seen

    def reset(self) -> Observation:
        self._told: Any = self._game.reset()
        self._commands: list[str] = []
        self._ways: dict[tuple[str, str], str] = {}
        """(room, direction) -> the room behind, as far as it was seen."""
        self._place, self._over = "", False
        self.walkthrough = foreign.commands(self._told.get("policy_commands"))
        return self._observed("", "")

    def step(self, command: str) -> Observation:
        wanted = plain(command)
        chosen = next((known for known in self._admissible if wanted in (known, known.lower())), None)
        if chosen is None:
            reason = "The game is over." if self._over else f"{foreign.sentences(wanted)[:40] or 'This'} is not possible here."
            return self._seen._replace(feedback=reason, accepted=False)
        self._told, _, self._over = self._game.step(chosen)
        self._over = bool(self._over)
        self._commands.append(chosen)
        return self._observed(foreign.sentences(self._told.get("feedback")), chosen)

    def _observed(self, feedback: str, command: str) -> Observation:
        told, before = self._told, self._place
        description = foreign.sentences(told.get("description"))
        self._place = foreign.room(told.get("description")) or before
        direction = command.removeprefix("go ")
        if direction in DIRECTIONS and before and self._place != before:
            self._ways[before, direction] = self._place
            self._ways[self._place, DIRECTIONS[(DIRECTIONS.index(direction) + 2) % 4]] = before
        feedback = feedback.replace(description or _END, "").partition(_END)[0].strip()
        won, lost = bool(told.get("won")), bool(told.get("lost"))
        self._over = self._over or won or lost
        self._admissible = () if self._over else self._offered(told.get("admissible_commands"))
        inventory = foreign.sentences(told.get("inventory"))
        if self._style == "house":
            description, inventory = self._in_our_words(), inventory.replace("You are carrying", "You carry").replace(": ", " ", 1)
        elif self._place:
            description = f"You are in the {self._place}. {description}"
        score = foreign.number(told.get("score"))
        feedback = feedback or (f"You {command}." if command else "")
        self._seen = Observation(feedback, description, inventory, self._admissible, score, True, self._over, won, lost)
        return self._seen

    def _offered(self, given: object) -> tuple[str, ...]:
        """Each command once; in the house's style without those that built-in worlds do not know."""
        found = dict.fromkeys(foreign.commands(given))
        return tuple(c for c in found if self._style == "own" or not c.startswith(("examine ", "inventory")))

    def _in_our_words(self) -> str:
        """The room as a built-in world would tell it, as far as the admissible commands show it."""
        exits = [c.removeprefix("go ") for c in self._admissible if c.startswith("go ")]
        marked = [f"{name} (visited)" if (self._place, name) in self._ways else name for name in exits]
        things = [c.removeprefix("take ") for c in self._admissible if c.startswith("take ") and " from " not in c]
        closed = [c.removeprefix("open ") for c in self._admissible if c.startswith("open ")]
        lying = f" You see {', '.join(f'a {thing}' for thing in things)}." if things else ""
        return f"You are in the {self._place}. Exits: {', '.join(marked) or 'none'}.{lying}" + "".join(
            f" The {name} is closed." for name in closed
        )


class TextWorlds:
    """Makes and compiles games of one of TextWorld's kinds, one file for each seed. It follows `Maker`."""

    vocabulary: tuple[str, ...] = ()

    def __init__(self, challenge: str, *, folder: str | Path | None = None, style: str = "own", **settings: Any) -> None:
        """`folder` keeps the compiled games, seconds of work each; without it they go with the program. ValueError for what is unknown."""
        if challenge not in CHALLENGES:
            raise ValueError(unknown("TextWorld game", challenge, tuple(CHALLENGES)))
        for name in settings:
            if name not in CHALLENGES[challenge]:
                raise ValueError(unknown(f"setting of {challenge}", name, tuple(CHALLENGES[challenge])))
        library()
        self._challenge, self._style = challenge, style
        self._settings = {**CHALLENGES[challenge], **settings}
        self._folder = Path(mkdtemp(prefix="rolltrain-textworld-") if folder is None else folder)
        if folder is None:
            finalize(self, rmtree, self._folder, ignore_errors=True)

    def __call__(self, seed: int) -> TextWorldGame:
        """ValueError where TextWorld refuses the settings."""
        spelled = "-".join(str(value) for value in self._settings.values())
        path = self._folder / f"{self._challenge}-{spelled}-{seed}.z8"
        if not path.exists():
            self._compile(path, seed)
        return TextWorldGame(path, seed, f"TextWorld's {self._challenge.replace('_', ' ')}, seed {seed}", self._style, self)

    def batch(self, seeds: Iterable[int]) -> list[TextWorldGame]:
        """A game of each seed."""
        return [self(seed) for seed in seeds]

    def _compile(self, path: Path, seed: int) -> None:
        options = library().GameOptions()
        options.seeds, options.path = seed, str(path)
        make: Callable[..., Any] = library("textworld.challenges.registration").CHALLENGES[f"tw-{self._challenge}"][1]
        try:
            library("textworld.generator").compile_game(make(self._settings, options), options)
        except Exception as error:  # TextWorld raises many kinds, for settings and for a compiler that fails
            raise ValueError(f"TextWorld cannot make {path.stem}: {type(error).__name__}: {foreign.sentences(str(error))[:200]}") from error


class TextWorldFile:
    """One game from a file, whatever the seed. It follows `Maker`."""

    vocabulary: tuple[str, ...] = ()

    def __init__(self, path: Path, style: str = "own") -> None:
        if not path.is_file():
            raise ValueError(f"there is no game {printable(path)}; give a .z8 file that TextWorld made")
        self._path, self._style = path, style

    def __call__(self, seed: int) -> TextWorldGame:
        return TextWorldGame(self._path, seed, f"TextWorld's {foreign.sentences(self._path.stem)[:40]}", self._style)

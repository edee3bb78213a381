"""TextWorld's games behind the protocol of worlds; an extra. They are for playing and for examinations: they are slow.

In its own style a game is compiled, which takes seconds, and speaks TextWorld's text. In the house's style TextWorld plays it without its
text, and the room is told in the sentences of the built-in worlds: `house_style.py`. It is the same game, made in a second or less.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any
from weakref import finalize

from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.modes.dungeon.worlds import foreign, house_style
from rolltrain_tui.modes.dungeon.worlds.completion import plain
from rolltrain_tui.modes.dungeon.worlds.protocol import Observation, State
from rolltrain_tui.modes.dungeon.worlds.settings import unknown
from rolltrain_tui.modes.dungeon.worlds.themes import DIRECTIONS

INSTALL = "TextWorld is not installed; pip install 'rolltrain-tui[textworld]'"
STYLES = ("own", "house")
ASKED = (
    "feedback", "description", "inventory", "won", "lost", "admissible_commands", "policy_commands", "score", "max_score", "objective",
    "facts",
)  # fmt: skip
UNTOLD, COMPILED = ".json", ".z8"
"""Files of games: as TextWorld's generator has them, without its text, and compiled."""
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
        self.seed, self.title, self._maker = seed, title, maker
        self._untold = path.suffix == UNTOLD
        self._style = "house" if self._untold else style
        try:
            self._game = textworld.start(str(path), textworld.EnvInfos(**dict.fromkeys(ASKED, True)))
        except Exception as error:  # whatever a game file of a stranger brings about
            raise ValueError(f"TextWorld cannot play {printable(path)}: {type(error).__name__}; give a .z8 file that it made") from error
        self.close = finalize(self, self._game.close)
        """Called at the program's end at the latest, because TextWorld complains of a game that is never closed."""
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
        """The game's own next command, as it is called here."""
        best = next(iter(foreign.commands(self._told.get("policy_commands"))), "") if not self._over else ""
        return next((ours for ours, theirs in self._offered.items() if theirs == best), best)

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
        self._rooms: set[str] = set()
        """Where the player has been."""
        self._place, self._over = "", False
        self.walkthrough = foreign.commands(self._told.get("policy_commands"))
        return self._observed("", "")

    def step(self, command: str) -> Observation:
        wanted = plain(command)
        chosen = next((ours for ours, theirs in self._offered.items() if wanted in (ours, ours.lower(), theirs.lower())), None)
        if chosen is None:
            reason = "The game is over." if self._over else f"{foreign.sentences(wanted)[:40] or 'This'} is not possible here."
            return self._seen._replace(feedback=reason, accepted=False)
        self._told, _, self._over = self._game.step(self._offered[chosen])
        self._over = bool(self._over)
        self._commands.append(chosen)
        return self._observed(foreign.sentences(self._told.get("feedback")), chosen)

    def _observed(self, feedback: str, command: str) -> Observation:
        told = self._told
        won, lost = bool(told.get("won")), bool(told.get("lost"))
        self._over = self._over or won or lost
        possible = () if self._over else tuple(dict.fromkeys(foreign.commands(told.get("admissible_commands"))))
        known = house_style.facts(told.get("facts")) if self._style == "house" else ()
        shown = self._by_its_text(possible, command) if not known else house_style.told(known, possible, self._rooms)
        self._place, self._offered = shown.place, shown.commands
        self._rooms.add(shown.place)
        if self._untold:
            feedback = ""
        feedback = feedback.replace(foreign.sentences(told.get("description")) or _END, "").partition(_END)[0].strip()
        feedback = feedback or (f"You {command}." if command else "")
        score = foreign.number(told.get("score"))
        self._seen = Observation(feedback, shown.description, shown.inventory, tuple(shown.commands), score, True, self._over, won, lost)
        return self._seen

    def _by_its_text(self, possible: tuple[str, ...], command: str) -> house_style.Told:
        """The room as TextWorld's own text has it."""
        told, before = self._told, self._place
        description, inventory = (foreign.sentences(told.get(part)) for part in ("description", "inventory"))
        place = foreign.room(told.get("description")) or before
        direction = command.removeprefix("go ")
        if direction in DIRECTIONS and before and place != before:
            self._ways[before, direction] = place
            self._ways[place, DIRECTIONS[(DIRECTIONS.index(direction) + 2) % 4]] = before
        if self._style == "house":
            return house_style.guessed(place, possible, inventory, self._ways)
        return house_style.Told(
            place, f"You are in the {place}. {description}" if place else description, inventory, {c: c for c in possible}
        )


class TextWorlds:
    """Makes games of one of TextWorld's kinds, one file for each seed. It follows `Maker`."""

    vocabulary: tuple[str, ...] = ()

    def __init__(self, challenge: str, *, folder: str | Path | None = None, style: str = "own", **settings: Any) -> None:
        """`folder` keeps the games; without it they go with the program. ValueError for what is unknown."""
        if challenge not in CHALLENGES:
            raise ValueError(unknown("TextWorld game", challenge, tuple(CHALLENGES)))
        for name in settings:
            if name not in CHALLENGES[challenge]:
                raise ValueError(unknown(f"setting of {challenge}", name, tuple(CHALLENGES[challenge])))
        library()
        self._challenge, self._style = challenge, style
        self._settings = {**CHALLENGES[challenge], **settings}
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
        self._folder = Path(mkdtemp(prefix="rolltrain-textworld-") if folder is None else folder)
        if folder is None:
            finalize(self, rmtree, self._folder, ignore_errors=True)

    def __call__(self, seed: int) -> TextWorldGame:
        """ValueError where TextWorld refuses the settings."""
        spelled = "-".join(str(value) for value in self._settings.values())
        path = self._folder / f"{self._challenge}-{spelled}-{seed}{UNTOLD if self._style == 'house' else COMPILED}"
        if not path.exists():
            self._make(path, seed)
        return TextWorldGame(path, seed, f"TextWorld's {self._challenge.replace('_', ' ')}, seed {seed}", self._style, self)

    def _make(self, path: Path, seed: int) -> None:
        options = library().GameOptions()
        options.seeds, options.path = seed, str(path)
        make: Callable[..., Any] = library("textworld.challenges.registration").CHALLENGES[f"tw-{self._challenge}"][1]
        try:
            if path.suffix == UNTOLD:
                part = path.with_name(f"{os.getpid()}-{path.name}")  # another program may make the same game
                with _without_compiler():
                    make(self._settings, options).save(str(part))
                part.replace(path)
            else:
                library("textworld.generator").compile_game(make(self._settings, options), options)
        except Exception as error:  # TextWorld raises many kinds, for settings and for a compiler that fails
            raise ValueError(f"TextWorld cannot make {path.stem}: {type(error).__name__}: {foreign.sentences(str(error))[:200]}") from error


@contextmanager
def _without_compiler() -> Iterator[None]:
    """TextWorld's maker tries a walkthrough in a game that it compiles for it. Here it tries it in the same game without a text."""
    maker = library("textworld.generator.maker").GameMaker

    def saved(self: Any, path: str) -> str:
        untold = str(Path(path).with_suffix(UNTOLD))
        self.build().save(untold)
        return untold

    compiled, maker.compile = maker.compile, saved
    try:
        yield
    finally:
        maker.compile = compiled


class TextWorldFile:
    """One game from a file, whatever the seed. It follows `Maker`."""

    vocabulary: tuple[str, ...] = ()

    def __init__(self, path: Path, style: str = "own") -> None:
        if not path.is_file():
            raise ValueError(f"there is no game {printable(path)}; give a .z8 file that TextWorld made")
        self._path, self._style = path, style

    def __call__(self, seed: int) -> TextWorldGame:
        return TextWorldGame(self._path, seed, f"TextWorld's {foreign.sentences(self._path.stem)[:40]}", self._style)

"""The public surface of TextWorld that the dungeon uses, with games of three rooms in a row; hostile on request."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

BANNER = "\n   $$$  \\|__|\nWelcome to TextWorld! "
ROOMS = ("Kitchen", "Attic", "Old Vault")
WAY = ["go north", "go north", "take coin"]


@dataclass
class FakeGame:
    """`hostile` stands in every text and among the commands."""

    hostile: str = ""
    closed: int = 0
    at: int = 0
    won: bool = False
    opened: list[str] = field(default_factory=list)

    def state(self, feedback: str) -> dict[str, Any]:
        room = f"-= {ROOMS[self.at]}{self.hostile} =-\nIt is dark.{self.hostile}\n\n\n" + ("There is a coin." if self.at == 2 else "")
        commands = (
            ["go north"] * (self.at < 2)
            + ["go south"] * (self.at > 0)
            + ["take coin"] * (self.at == 2)
            + ["examine coin", "inventory", "look"]
        )
        return {
            "feedback": f"{feedback}{self.hostile}\n\n{room}\n\n>      -= {ROOMS[self.at]} =-0/1",
            "description": room,
            "inventory": f"You are carrying: a lamp.{self.hostile}",
            "admissible_commands": commands + [self.hostile] * bool(self.hostile),
            "policy_commands": WAY[self.at :],
            "objective": f"Find the coin.{self.hostile}",
            "score": int(self.won),
            "max_score": 1,
            "won": self.won,
            "lost": False,
            "facts": self.facts(),
        }

    def facts(self) -> list[SimpleNamespace]:
        """As the game knows them: rooms from south to north; a locked door and a chest in the first, a coin on a bed in the last."""
        kitchen, attic, vault = (f"{name.lower()}{self.hostile}" for name in ROOMS)
        coin = ("in", "coin", "I") if self.won else ("on", "coin", "bed")
        rows = [
            ("at", "P", (kitchen, attic, vault)[self.at]), ("north_of", attic, kitchen), ("south_of", kitchen, attic),
            ("north_of", vault, attic), ("south_of", attic, vault), ("link", kitchen, "red door", "yard"), ("east_of", "yard", kitchen),
            ("locked", "red door"), ("at", "chest", kitchen), ("closed", "chest"), ("at", "bed", vault), coin, ("in", "lamp", "I"),
        ]  # fmt: skip
        return [SimpleNamespace(name=name, arguments=[SimpleNamespace(name=thing) for thing in things]) for name, *things in rows]

    def reset(self) -> dict[str, Any]:
        self.at, self.won = 0, False
        return self.state(BANNER)

    def step(self, command: str) -> tuple[dict[str, Any], int, bool]:
        self.at += {"go north": 1, "go south": -1}.get(command, 0)
        self.won = command == "take coin"
        return self.state("You take it. *** The End *** Would you like to QUIT?" if self.won else ""), int(self.won), self.won

    def close(self) -> None:
        self.closed += 1


@dataclass
class FakeMade:
    """A game that is made and not yet compiled."""

    settings: dict[str, Any]
    seed: int

    def save(self, path: str) -> None:
        Path(path).write_bytes(b"game")


class Library:
    """What was made and started through it."""

    def __init__(self) -> None:
        self.hostile = ""
        self.games: list[FakeGame] = []
        self.compiled: list[FakeMade] = []

    def start(self, path: str, infos: object) -> FakeGame:
        if not Path(path).read_bytes().startswith(b"game"):
            raise RuntimeError("not a story file")
        self.games.append(FakeGame(self.hostile))
        return self.games[-1]

    def make(self, settings: dict[str, Any], options: Any) -> FakeMade:
        if settings.get("level", 1) < 1:
            raise ValueError("level must be positive\x1b[2J")
        return FakeMade(settings, options.seeds)

    def compile_game(self, game: FakeMade, options: Any) -> None:
        self.compiled.append(game)
        Path(options.path).write_bytes(b"game")


def installed(monkeypatch: pytest.MonkeyPatch) -> Library:
    """A library in the place of TextWorld."""
    library = Library()
    names = ("", ".generator", ".generator.maker", ".challenges", ".challenges.registration")
    modules = {f"textworld{name}": ModuleType(f"textworld{name}") for name in names}
    top: Any = modules["textworld"]
    top.GameOptions, top.EnvInfos, top.start = type("GameOptions", (), {}), lambda **asked: asked, library.start
    generator: Any = modules["textworld.generator"]
    generator.compile_game = library.compile_game
    maker: Any = modules["textworld.generator.maker"]
    maker.GameMaker = type("GameMaker", (), {"compile": library.compile_game})
    registration: Any = modules["textworld.challenges.registration"]
    registration.CHALLENGES = {
        f"tw-{name}": ("", library.make, None) for name in ("coin_collector", "treasure_hunter", "simple", "cooking")
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return library

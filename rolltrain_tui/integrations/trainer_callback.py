"""What the callbacks for other people's Trainers share: one session at a time, and the commands that wait for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rolltrain_tui.integrations.session.begin import begin_session
from rolltrain_tui.integrations.session.metrics import Expected
from rolltrain_tui.integrations.session.session import Session
from rolltrain_tui.integrations.session.talk import Once, Say, teller
from rolltrain_tui.integrations.terms.terms import Terms
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.objective import Objective


class TrainerGame:
    """The game of a callback. A training never ends for what the game cannot do: it warns, each kind once."""

    _expected: Expected
    """The number that the game follows."""
    _objective: Objective

    def _prepare(self, terms: Terms, camp_every: int, name: str | None, tell: Say | None) -> None:
        self._terms, self._camp_every, self._name, self._tell = terms, camp_every, name, tell
        self.game: Session | None = None
        """The session, while training goes on and after it. Copies of the callback leave it out."""
        self._waiting: list[Command] = []
        self._once = Once()

    def _session(self, model: Any, optimizer: Any, *, turns: float | None, root: str) -> Session:
        """A game of `turns` turns, whose chronicle is in `root`/rolltrain."""
        game = begin_session(
            model,
            optimizer,
            self._terms,
            turns=None if turns is None else max(1, int(turns)),
            camp_every=self._camp_every,
            name=self._name,
            folder=Path(root) / "rolltrain",
        )
        game.measure_by(self._objective)
        game.tell = teller(self._tell if game.ranks.first else None, self._objective)
        return game

    def put(self, command: Command) -> None:
        """Queue a command for the next turn that begins. From any thread."""
        if self.game is None:
            self._waiting.append(command)
        else:
            self.game.put(command)

    @property
    def _live(self) -> Session | None:
        """The game that is going on. A second one on the same optimiser closes the first."""
        return self.game if self.game is not None and self.game.underway else None

    def _break_off(self, loss: float | None) -> None:
        """Training ended in an exception. A step that was taken before it, with this `loss`, is told, unless others train too."""
        if (game := self._live) is not None:
            if game.stepped and game.ranks.size == 1:
                game.end(loss)
            game.close()

    def _warn_of_the_last(self) -> None:
        """Where a game was played before, and the next one does not go on with it."""
        if self.game is not None and (turn := self.game.turn_number):
            over = f"a new game begins from turn 0, and the last one is over after turn {turn}"
            self._once.warn("again", f"{over}; to go on with a game, resume from a checkpoint")

    def _play(self, game: Session) -> None:
        """Play this game from now on."""
        for command in self._waiting:
            game.put(command)
        self._waiting.clear()
        self.game = game

    def _evaluated(self, game: Session, metrics: Mapping[str, Any]) -> None:
        if (value := metrics.get(self._expected.name)) is None:
            self._expected.miss(metrics)
        else:
            self._expected.heard = True
            game.evaluated(float(value))

    def _ask_for_the_metric(self, remedy: str) -> None:
        if words := self._expected.never_heard():
            self._once.warn("metric", f"{words}: {remedy}")

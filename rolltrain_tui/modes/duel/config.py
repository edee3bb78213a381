"""What a campaign file says about learning the duel."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, ValidationInfo, field_validator

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.config.section import Section, wrong, wrong_field, wrong_in
from rolltrain_tui.config.training_sections import DeviceConfig, OptimizerConfig, uncompiled
from rolltrain_tui.config.yaml_marks import Where
from rolltrain_tui.modes.duel.dials import dials_of
from rolltrain_tui.modes.duel.players.names import AGENTS, FIXED, HOSTS, OLDER, RIVAL, SAVED, Role, other
from rolltrain_tui.protocol.dials import Dial
from rolltrain_tui.protocol.objective import Objective

NOBODY = wrong("names nobody", "name at least one player")
NAMES = (*dict.fromkeys((*HOSTS, *AGENTS)), RIVAL, OLDER)
_SCHEMA: dict[str, Any] = {"anyOf": [{"type": "string", "enum": list(NAMES)}, {"type": "string", "pattern": f"^{SAVED}."}]}
_A: Mapping[Role, str] = {"host": "a host", "agent": "an agent"}
Opponent = Annotated[str, Field(max_length=1000, json_schema_extra=_SCHEMA)]


def _saved(name: str) -> bool:
    return name.startswith(SAVED) and bool(name.removeprefix(SAVED).strip())


class GameConfig(Section):
    """The game."""

    dimension: Annotated[int, Field(ge=2, le=8)]
    """Coordinates of a point; the host has 2^d - d - 1 moves."""
    points: Annotated[int, Field(ge=2, le=64)]
    """Points at the start, before those inside the polytope fall away."""
    highest: Annotated[int, Field(ge=1, le=1_000_000)]
    """Coordinates at the start are whole numbers from 0 to this, each as likely."""
    polytope: Literal["pareto", "hull"]
    """Which points stay; pareto: those that no other one is below; hull: the corners of the Newton polytope."""
    limit: Annotated[int, Field(ge=2, le=10_000)]
    """Moves after which a game is stopped, and counts as unfinished."""


class TableConfig(Section):
    """Who plays, and how experience is gathered."""

    hero: Literal["host", "agent"]
    """The role that the turns train."""
    opponents: Annotated[list[Opponent], Field(max_length=64)]
    """The pool: each game of training is against one of them, drawn as it begins; named twice is drawn twice as often. Agents for a host:
    random, first, last; hosts for an agent: random, random_pairs, all, zeillinger; rival, older where a rival learns too; and saved:FOLDER,
    the network of a run, whose newest save counts, or of one of its saves. The folder may be relative to this file's."""
    judges: Annotated[list[Opponent], Field(max_length=16)]
    """Fixed players against whom evaluations are played, from the same starts each time."""
    games: Annotated[int, Field(ge=1, le=100_000)]
    """Games of training that are played side by side."""
    every: Annotated[int, Field(ge=1, le=1_000_000)]
    """Turns between moves of these games: each then advances by one move."""
    initial: Annotated[int, Field(ge=1, le=10_000_000)]
    """Transitions that are played before the first turn."""
    buffer: Annotated[int, Field(ge=2, le=10_000_000)]
    """Transitions that the replay buffer keeps, the newest; more than games, batch.transitions and initial."""
    permute: StrictBool
    """Renumber the coordinates of every replayed transition at random: the game does not care how they are numbered."""

    @field_validator("opponents", "judges")
    @classmethod
    def _they_sit_on_the_other_side(cls, names: list[str], info: ValidationInfo) -> list[str]:
        hero: Role | None = info.data.get("hero")
        if not names:
            raise NOBODY
        if hero is None:
            return names
        learn = (RIVAL, OLDER) if info.field_name == "opponents" else ()
        own = (*FIXED[other(hero)], *learn)
        faults = [
            ((i,), name, wrong(f"is no opponent of {_A[hero]}", f"name {_A[other(hero)]}: {' or '.join(own)}"))
            for i, name in enumerate(names)
            if name not in own and not (learn and _saved(name))
        ]
        if faults:
            raise wrong_in(*faults)
        return names


class NetworkConfig(Section):
    """The network that rates the moves."""

    kind: Literal["moves", "set", "layers"]
    """moves: each move by itself, in no order of points or coordinates; set: the points in no order; layers: the points in a row."""
    width: Annotated[int, Field(ge=1, le=4096)] | None
    """Units of the layers, for kind moves and set; null for layers."""
    layers: list[Any] | None
    """For kind layers: widths such as 64, b for a batch norm, r64 for a residual block, {repeat: 2, net_arch: [...]}; else null."""
    relu_first: StrictBool
    """For kind layers: a ReLU on the points themselves, as the original has it; then a point that is gone looks like the origin."""

    @field_validator("width")
    @classmethod
    def _layers_have_their_own_widths(cls, width: int | None, info: ValidationInfo) -> int | None:
        kind = info.data.get("kind")
        if kind in ("moves", "set") and width is None:
            raise wrong(f"a network of kind {kind} needs it", "write a number such as 64")
        if kind == "layers" and width is not None:
            raise wrong("a network of kind layers has its widths in the list", "write null here, or kind: set")
        return width

    @field_validator("layers")
    @classmethod
    def _only_layers_have_a_list(cls, layers: list[Any] | None, info: ValidationInfo) -> list[Any] | None:
        kind = info.data.get("kind")
        if kind == "layers" and layers is None:
            raise wrong("a network of kind layers needs it", "write a list such as [64, 64]")
        if kind in ("moves", "set") and layers is not None:
            raise wrong(f"a network of kind {kind} has no list of layers", "write null here, or kind: layers")
        return layers


class LearningConfig(Section):
    """Deep Q-learning."""

    gamma: Annotated[float, Field(ge=0, le=1)]
    """Discount: what a reward is worth one move earlier."""
    double: StrictBool
    """true: the next move is chosen by the network that learns, and rated by the target network (double DQN); false: both by the target."""
    target_every: Annotated[int, Field(ge=1)]
    """Turns between updates of the target network; 1 with tau 1: no target network."""
    tau: Annotated[float, Field(gt=0, le=1)]
    """How far it then goes towards the network that learns; 1: all the way."""
    reward: Annotated[str, Field(min_length=1, max_length=100)]
    """ending: the host earns 1, the agent loses 1, where a move ends the game; stall: the agent earns 1 elsewhere; or a package's."""


class DecayConfig(Section):
    """A value by turns t: constant: initial; exponential: initial rate^t + final (1 - rate^t); inverse: rate / (t + rate / initial)."""

    mode: Literal["constant", "exponential", "inverse"]
    """How the value changes."""
    rate: Annotated[float, Field(gt=0, le=1_000_000)]
    """exponential: what is left of the distance after each turn; inverse: see above; constant does not use it."""
    final: Annotated[float, Field(ge=0, le=1)]
    """exponential: where it ends; the others do not use it."""

    def value(self, initial: float, turn: int) -> float:
        """At a turn."""
        if self.mode == "constant":
            return initial
        if self.mode == "exponential":
            return initial * self.rate**turn + self.final * (1 - self.rate**turn)
        return self.rate / (turn + self.rate / initial) if initial else 0.0

    @field_validator("rate")
    @classmethod
    def _exponential_does_not_grow(cls, rate: float, info: ValidationInfo) -> float:
        if info.data.get("mode") == "exponential" and rate > 1:
            raise wrong("would make an exponential schedule grow without end", "use a rate of at most 1, such as 0.999")
        return rate


class ExplorationConfig(DecayConfig):
    """Part of the hero's moves of training that are random, by turns."""

    initial: Annotated[float, Field(ge=0, le=1)]
    """At the start."""


OLDER_ECHO = 0.06
"""`RivalConfig.echo` of campaigns that state none. Healthy runs with a pool reach 0.10, with four coordinates 0.23."""


class RivalConfig(Section):
    """A network of the other role that learns beside the hero, with the hero's settings and one plain step a turn."""

    learning_rate: Annotated[float, Field(gt=0)]
    """Adam's learning rate at the start."""
    decay: DecayConfig | None = None
    """How its learning rate changes by turns; null, or left out as in older files: it stays."""
    exploration: ExplorationConfig | None = None
    """Part of its own moves of training that are random; null, or left out as in older files: as the hero's."""
    opponents: Annotated[list[Opponent], Field(max_length=64)]
    """Its own pool; rival: the hero as it is now, older: one of the hero's older selves."""
    copy_every: Annotated[int, Field(ge=1)]
    """Turns between the copies of both networks that become older selves."""
    copies: Annotated[int, Field(ge=1, le=100)]
    """Older selves that are kept, the newest."""
    echo: Annotated[float, Field(ge=0, le=1)] = OLDER_ECHO
    """How far behind its best the hero may be, as a share of the limit; beyond, it counts as sick. Left out as in older files: 0.06."""

    @field_validator("opponents")
    @classmethod
    def _someone_plays(cls, names: list[str]) -> list[str]:
        if not names:
            raise NOBODY
        return names


class BatchConfig(Section):
    """How much experience one turn replays."""

    transitions: Annotated[int, Field(ge=1, le=1_000_000)]
    """Per micro-batch."""
    accumulation: Annotated[int, Field(ge=1, le=4096)]
    """Micro-batches per turn; their mean gradient makes one optimiser step."""


class DuelConfig(CampaignConfig):
    """One adventure in which a host or an agent learns to play."""

    kind: Literal["duel"]
    """What is trained; duel: a host or an agent at the polyhedra game."""
    game: GameConfig
    table: TableConfig
    network: NetworkConfig
    passes: Literal["asked", "packed", "padded"] = "padded"
    """How networks of kind moves and set are computed; values differ in their last bits. padded, or left out as in older files: with as
    many places for points as the longest board needs; packed: with living points alone (kind moves: for a host only); asked: so too, and
    of kind moves only for the move that was made and the best that may follow."""
    learning: LearningConfig
    exploration: ExplorationConfig
    rival: RivalConfig | None
    """null: only the hero learns."""
    optimizer: OptimizerConfig
    decay: DecayConfig
    """How the learning rate changes by turns, beginning at optimizer.learning_rate."""
    batch: BatchConfig
    device: DeviceConfig

    @field_validator("rival")
    @classmethod
    def _learning_opponents_are_there(cls, rival: RivalConfig | None, info: ValidationInfo) -> RivalConfig | None:
        if (table := info.data.get("table")) is None:
            return rival
        learn = sorted({name for name in table.opponents if name in (RIVAL, OLDER)})
        if rival is None and learn:
            raise wrong(f"is null, and table.opponents names {' and '.join(learn)}", "describe a rival, or name fixed players only")
        if rival is not None:
            # The rival sits on the other side: a host's rival is an agent, whose opponents are hosts
            own = (*FIXED[table.hero], RIVAL, OLDER)
            faults = [
                (("opponents", i), name, wrong("is no opponent of the rival", f"name {_A[table.hero]}: {' or '.join(own)}"))
                for i, name in enumerate(rival.opponents)
                if name not in own and not _saved(name)
            ]
            if faults:
                raise wrong_in(*faults)
        return rival

    @field_validator("batch")
    @classmethod
    def _the_buffer_is_large_enough(cls, batch: BatchConfig, info: ValidationInfo) -> BatchConfig:
        if (table := info.data.get("table")) is None:
            return batch
        if batch.transitions > table.buffer:
            what = f"is more than table.buffer, which keeps {table.buffer}"
            raise wrong_field(batch, "transitions", what, "make the buffer larger, or the batch smaller")
        return batch

    @field_validator("table")
    @classmethod
    def _the_buffer_holds_a_move(cls, table: TableConfig) -> TableConfig:
        if table.games >= table.buffer:
            what = f"must be more than games, which is {table.games}: each move brings as many"
            raise wrong_field(table, "buffer", what, "make it larger, or play fewer games")
        if table.initial > table.buffer:
            what = f"is more than buffer, which keeps {table.buffer}"
            raise wrong_field(table, "initial", what, "play fewer, or make the buffer larger")
        return table

    _nothing_is_compiled = field_validator("device")(uncompiled("is not served for so small a network"))

    @property
    def objective(self) -> Objective:
        """The bar is the expert of the hero's role; the limit is a game of one move."""
        host = self.table.hero == "host"
        return Objective(
            name="share of the move limit",
            unit="",
            better="lower",
            step=0.5,
            digits=3,
            limit=1 / self.game.limit if host else 0.0,
            of_loss=False,
            surrogate=True,
            par="Zeillinger" if host else "the agent that chooses first",
        )

    def file_faults(self, base: Path) -> Iterator[tuple[Where, str]]:
        """Without what only the networks themselves could say."""
        for where, role, name in self.saved_opponents:
            try:
                self.saved_opponent(name, role, base)
            except ValueError as error:
                yield where, str(error)

    @property
    def saved_opponents(self) -> Iterator[tuple[Where, Role, str]]:
        """Each saved network that a pool names: the place in the campaign, the role that it plays, and the name."""
        hero = self.table.hero
        pools: list[tuple[Where, Role, list[str]]] = [(("table", "opponents"), other(hero), self.table.opponents)]
        if self.rival is not None:
            pools.append((("rival", "opponents"), hero, self.rival.opponents))
        for where, role, pool in pools:
            yield from (((*where, place), role, name) for place, name in enumerate(pool) if _saved(name))

    def saved_opponent(self, name: str, role: Role, base: Path) -> tuple[Self, bytes]:
        """Campaign and weights of the run of this name, whose path is relative to `base`. SavedNetworkError where it cannot sit here."""
        from rolltrain_tui.modes.duel.players.saved_runs import SavedNetworkError, read

        path = base / Path(name.removeprefix(SAVED)).expanduser()
        config, weights = read(path)
        if not isinstance(config, type(self)):
            raise SavedNetworkError(f"{printable(path)} is a run of kind {config.kind}, which plays no duel; name one of kind duel")
        if role != config.table.hero and config.rival is None:
            raise SavedNetworkError(f"{printable(path)} has learned as {config.table.hero}, and this pool needs a network of the {role}")
        if config.game.dimension != self.game.dimension:
            own, here = config.game.dimension, self.game.dimension
            raise SavedNetworkError(f"{printable(path)} has learned with {own} coordinates, and games of this campaign have {here}")
        if config.network.kind == "layers" and config.game.points < self.game.points:
            own, here = config.game.points, self.game.points
            raise SavedNetworkError(f"{printable(path)} reads at most {own} points, and games of this campaign begin with {here}")
        return config, weights

    @property
    def heavy(self) -> tuple[str, ...]:
        return "batch.transitions", "network.width", "table.games", "table.buffer", "game.points"

    def recipe(self, data_sha256: str) -> Mapping[str, Any]:
        """See `CampaignConfig.recipe`. Without passes, which differ in last bits alone, and the echo: older ghosts do not name them."""
        found = {name: value for name, value in super().recipe(data_sha256).items() if name != "passes"}
        if (rival := found["rival"]) is not None:
            found["rival"] = {name: value for name, value in rival.items() if name != "echo"}
        return found

    @property
    def micro_batches(self) -> int:
        return self.batch.accumulation

    @property
    def highest(self) -> Mapping[str, float]:
        return {**super().highest, "echo": self.rival.echo} if self.rival is not None else super().highest

    @property
    def dials(self) -> tuple[Dial, ...]:
        fixed = FIXED[other(self.table.hero)]
        return dials_of((*fixed, RIVAL, OLDER) if self.rival is not None else fixed)

    def card(self) -> Mapping[str, str]:
        game, table = self.game, self.table
        learns = f"the {table.hero}" + (", and a rival" if self.rival is not None else "")
        shape = self.network
        network = f"layers {shape.layers}" if shape.kind == "layers" else f"{shape.kind}, {shape.width} wide"
        return {
            "Game": f"{counted(game.points, 'point')}, {counted(game.dimension, 'coordinate')}, at most {counted(game.limit, 'move')}",
            "Learns": learns,
            "Against": ", ".join(dict.fromkeys(table.opponents)),
            "Network": network,
            "Optimiser": f"{self.optimizer.name}, learning rate {self.optimizer.learning_rate:g}",
        }

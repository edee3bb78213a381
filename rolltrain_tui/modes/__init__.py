"""The kinds of training, one folder each, and the table of them. Nothing else in the package asks what is trained."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from rolltrain_tui.base.blame import ForeignError
from rolltrain_tui.base.memory import enough_memory
from rolltrain_tui.base.promises import hold, kept
from rolltrain_tui.base.registry import Registry, RowError, check_named
from rolltrain_tui.config.dtypes import left_open
from rolltrain_tui.protocol.learner import Learner

if TYPE_CHECKING:
    from rolltrain_tui.config.schema import CampaignConfig
    from rolltrain_tui.rules.health.signals import Signal
    from rolltrain_tui.rules.monsters.monster import Monster


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """What the rest of the package must know of a kind of training. Names are dotted ("package.module:name") and imported when needed."""

    name: str
    """As a campaign file says it: `kind: supervised`."""
    title: str
    """What is trained, for lists: "A language model learns from a text"."""
    config: str
    """The class of its campaigns, a `CampaignConfig` with the mode's own sections."""
    build: str
    """A function (config, *, base: Path) -> Learner. `base` is the folder that the campaign's own paths are relative to."""
    template: str = ""
    """A complete, commented campaign: a shipped one by its name, or dotted: a text, or a function that gives it. "": there is none."""
    fitted: str = ""
    """A function (model: Path, data: Path, folder: Path) -> a campaign for them, to lie in `folder`. "": this kind makes its own model."""
    expert: str = ""
    """A function (learner, sequences) -> Evaluation of an expert: its line is then the ghost. "": the ghost is plain training."""
    sitting: str = ""
    """A function (learner, when) -> a function () -> a Textual screen on which the player takes part, with what is trained as it is now.

    The first is called between two turns, and must copy what it keeps; `when` is such as "turn 120". "": there is nothing to take part in.
    A screen with a property `orders` has the `TurnDial` orders that the player gives the run when he is back.
    """
    probes: str = ""
    """A module of questions that `compare --probes` asks of a finished run. "": there are none."""
    signals: str = ""
    """A tuple of the `Signal` rows that its examination tells besides those of all modes. Other packages bring theirs by entry points."""
    monsters: str = ""
    """A tuple of the `Monster` rows that those signals bring, where monsters are diagnosed. "": none of its own."""
    ranks: str = ""
    """A function (config, how many, shards) -> why so many processes cannot train it together, "" where they can. "": one process only."""


def check_mode(name: str, row: object) -> Mode:
    """The row, if it is a mode of this name whose parts are named in words. RowError."""
    if not isinstance(row, Mode):
        raise RowError(f"it must be a rolltrain_tui.plugins.Mode, not a {type(row).__name__}")
    texts = [row.title, row.config, row.build, row.template, row.fitted, row.expert, row.sitting, row.probes, row.signals, row.monsters]
    texts.append(row.ranks)
    for text in texts:
        if not isinstance(text, str) or not text.isprintable():
            raise RowError("every text of a mode must be one line of printable characters")
    check_named(name, row)
    return row


MODES: Registry[Mode] = Registry(
    "rolltrain.modes",
    (
        Mode(
            name="supervised",
            title="A language model learns from a text",
            config="rolltrain_tui.modes.text.config:TextConfig",
            build="rolltrain_tui.modes.text.build:build",
            template="tiny_gpt",
            probes="rolltrain_tui.modes.text.probes",
            ranks="rolltrain_tui.modes.text.build:why_not_on_ranks",
        ),
        Mode(
            name="finetune",
            title="A Hugging Face model from a folder learns on",
            config="rolltrain_tui.modes.finetune.config:FinetuneConfig",
            build="rolltrain_tui.modes.finetune.build:build",
            template="rolltrain_tui.modes.finetune.survey:template",
            fitted="rolltrain_tui.modes.finetune.survey:fitted",
        ),
        Mode(
            name="duel",
            title="A host or an agent learns to play a game",
            config="rolltrain_tui.modes.duel.config:DuelConfig",
            build="rolltrain_tui.modes.duel.build:build",
            expert="rolltrain_tui.modes.duel.build:zeillinger_at_the_table",
            template="duel_first",
            sitting="rolltrain_tui.tui.duel.sit:sit",
            signals="rolltrain_tui.modes.duel.bestiary:SIGNALS",
            monsters="rolltrain_tui.modes.duel.bestiary:MONSTERS",
        ),
        Mode(
            name="dungeon",
            title="A language model learns to play text adventures",
            config="rolltrain_tui.modes.dungeon.config:DungeonConfig",
            build="rolltrain_tui.modes.dungeon.build:build",
            template="dungeon_first",
            signals="rolltrain_tui.modes.dungeon.bestiary:SIGNALS",
            monsters="rolltrain_tui.modes.dungeon.bestiary:MONSTERS",
            sitting="rolltrain_tui.tui.dungeon.sit:sit",
        ),
        Mode(
            name="module",
            title="A program trains a model of its own",
            config="rolltrain_tui.modes.module.config:ModuleConfig",
            build="rolltrain_tui.modes.module:refuse",
        ),
    ),
    kind="mode",
    check=check_mode,
)


def signals() -> Iterator["Signal"]:
    """Those of the built-in modes. The table of signals asks for them."""
    for mode in MODES.built_in.values():
        yield from resolve_name(mode.signals) if mode.signals else ()


def monsters() -> Iterator["Monster"]:
    """Those of the built-in modes. The bestiary asks for them."""
    for mode in MODES.built_in.values():
        yield from resolve_name(mode.monsters) if mode.monsters else ()


def part_of(kind: str, part: str, answers: Any = Any) -> Callable[..., Any]:
    """The function that a mode names as this part. A plug-in's is held to `answers`, the type hint of what it gives."""
    found: Callable[..., Any] = named(kind, part)
    return found if kind in MODES.own else kept(found, answers, "mode", kind, part)


def named(kind: str, part: str) -> Any:
    """What a mode names as this part. ForeignError where it is not there, in a plug-in's package."""
    place = getattr(MODES[kind], part)
    if kind in MODES.own:
        return resolve_name(place)
    try:
        return kept(resolve_name, Any, "mode", kind, part)(place)
    except (AttributeError, ImportError) as error:
        raise ForeignError("mode", kind, f"its {part}, {place!a}, cannot be loaded: {error}") from error


def why_not_on_ranks(config: "CampaignConfig", ranks: int, *, shards: bool) -> str:
    """Why `ranks` processes cannot train this campaign together; "" where they can."""
    mode = MODES[config.kind]
    if not mode.ranks:
        able = ", ".join(f"{name} ({row.title[0].lower()}{row.title[1:]})" for name, row in MODES.items() if row.ranks)
        return f"kind: {config.kind} trains in one process, not on {ranks} ranks; campaigns that can: {able}"
    reason: str = part_of(config.kind, "ranks", str)(config, ranks, shards=shards)
    return reason


def build(config: "CampaignConfig", *, base: Path) -> Learner:
    """The learner of a campaign; the one call that makes any. ValueError, with a sentence, for what cannot be built here."""
    with enough_memory(config.lighter):
        learner: Learner = part_of(config.kind, "build")(config, base=base)
    if config.kind not in MODES.own:
        learner = hold(learner, Learner, "mode", config.kind)
    if left_open(config):
        resolve_name("rolltrain_tui.training.dtype_trial:settle")(learner)
    return learner

"""The campaign: the sections that every campaign file has. Every parameter stands in the file; none has a hidden default."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from rolltrain_tui.config.game_sections import (
    ActConfig,
    AdventureConfig,
    CampsConfig,
    DiagnosisConfig,
    DiceConfig,
    EncountersConfig,
    EndingConfig,
    EvaluationConfig,
    GateConfig,
    HeroConfig,
    PaceConfig,
    SaveConfig,
    SpeechConfig,
    TwinConfig,
    VerificationConfig,
    XPConfig,
)
from rolltrain_tui.config.section import ONE_LINE, Section, wrong, wrong_in
from rolltrain_tui.config.yaml_marks import Where
from rolltrain_tui.protocol.dials import Dial
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.rules.hero.death import DOWN_SCALE


class Header(Section):
    """The first fields of every campaign."""

    schema_version: Literal[1]
    """Version of the file format."""
    name: Annotated[str, Field(min_length=1, max_length=60), ONE_LINE]
    """The adventure's title."""
    story: Annotated[str, Field(max_length=4000)]
    """What the player reads at the start."""
    kind: str
    """What is trained."""
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    """Dice, data order, monsters and initial weights follow from it."""
    turns: Annotated[int, Field(ge=1, le=100_000_000)]
    """Length of the adventure; one turn is one optimiser step."""

    @field_validator("schema_version", mode="before")
    @classmethod
    def _version_is_a_number(cls, version: object) -> object:
        return str(version).lower() if isinstance(version, bool) else version  # True == 1 in Python, not in a campaign


class CampaignConfig(Header):
    """One adventure, which is one training run: what is played, whatever is trained. Each mode adds the sections of its own."""

    lasting: ClassVar[tuple[str, ...]] = ("seed", "hero.name", "hero.hero_class", "hero.level", "hero.stats", "hero.auto")
    """Dotted paths of values, and of sections, that a run keeps from its first turn on."""
    older: ClassVar = {"verification": {"tolerance": None}}
    stays_in_its_folder: ClassVar[bool] = True
    """The file at `data_path` lies under the campaign's folder, unless the player names another one on the command line."""
    dice: DiceConfig
    hero: HeroConfig
    xp: XPConfig
    encounters: EncountersConfig
    diagnosis: DiagnosisConfig
    adventure: AdventureConfig
    acts: Annotated[list[ActConfig], Field(max_length=12)]
    """The story's parts, in order; may be empty."""
    endings: Annotated[list[EndingConfig], Field(max_length=12)]
    """Best first: the first one that the final value earns is told; may be empty."""
    camps: CampsConfig
    gate: GateConfig
    evaluation: EvaluationConfig
    twin: TwinConfig
    speech: SpeechConfig
    pace: PaceConfig
    save: SaveConfig
    verification: VerificationConfig

    @property
    def objective(self) -> Objective:
        """What the evaluations of this campaign measure."""
        return Objective()

    @property
    def micro_batches(self) -> int:
        """Micro-batches of a turn. Where the campaign rolls on micro-batches, each has a roll."""
        return 1

    @property
    def heavy(self) -> tuple[str, ...]:
        """Dotted paths of the values that decide how much memory training takes. The first is the batch size; a saved run may change it."""
        return ()

    @property
    def lighter(self) -> str:
        """What to do where memory runs out, as half a sentence; "" where no value of the campaign would help."""
        paths = (*self.heavy, "evaluation.sequences", "evaluation.final_sequences") if self.heavy else ()
        sizes = [f"{path} ({size})" for path in paths if (size := attrgetter(path)(self)) is not None]
        return f"make one of these smaller: {', '.join(sizes)}" if sizes else ""

    @property
    def dials(self) -> tuple[Dial, ...]:
        """What the player may change on the way, beside the abilities' levers."""
        return ()

    @property
    def highest(self) -> Mapping[str, float]:
        """Signal -> its upper bound in this campaign, where the campaign states one."""
        return {} if self.diagnosis.spike is None else {"gradient_spike": self.diagnosis.spike}

    @property
    def down_scale(self) -> float:
        """Factor on the update while the hero is down."""
        return DOWN_SCALE

    @property
    def data_path(self) -> str | None:
        """The player's own file that the training reads, relative to the campaign's folder; None: there is none."""
        return None

    @property
    def sources(self) -> tuple[str, ...]:
        """All files and folders of the player's own that the training reads, `data_path` first; relative to the campaign's folder."""
        return () if self.data_path is None else (self.data_path,)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed and hardly meant: a sentence each, with the place in the campaign."""
        return ()

    def file_faults(self, base: Path) -> Iterator[tuple[Where, str]]:
        """What is wrong with the player's own files, relative to `base`: the place in the campaign that names one, and a sentence.

        For `rolltrain check`, which trains nothing: what only a model could say of them is not here, and torch is not loaded.
        """
        yield from ()

    def refuse_data(self, base: Path) -> None:
        """ValueError where the player's own file, relative to `base`, looks like one that nobody means to train on as it is."""

    @classmethod
    def with_data(cls, name: str) -> Mapping[Where, Any]:
        """The values of a campaign that reads the file `name`: of its folder, or an absolute path where it does not stay in its folder.

        ValueError where this kind of training reads no file.
        """
        raise ValueError("this kind of campaign reads no file of its own; leave --data out")

    def shortened(self, turns: int) -> Mapping[str, Any]:
        """The values that must change with the number of turns, by dotted path."""
        return {}

    def recipe(self, data_sha256: str) -> Mapping[str, Any]:
        """Every value that decides plain training, the seed aside, by dotted path. Dice, hero, monsters and story have no part in it."""
        own = {name: value for name, value in self.model_dump(mode="json").items() if name not in CampaignConfig.model_fields}
        data = {"data.sha256": data_sha256} if data_sha256 else {}
        return {"kind": self.kind, "turns": self.turns, "evaluation.sequences": self.evaluation.sequences, **data, **own}

    @staticmethod
    def in_recipe(path: str) -> bool:
        """Whether the value at this dotted path decides plain training."""
        return path in ("kind", "turns", "evaluation.sequences") or path.partition(".")[0] not in CampaignConfig.model_fields

    def card(self) -> Mapping[str, str]:
        """What a player wants to know of the training before setting out: label -> words."""
        return {}

    @property
    def missing(self) -> str:
        """What the training needs and is not installed, in a sentence with the remedy; "" where nothing is missing."""
        return ""

    @property
    def size(self) -> str:
        """The size of what is trained, in few words: "12k weights"."""
        return ""

    @field_validator("acts")
    @classmethod
    def _acts_follow_one_another(cls, acts: list[ActConfig]) -> list[ActConfig]:
        faults = [
            ((index, "from_turn"), after.from_turn, wrong(f"must come after {before.from_turn}, of the act before", "put them in order"))
            for index, (before, after) in enumerate(pairwise(acts), 1)
            if after.from_turn <= before.from_turn
        ]
        if faults:
            raise wrong_in(*faults)
        return acts

"""What a campaign file says about learning the dungeon of words. Its own sections are in `config_play` and `config_algorithms`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationInfo, field_validator

from rolltrain_tui.base.grammar import counted, plural
from rolltrain_tui.base.installed import installed
from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.config.section import wrong, wrong_field
from rolltrain_tui.config.training_sections import DeviceConfig, OptimizerConfig, Schedule, uncompiled
from rolltrain_tui.config.yaml_marks import Where
from rolltrain_tui.modes.dungeon.config_algorithms import (
    ALGORITHMS,
    ActDeConfig,
    DecisionConfig,
    GRPOConfig,
    KLConfig,
    PPOConfig,
    ReinforceConfig,
    RejectionConfig,
)
from rolltrain_tui.modes.dungeon.config_optional import RecordConfig, TextWorldConfig
from rolltrain_tui.modes.dungeon.config_play import (
    BatchConfig,
    ExamConfig,
    HFConfig,
    ModelConfig,
    PlayConfig,
    RewardsConfig,
    WorldConfig,
    WritingConfig,
)
from rolltrain_tui.modes.dungeon.dials import dials_of
from rolltrain_tui.protocol.dials import Dial
from rolltrain_tui.protocol.objective import Objective

MEASURES = {"moves": "share of the move limit", "score": "points missed", "success": "worlds won"}
YOUNGER = ("textworld", "writing")
"""Sections that recordings of ghosts may be older than."""


class DungeonConfig(CampaignConfig):
    """One adventure in which a small language model learns to play text adventures."""

    kind: Literal["dungeon"]
    """What is trained; dungeon: a small language model that plays text adventures."""
    world: WorldConfig
    rewards: RewardsConfig
    model: ModelConfig
    hf: HFConfig | None
    """null: the GPT of section model. Else of that section only context, score, value_layers, value_detached and feedback count."""
    writing: WritingConfig | None = None
    """null, or left out as in older files: it chooses among the commands on offer."""
    play: PlayConfig
    ppo: PPOConfig | None
    """null: another algorithm is chosen."""
    reinforce: ReinforceConfig | None
    """null: another algorithm is chosen."""
    grpo: GRPOConfig | None
    """null: another algorithm is chosen."""
    rejection: RejectionConfig | None
    """null: another algorithm is chosen."""
    decision: DecisionConfig | None
    """null: another algorithm is chosen."""
    actde: ActDeConfig | None
    """null: another algorithm is chosen."""
    kl: KLConfig
    exam: ExamConfig
    textworld: TextWorldConfig | None = None
    """null, or left out as in older files: evaluations are played in unseen worlds of the kind that it trains in."""
    record: RecordConfig | None = None
    """null, or left out as in older files: nothing is written down."""
    optimizer: OptimizerConfig
    schedule: Schedule
    batch: BatchConfig
    device: DeviceConfig

    @field_validator("actde")
    @classmethod
    def _one_algorithm(cls, actde: ActDeConfig | None, info: ValidationInfo) -> ActDeConfig | None:
        """Exactly one algorithm's section is filled. The check runs with the last section, when all are known."""
        if not info.data.keys() >= ALGORITHMS.keys() - {"actde"}:
            return actde
        filled = [name for name in ALGORITHMS if info.data.get(name) is not None] + (["actde"] if actde is not None else [])
        if len(filled) != 1:
            what = f"{' and '.join(filled)} are filled" if filled else f"all of {', '.join(ALGORITHMS)} are null"
            raise wrong(f"{what}, and a campaign learns by one algorithm", "fill one of these sections, and write null for the others")
        return actde

    @field_validator("writing")
    @classmethod
    def _commands_have_room(cls, writing: WritingConfig | None, info: ValidationInfo) -> WritingConfig | None:
        model = info.data.get("model")
        if writing is not None and model is not None and writing.words + 8 > model.context:
            what = f"leaves no room for a text: model.context is {model.context}"
            raise wrong_field(writing, "words", what, "write fewer words, or read more")
        return writing

    @field_validator("decision")
    @classmethod
    def _returns_are_words(cls, decision: DecisionConfig | None, info: ValidationInfo) -> DecisionConfig | None:
        if decision is not None and info.data.get("hf") is not None:
            raise wrong("tells returns in words of its own, which a model from a folder does not have", "write hf: null, or null here")
        return decision

    @field_validator("grpo")
    @classmethod
    def _groups_are_whole(cls, grpo: GRPOConfig | None, info: ValidationInfo) -> GRPOConfig | None:
        play = info.data.get("play")
        if grpo is not None and play is not None and play.games % grpo.num_generations:
            raise wrong_field(grpo, "num_generations", f"does not divide play.games, which is {play.games}", "change one of the two")
        return grpo

    @field_validator("batch")
    @classmethod
    def _so_much_is_played(cls, batch: BatchConfig, info: ValidationInfo) -> BatchConfig:
        play = info.data.get("play")
        if play is not None and batch.moves > play.games * play.moves:
            what = f"is more than is played: play.games x play.moves is {play.games * play.moves}"
            raise wrong_field(batch, "moves", what, "play more, or make the batch smaller")
        return batch

    _nothing_is_compiled = field_validator("device")(uncompiled("is not served for so small a network"))

    @property
    def objective(self) -> Objective:
        """Without the values of random play and of walkthroughs: only the learner knows them, which plays both."""
        success = self.exam.measure == "success"
        return Objective(
            name=MEASURES[self.exam.measure],
            unit="",
            better="higher" if success else "lower",
            step=0.5,
            digits=3,
            limit=1.0 if success else 0.0,
            of_loss=False,
            surrogate=True,
        )

    @property
    def dials(self) -> tuple[Dial, ...]:
        distance = ""
        if self.ppo is None and self.actde is None and self.rejection is None:
            distance = "its algorithm has no such distance in its loss"
        elif self.hf is not None and not (self.kl.loss.coefficient or self.kl.reward.coefficient):
            distance = "no copy of the model from the folder was kept, since kl has no coefficient above 0"
        values = self.grpo is None and self.rejection is None and self.decision is None
        return dials_of(values=values, distance=distance, chooses=self.writing is None)

    @property
    def micro_batches(self) -> int:
        return self.batch.accumulation

    def file_faults(self, base: Path) -> Iterator[tuple[Where, str]]:
        from rolltrain_tui.modes.finetune.folder import ModelFolderError, look

        if self.hf is not None:
            try:
                look(base / Path(self.hf.path).expanduser())
            except ModelFolderError as error:
                yield ("hf", "path"), str(error)

    @property
    def heavy(self) -> tuple[str, ...]:
        own = ("model.n_embd", "model.n_layer") if self.hf is None else ()
        return "batch.moves", "play.games", "model.context", *own

    def recipe(self, data_sha256: str) -> Mapping[str, Any]:
        """See `CampaignConfig.recipe`; without what has no part in the training, and without younger sections that are left out."""
        found = dict(super().recipe(data_sha256))
        return {name: value for name, value in found.items() if name != "record" and not (name in YOUNGER and value is None)}

    @staticmethod
    def in_recipe(path: str) -> bool:
        return CampaignConfig.in_recipe(path) and path.partition(".")[0] != "record"

    @property
    def missing(self) -> str:
        if self.textworld is None or installed("textworld"):
            return ""
        from rolltrain_tui.modes.dungeon.worlds.textworld import INSTALL

        return f"{INSTALL}."

    def card(self) -> Mapping[str, str]:
        world, model = self.world, self.model
        examined = {"Examined": f"in {self.textworld.title}, which it has never seen"} if self.textworld is not None else {}
        worlds = f"{world.count:,} {plural(world.count, 'world')} of training, {counted(world.limit, 'move')} at most"
        return {
            "World": f"{world.theme}, {counted(world.rooms, 'room')}, {world.quest}; {worlds}",
            **examined,
            "Learns": f"by {next(ALGORITHMS[name] for name in ALGORITHMS if getattr(self, name) is not None)}",
            "Model": flat(Path(self.hf.path).name)
            if self.hf is not None
            else f"GPT, {counted(model.n_layer, 'layer')} of width {model.n_embd}",
            "Optimiser": f"{self.optimizer.name}, learning rate {self.optimizer.learning_rate:g}",
        }

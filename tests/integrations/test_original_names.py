"""The public names of Roll-to-Train, and the conventions of other libraries: there, and true."""

import copy
import inspect
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import rolltrain_tui
from rolltrain_tui import (
    CharacterClass,
    Cleric,
    ExperienceSystem,
    GradientOoze,
    LossDragon,
    Monster,
    MonsterEncounter,
    RollToTrain,
    WeightWraith,
    Wizard,
    session,
)
from rolltrain_tui.protocol.events import MonsterAppeared

NAMES = [
    "Barbarian", "CharacterClass", "Cleric", "ExperienceSystem", "Fighter", "GradientOoze", "LossDragon", "Monster", "MonsterEncounter",
    "Paladin", "Rogue", "RollToTrain", "RollToTrainCallback", "Session", "WeightWraith", "Wizard", "session",
]  # fmt: skip


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4))


def batches(n: int) -> list[Any]:
    g = torch.Generator().manual_seed(1)
    return [(torch.randn(4, 8, generator=g), torch.randint(0, 4, (4,), generator=g)) for _ in range(n)]


def trainer_of(tmp_path: Path, **terms: Any) -> RollToTrain:
    model = net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-2)
    return RollToTrain(model=model, optimizer=optimizer, loss=nn.functional.cross_entropy, runs=tmp_path, **terms)


HUGGING = pytest.mark.slow
"""These rows load transformers, which takes seconds."""


def test_dir_shows_the_public_names() -> None:
    """Completion in a notebook finds all of them, and nothing that is not ours."""
    assert set(NAMES) == set(dir(rolltrain_tui)) - {"__version__"}


@pytest.mark.parametrize("name", [pytest.param(name, marks=HUGGING if "Callback" in name else ()) for name in NAMES])
def test_a_public_name_tells_what_it_is(name: str) -> None:
    """Each has a docstring, but for the type of the classes."""
    assert inspect.getdoc(getattr(rolltrain_tui, name)) or name == "CharacterClass"


@pytest.mark.parametrize("name", ["session", "RollToTrain", pytest.param("RollToTrainCallback", marks=HUGGING)])
def test_signatures_name_their_parameters(name: str) -> None:
    """No **terms: completion shows what there is."""
    parameters = inspect.signature(getattr(rolltrain_tui, name)).parameters
    assert {"character_class", "intelligence", "rulebook", "monsters", "deaths", "seed"} <= set(parameters)
    assert not [p for p in parameters.values() if p.kind is p.VAR_KEYWORD]


def test_the_keywords_of_the_originals_example(tmp_path: Path) -> None:
    """lr_scheduler, tokenizer, a whole-numbered dc as float, mode: as its example gives them."""
    model = net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    trainer = RollToTrain(
        model=model, tokenizer=None, optimizer=optimizer, lr_scheduler=schedule, intelligence=15, dc=12.0, accumulation_steps=4,
        mode="per_mini_batch", num_epochs=3, dice_type="d20", advantage=False, disadvantage=False, character_class=Wizard(),
        use_xp_system=True, encounter_chance=0.1, loss=nn.functional.cross_entropy, runs=tmp_path,
    )  # fmt: skip
    trainer.train(batches(8), batches(2), progress=False)
    assert schedule.last_epoch == 6
    assert trainer.run is not None
    assert trainer.run.campaign.config.dice.dc == 12


def test_the_originals_order_is_recognised() -> None:
    """With the call that is right here."""
    model = net()
    optimizer = torch.optim.AdamW(model.parameters())
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    with pytest.raises(TypeError, match=r"RollToTrain\(model=model, tokenizer=tokenizer, optimizer=optimizer, lr_scheduler=lr_scheduler\)"):
        RollToTrain(model, None, optimizer, schedule)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [True, ExperienceSystem()], ids=["True", "its own"])
def test_an_experience_system_follows_the_run(given: Any, tmp_path: Path) -> None:
    """Level, XP and what the next level takes are those of the hero, and the one that was given is the one that follows."""
    trainer = trainer_of(tmp_path, use_xp_system=given, character_class=Cleric(level=2), num_epochs=8)
    xp = trainer.xp_system
    assert (xp is given) == isinstance(given, ExperienceSystem)
    assert (xp.level, xp.xp, xp.xp_to_next_level) == (2, 0, 2500)
    trainer.train(batches(8), progress=False)
    assert trainer.run is not None
    hero = trainer.run.campaign.game.hero
    assert (xp.level, xp.xp) == (hero.level, hero.xp)
    assert xp.xp > 1000
    assert copy.deepcopy(xp).level == pickle.loads(pickle.dumps(xp)).level == xp.level


def test_without_an_experience_system_nothing_is_gained(tmp_path: Path) -> None:
    """use_xp_system=False is obeyed, and the system says so."""
    trainer = trainer_of(tmp_path, use_xp_system=False, num_epochs=2)
    trainer.train(batches(8), progress=False)
    assert trainer.xp_system.xp == 0


def test_experience_has_one_table() -> None:
    with pytest.raises(ValueError, match=r"base_xp=1000 and scaling=1\.5, as the original's; no others are served"):
        ExperienceSystem(base_xp=500)


@pytest.mark.parametrize(
    "monsters",
    [GradientOoze, GradientOoze(), [GradientOoze], MonsterEncounter(encounter_chance=1.0, monsters=[GradientOoze()])],
    ids=["class", "monster", "list", "encounter"],
)
def test_named_monsters_are_the_only_ones(monsters: Any, tmp_path: Path) -> None:
    """They come by chance, and the trainer shows the one that is near."""
    trainer = trainer_of(tmp_path, monsters=monsters, encounter_chance=1.0, num_epochs=1)
    trainer.train(batches(6), progress=False)
    assert trainer.run is not None
    assert {event.monster for event in trainer.run.story if isinstance(event, MonsterAppeared)} == {"gradient_ooze"}
    near = trainer.monster_encounter.current_monster
    assert isinstance(near, GradientOoze)
    assert near.hp == trainer.run.campaign.game.encounters.hp
    assert (trainer.monster_encounter is monsters) == isinstance(monsters, MonsterEncounter)


def test_monsters_are_what_the_bestiary_says() -> None:
    """Name, hit points, armour class, attack; and each says what it does."""
    assert [(kind().name, kind().attack) for kind in (GradientOoze, LossDragon, WeightWraith)] == [
        ("Gradient Ooze", "Slime Trail"),
        ("Loss Dragon", "Loss Breath"),
        ("Weight Wraith", "Weight Drain"),
    ]
    assert (GradientOoze().hp, GradientOoze().armour_class) == (30, 8)
    assert isinstance(LossDragon(), Monster)
    with pytest.raises(TypeError, match="a monster is made by its class"):
        Monster()


@pytest.mark.parametrize("who", [Wizard(), Wizard, "wizard", " Wizard "])
def test_a_class_by_its_name(who: Any, tmp_path: Path) -> None:
    """A character, its class and its name are one."""
    trainer = trainer_of(tmp_path, character_class=who)
    assert trainer.character_class == Wizard()
    assert isinstance(trainer.character_class, CharacterClass)
    optimizer = trainer.optimizer
    assert rolltrain_tui.session(trainer.model, optimizer, character_class=who).config.hero.hero_class == "wizard"


@pytest.mark.parametrize(
    ("terms", "error", "words"),
    [
        ({"character_class": "wizzard"}, ValueError, r"not 'wizzard' \(did you mean 'wizard'\?\)"),
        ({"character_class": CharacterClass}, TypeError, "such as Wizard"),
        ({"rulebook": "heros"}, ValueError, r"not 'heros' \(did you mean 'hero'\?\)"),
        ({"monsters": "bot"}, ValueError, r"not 'bot' \(did you mean 'both'\?\)"),
        ({"monsters": [Wizard]}, TypeError, "monsters must be of GradientOoze, LossDragon, WeightWraith, not"),
        ({"monsters": []}, ValueError, "monsters must name at least one"),
        ({"monsters": [LossDragon], "encounter_chance": 0}, ValueError, "none will come with encounter_chance 0"),
        ({"use_xp_system": "yes"}, TypeError, "use_xp_system must be True, False or an ExperienceSystem"),
        ({"advantage": 1}, TypeError, "advantage must be True or False, not 1"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_words_that_are_refused(terms: dict[str, Any], error: type[Exception], words: str, tmp_path: Path) -> None:
    """By the trainer and by a session, with the word that was meant."""
    with pytest.raises(error, match=words):
        trainer_of(tmp_path, **terms)
    model = net()
    with pytest.raises(error, match=words):
        rolltrain_tui.session(model, torch.optim.AdamW(model.parameters()), **terms)


def test_a_typo_names_the_parameter_that_was_meant(tmp_path: Path) -> None:
    """In the constructor."""
    with pytest.raises(TypeError, match=r"RollToTrain has no parameter 'acumulation_steps' \(did you mean 'accumulation_steps'\?\)"):
        trainer_of(tmp_path, acumulation_steps=4)


def test_what_the_original_asks_of_its_trainer(tmp_path: Path) -> None:
    """roll_dice, get_scale_factor, weight_update and the loss history are this trainer's own, and touch nothing of the run."""
    losses = []
    for asked in (False, True):
        trainer = trainer_of(tmp_path, intelligence=15, dc=12, rulebook="readme", dice_type="d20", num_epochs=1)
        if asked:
            assert {trainer.roll_dice() for _ in range(500)} == set(range(3, 23))
            assert [trainer.get_scale_factor(roll) for roll in (3, 22)] != [1.0, 1.0]
        trainer.train(batches(5), progress=False)
        losses.append(trainer._loss_history)
    assert losses[0] == losses[1] == trainer.loss_history
    assert trainer.weight_update in ("per_mini_batch", "per_accumulation_step")


@pytest.mark.parametrize("call", ["train", "play"])
def test_a_parameter_in_the_wrong_place_is_told_where_it_belongs(call: str) -> None:
    """Other trainers take the number of epochs where the training starts."""
    model = nn.Linear(2, 2)
    trainer = RollToTrain(model, torch.optim.SGD(model.parameters(), 0.1))
    with pytest.raises(TypeError, match=r"'num_epochs': it belongs to RollToTrain\(num_epochs=\.\.\.\)"):
        getattr(trainer, call)([], num_epochs=3)
    with pytest.raises(TypeError, match="did you mean 'resume'"):
        getattr(trainer, call)([], resumes="x")


def test_numbers_of_numpy_and_tensors_are_numbers(tmp_path: Path) -> None:
    """Seeds, counts, chances and levels come out of arrays: they are taken as Python's own, also into a save."""
    numpy = pytest.importorskip("numpy")
    terms = {
        "seed": numpy.int64(3),
        "num_epochs": numpy.int32(1),
        "encounter_chance": numpy.float32(0.25),
        "advantage": numpy.bool_(True),
        "clip": torch.tensor(0.5),
        "character_class": Wizard(level=numpy.int64(2)),
    }
    trainer = trainer_of(tmp_path, **terms)
    trainer.train(batches(2), progress=False)
    plain = trainer_of(tmp_path, **{**terms, "seed": 3, "num_epochs": 1, "encounter_chance": 0.25, "advantage": True, "clip": 0.5})
    plain.train(batches(2), progress=False)
    assert all(torch.equal(a, b) for a, b in zip(trainer.model.parameters(), plain.model.parameters(), strict=True))
    with pytest.raises(ValueError, match=r"seed must be a whole number of at least 0 and below 2\*\*63"):
        trainer_of(tmp_path, seed=2**63)


# Help.


def test_help_explains_every_keyword() -> None:
    """help(RollToTrain) has a word on each; `session` leads to it for those that they share."""
    told = set(re.findall(r"\w+", inspect.getdoc(RollToTrain) or ""))
    assert set(inspect.signature(RollToTrain).parameters) <= told
    own = set(inspect.signature(session).parameters) - set(inspect.signature(RollToTrain).parameters)
    assert own <= set(re.findall(r"\w+", inspect.getdoc(session) or ""))


@pytest.mark.parametrize("name", rolltrain_tui.__all__)
def test_every_public_part_has_help(name: str) -> None:
    """What the package gives to programs, with its methods and properties."""
    found = getattr(rolltrain_tui, name)
    assert found.__doc__
    parts = {at: part for at, part in vars(found).items() if not at.startswith("_") and (callable(part) or isinstance(part, property))}
    assert not [at for at, part in parts.items() if inspect.isclass(found) and not inspect.getdoc(part)]

"""Monsters: what each does to the training, as rows.

After appearing or acting a monster is quiet for `lull` turns; then it rolls a d6 every turn and acts on `recharge` or more.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rolltrain_tui.rules.classes import Stat
from rolltrain_tui.rules.effects import StepEffect


@dataclass(frozen=True, slots=True)
class Affliction:
    """What a monster's power does to the training, and for how many turns. `words` tells the player."""

    effect: StepEffect
    turns: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Monster:
    """One kind of monster. Its difficulty class and XP follow from its challenge rating."""

    name: str
    title: str
    challenge: str
    """As printed: "1/2", "3"."""
    hp: int
    armour_class: int
    attack: str
    save_stat: Stat
    damage_die: int
    """HP damage of a failed saving throw; half of it on a success."""
    lull: int
    recharge: int
    failed: Affliction
    saved: Affliction
    summary: str
    weak_to: str
    portrait: tuple[str, ...]

    @property
    def rating(self) -> int:
        """The challenge rating as a whole number, fractions rounded down."""
        return 0 if "/" in self.challenge else int(self.challenge)

    @property
    def proficiency(self) -> int:
        return 2 + max(0, self.rating - 1) // 4

    @property
    def save_dc(self) -> int:
        return 8 + self.proficiency + self.rating

    @property
    def xp(self) -> int:
        return XP_BY_CHALLENGE[self.challenge]


XP_BY_CHALLENGE: Mapping[str, int] = {"1/2": 100, "1": 200, "2": 450, "3": 700, "4": 1100, "5": 1800, "8": 3900}

_SLIME = StepEffect(lr_scale=0.5)
_MONSTERS = (
    Monster(
        name="gradient_ooze",
        title="Gradient Ooze",
        challenge="1/2",
        hp=30,
        armour_class=8,
        attack="Slime Trail",
        save_stat="STR",
        damage_die=4,
        lull=3,
        recharge=4,
        failed=Affliction(_SLIME, 3, "the learning rate is halved for 3 turns"),
        saved=Affliction(_SLIME, 1, "the learning rate is halved for 1 turn"),
        summary="It gums up the step: while its slime holds, every update is half of what it would be.",
        weak_to="bigger updates: Rage, Arcane Recovery, Quicken",
        portrait=(
            r"      .-~~~~~-.      ",
            r"   .-'  o   o  '-.   ",
            r"  /      ___      \  ",
            r" (   .  '---'   .  ) ",
            r" /~-._  .   . _.-~ \ ",
            r"(_____~~-._.-~~_____)",
            r"   ~  ~   ~   ~  ~   ",
        ),
    ),
    Monster(
        name="loss_dragon",
        title="Loss Dragon",
        challenge="5",
        hp=100,
        armour_class=15,
        attack="Loss Breath",
        save_stat="DEX",
        damage_die=8,
        lull=3,
        recharge=5,
        failed=Affliction(StepEffect(target_noise=0.10), 1, "10% of the next batch's targets are noise"),
        saved=Affliction(StepEffect(target_noise=0.05), 1, "5% of the next batch's targets are noise"),
        summary="Its breath scorches the answers: part of the next batch is taught wrong, and the loss leaps up.",
        weak_to="calm steps while the breath is in the air: Calm, Steady",
        portrait=(
            r"          /\_/\    _     ",
            r"   __    /     \__/o\__  ",
            r"  /  \__/ /\  /  __  __> ",
            r" / /\    /  \/  /  VV  * ",
            r"/_/  \  /\     /  ~~ * * ",
            r"      \_\/ )  (    *  *  ",
            r"   ~~--___/ /\ \         ",
            r"         ^^^ ^^^         ",
        ),
    ),
    Monster(
        name="weight_wraith",
        title="Weight Wraith",
        challenge="3",
        hp=60,
        armour_class=13,
        attack="Weight Drain",
        save_stat="CON",
        damage_die=6,
        lull=3,
        recharge=4,
        failed=Affliction(StepEffect(weight_noise=0.04), 1, "the weights are shaken by 4% of their spread"),
        saved=Affliction(StepEffect(weight_noise=0.02), 1, "the weights are shaken by 2% of their spread"),
        summary="It reaches into the weights themselves and shakes them; what was learned is blurred.",
        weak_to="a hero in a rage feels half of its drain; calm steps mend the rest",
        portrait=(
            r"       .-''''-.      ",
            r"      /  _  _  \     ",
            r"     |  (o)(o)  |    ",
            r"     |    /\    |    ",
            r"  .-' \  '--'  / '-. ",
            r" (  ~  '-.  .-'  ~  )",
            r"  '-._  ~ )( ~  _.-' ",
            r"      '~ ~  ~ ~'     ",
        ),
    ),
)

BESTIARY: Mapping[str, Monster] = {row.name: row for row in _MONSTERS}

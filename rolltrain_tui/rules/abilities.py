"""The abilities of all classes, as rows. What each row does is in the file of its class."""

from collections.abc import Mapping

from rolltrain_tui.rules.ability import Ability, Cost, Option, Recharge
from rolltrain_tui.rules.barbarian import Rage, RecklessAttack
from rolltrain_tui.rules.wizard import CANTRIPS, ArcaneRecovery, SpellMastery

__all__ = ["ABILITIES", "Ability", "Cost", "Option", "Recharge"]

_ABILITIES = (
    Ability(
        name="rage",
        title="Rage",
        hero_class="barbarian",
        summary="Larger updates with the armour off: great when the learning rate is too small, costly when it is not.",
        passive="A total of 16 or more spends a charge: this turn and the next two take ×1.5 updates.",
        live="10 turns of ×1.5 updates (×1.6 from level 9, ×1.7 from 16), clip threshold doubled, no weight decay, weight noise of "
        "monsters halved, no rest. It ends early after 3 turns in a row without a hit.",
        cost="bonus",
        recharge="long",
        power=Rage(),
    ),
    Ability(
        name="reckless_attack",
        title="Reckless Attack",
        hero_class="barbarian",
        summary="Two dice and double updates on half the batch: more progress, more noise, more wounds.",
        passive="A total of 18 or more: this turn takes a ×2 update.",
        live="Until dismissed: two dice, the higher counts; hits take ×2 updates; the batch is halved; saving throws are at "
        "disadvantage, monsters' damage is doubled, and the hero does not fall back when badly hurt.",
        cost="free",
        recharge="",
        power=RecklessAttack(),
    ),
    Ability(
        name="arcane_recovery",
        title="Arcane Recovery",
        hero_class="wizard",
        summary="Warms the learning rate again: pays on a plateau, bounces where the rate is already high.",
        passive="A total of 15 or more spends a charge: this turn's learning rate is ×1.5.",
        live="The learning rate is multiplied by 1.5, falling to 1 along a cosine over 20 turns (1.25 on average). A short rest "
        "refunds half the level in charges, rounded up, once between camps.",
        cost="action",
        recharge="long",
        power=ArcaneRecovery(),
    ),
    Ability(
        name="spell_mastery",
        title="Spell Mastery",
        hero_class="wizard",
        summary="A cantrip held in the mind scales every update until it is dismissed.",
        passive="",
        live="One cantrip at a time: Steady ×0.75, Calm ×0.3 (level 3), Quicken ×1.25 (level 5). Changing it costs the bonus action.",
        cost="bonus",
        recharge="",
        power=SpellMastery(),
        options=CANTRIPS,
    ),
)

ABILITIES: Mapping[str, Ability] = {row.name: row for row in _ABILITIES}

"""The abilities of all classes, as rows. What each row does is in the file of its class."""

from rolltrain_tui.base.registry import Registry
from rolltrain_tui.rules.ability import Ability, Cost, Option, Recharge
from rolltrain_tui.rules.barbarian import Rage, RecklessAttack
from rolltrain_tui.rules.cleric import DivineIntervention, HealingWord
from rolltrain_tui.rules.fighter import ActionSurge, SecondWind
from rolltrain_tui.rules.paladin import AuraOfProtection, DivineSmite
from rolltrain_tui.rules.rogue import TRICKS, CunningAction, SneakAttack
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
        passive="A total of 15 or more spends a charge: the learning rate is ×1.5, falling to 1 over this turn and the next four.",
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
    Ability(
        name="sneak_attack",
        title="Sneak Attack",
        hero_class="rogue",
        summary="Strikes where update and slope agree: coordinate by coordinate, not louder everywhere.",
        passive="A total of 12 or more, without a charge: this turn the coordinates whose update goes down the slope move ×1.2 "
        "(+0.2 at levels 3, 5, 7 and 9), the others as they would.",
        live="Backstab: for 10 turns only the coordinates that agree move, rescaled by 1 / their share; the others wait.",
        cost="action",
        recharge="short",
        power=SneakAttack(),
    ),
    Ability(
        name="cunning_action",
        title="Cunning Action",
        hero_class="rogue",
        summary="One trick beside the turn: a short extra step, a clean slate for the momentum, or a blind eye to the worst.",
        passive="",
        live="One trick, this turn: Dash, Disengage or Hide.",
        cost="bonus",
        recharge="short",
        power=CunningAction(),
        options=TRICKS,
    ),
    Ability(
        name="second_wind",
        title="Second Wind",
        hero_class="fighter",
        summary="No turn is quite lost: a bad roll still trains half a step.",
        passive="A total below 10 for which the rulebook gives less than half an update spends a charge: k becomes 0.5.",
        live="1d10 + level HP, and for 3 turns no roll counts less than 10.",
        cost="bonus",
        recharge="short",
        power=SecondWind(),
    ),
    Ability(
        name="action_surge",
        title="Action Surge",
        hero_class="fighter",
        summary="Two whole optimiser steps in one turn, for twice the computing.",
        passive="A total of 18 or more spends a charge: a second whole step on a fresh batch, this turn.",
        live="A second whole step on a fresh batch, this turn, under the same k.",
        cost="action",
        recharge="short",
        power=ActionSurge(),
    ),
    Ability(
        name="healing_word",
        title="Healing Word",
        hero_class="cleric",
        summary="Draws the weights towards their average of the last turns: a cure for bouncing, a setback for a run still on its way.",
        passive="A charge after a bad turn. Was less than 0.45 of its update felt (a fumble, mostly): this turn's k × 2 makes up for it. "
        "Was its raw loss more than 1.5 times the average: this turn's k × 1.1 average / loss damps what follows the spike.",
        live="The weights go (1d4 + WIS) / 10 of the way to their average of the last 20 turns or so (at most 0.8), and the hero heals as "
        "many HP as the dice said. The validation loss before and after is measured on the spot.",
        cost="bonus",
        recharge="long",
        power=HealingWord(),
    ),
    Ability(
        name="divine_intervention",
        title="Divine Intervention",
        hero_class="cleric",
        summary="A prayer: back to the best weights of the last eight evaluations, and on from there with care.",
        passive="On a natural 1, a d100 of 10 or less, without a charge: the fumble becomes k = 0.5.",
        live="A d100 of 10 + 5 × level or less: weights and moments return to the best of the last 8 evaluations, and the learning rate "
        "is halved for 20 turns; the prayer comes back at the second next camp. Unanswered, at the next.",
        cost="action",
        recharge="long",
        power=DivineIntervention(),
    ),
    Ability(
        name="divine_smite",
        title="Divine Smite",
        hero_class="paladin",
        summary="A good hit becomes a great one: the better the roll, the larger the update.",
        passive="A total of 15 or more spends a charge: k × (1.5 + 0.1 × (total - 15)), at most ×2.5, this turn.",
        live="Armed until the next hit, which takes k × (1.5 + 0.1 × (total - 15)), at most ×2.5, and deals 2d8 more damage to a monster "
        "that it strikes. Dismissed before that, the charge is lost.",
        cost="bonus",
        recharge="long",
        power=DivineSmite(),
    ),
    Ability(
        name="aura_of_protection",
        title="Aura of Protection",
        hero_class="paladin",
        summary="Nothing falls too low and nothing goes too far; on command, a stand on four times the data.",
        passive="A natural die below 8 counts as 8, so nothing is a fumble; CHA is added to saving throws; from level 11 no update is "
        "longer than nine in ten of the last hundred. Without charges.",
        live="Stand Firm: for 5 turns each batch is 4 times as large, by accumulation, at 4 times the computing.",
        cost="action",
        recharge="short",
        power=AuraOfProtection(),
    ),
)

ABILITIES = Registry("rolltrain.abilities", _ABILITIES)

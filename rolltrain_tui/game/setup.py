"""From a campaign's settings to its game: the hero, the rulebook with the campaign's choices, and two seeded streams of dice."""

from collections.abc import Mapping
from dataclasses import replace

from rolltrain_tui.config.game_sections import DiceConfig
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.protocol.commands import SetAuto
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.rules.dice import SeededDice
from rolltrain_tui.rules.game import Game, GameRules
from rolltrain_tui.rules.heroes import Hero, new_hero
from rolltrain_tui.rules.rulebooks import RULEBOOKS, Rulebook, custom_rulebook
from rolltrain_tui.rules.unavailable import unavailable_refusal

MONSTERS = int.from_bytes(b"monster")
"""Turns a seed into that of the monsters' dice."""


def new_game(
    config: CampaignConfig,
    unavailable_levers: Mapping[str, str] | None = None,
    objective: Objective | None = None,
) -> Game:
    """The game that a campaign starts with.

    `unavailable_levers`: levers that this training cannot pull, and why. `objective`: what its evaluations measure.
    """
    hero, xp, encounters, camps = config.hero, config.xp, config.encounters, config.camps
    rules = GameRules(
        sides=int(config.dice.die.removeprefix("d")),
        dc=config.dice.dc,
        advantage=config.dice.advantage,
        rulebook=rulebook_of(config.dice),
        accumulation=config.micro_batches,
        xp_table=xp.table,
        xp_learning=xp.learning,
        xp_monsters=xp.monsters,
        xp_rolls=xp.rolls,
        encounter_mode=encounters.mode,
        encounter_chance=encounters.chance,
        encounter_effects=encounters.effects,
        bestiary=tuple(encounters.bestiary),
        camp_every=camps.every,
        short_rest_every=camps.short_rest_every,
        hardcore=hero.hardcore,
        deaths=hero.deaths,
        down_scale=config.down_scale,
        scouting=config.diagnosis.scouting,
        youth_counts=config.diagnosis.youth == "counted",
        scouts=config.diagnosis.scouts != "off",
        predictions=config.adventure.predictions,
        loot=config.adventure.loot,
        choices=config.adventure.choices,
        objective=objective or config.objective,
        highest=config.highest,
        dials=config.dials,
        unavailable_levers=unavailable_levers or {},
    )
    party = new_hero(hero.name, hero.hero_class, hero.level, hero.stats.model_dump(), hero.auto)
    party.auto -= {name for name in party.auto if unavailable_refusal(SetAuto(name, True), party, rules.unavailable_levers)}
    return seeded_game(rules, party, config.seed)


def seeded_game(rules: GameRules, hero: Hero, seed: int) -> Game:
    """A game whose dice follow from a seed.

    Monsters roll from a separate stream, so their actions never change the hero's rolls.
    """
    return Game(rules, hero, SeededDice(seed), SeededDice(seed ^ MONSTERS))


def rulebook_of(dice: DiceConfig) -> Rulebook:
    """The named rulebook with what the campaign overrides in it."""
    rulebook = custom_rulebook(dice.custom) if dice.custom is not None else RULEBOOKS[dice.rulebook]
    chosen = {field: value for field in ("hook", "roll_on", "on_zero") if (value := getattr(dice, field)) != "rulebook"}
    return replace(rulebook, **chosen)

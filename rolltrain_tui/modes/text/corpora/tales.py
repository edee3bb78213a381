"""The grammar of the tavern tales: a hero, a thing, an inn; trouble, a road, a fight with dice, and home again.

Structure at every range: spelling, agreement (a die that shows 17 hits, one that shows 3 misses), and memory over the whole tale: the
hero's name and pronouns, the thing, the inn, its keeper, the drink, the foe, the place and the promised reward all come back.
The notation is notation.py's. No alternative of a rule may begin another one (the tests prove that none does).
"""

from rolltrain_tui.modes.text.corpora.grammar import Grammar
from rolltrain_tui.modes.text.corpora.notation import Rules, choose, words
from rolltrain_tui.modes.text.corpora.tale_words import DEEDS, PEOPLE, PLACES, THINGS

FRAMES: Rules = {
    "tale": choose("{opening} {order} {crowd}\n{oath} {road}\n{home} {moral}\n\n"),
    "opening": choose(
        "One {weather} {time}, {hero := heroes} the {trade} {walked} into {inn := inns} with {treasure} and {purse}.",
        "It was a {weather} {time} at {inn := inns}. In {walked} {hero := heroes} the {trade} with {treasure}.",
        "{hero := heroes} the {trade} owed {number} {coin} to {visitor}, {owned} {treasure}, and lived at {inn := inns}.",
        "Nobody at {inn := inns} forgot the {weather} {time} when {hero := heroes} {walked} in. {hero.They} {owned} {treasure}.",
        "There was once {a_guest} called {hero := heroes} who {owned} {treasure} and {walked} into {inn := inns} every {weather} {time}.",
        "In the year {digit}{digit}{digit}, {hero := heroes} of {village} {walked} into {inn := inns} with {treasure}, "
        "{number} {animal} and {purse}.",
    ),
    "treasure": choose("a {shade := thing_sort} {thing := thing_name}"),
    "purse": choose("{number} {coin}", "no money", "{number} {sort} {animal}", "some {food}"),
    "order": choose(
        "{keeper := keepers}, {keeping}, {poured} {hero.them} a {mug} of {drink := drinks}.",
        '"A {mug} of {drink := drinks}," said {hero}. "{Number} {coin}," said {keeper := keepers}, {keeping}.',
        "Behind the bar stood {keeper := keepers}, {keeping}. {hero} asked for {drink := drinks} and got {a_sort} {mug} of it.",
        "The {drink := drinks} cost {number} {coin}, so {hero} paid {keeper := keepers} in {sort} {food}.",
    ),
    "crowd": choose((2, "{trouble}"), (5, "{gossip} {crowd}")),
    "gossip": choose(
        (4, "{Visitor} {habit} {number} {sort} {animal}."),
        (3, "{Visitor} {habit} {sort} {food} and {sort} {food}."),
        (3, "{Visitor} {habit} {visitor}."),
        (2, "{Number} {trade}s from {village} {walked} in and {habit} {sort} {animal}."),
        (2, "{Sort} {animal} {walked} by."),
    ),
    "foe_from_afar": choose("a {ill := foe_sort} {foe := foe_name}"),
    "trouble": choose(
        '"{exclaim}, {hero}," said {keeper}, "{foe_from_afar} from the {place := places} has {eaten} {number} of my {animal}. '
        'I will pay {reward := amounts}."',
        "Then came news: {foe_from_afar} of the {place := places} had {eaten} {neighbour}, and {keeper} offered {reward := amounts}.",
        'On the wall hung {a_sort} notice: "Wanted, {foe_from_afar}, last seen at the {place := places}. Reward: {reward := amounts}. '
        'Bring {food}."',
        '{Visitor} ran in. "{Foe_from_afar} has {eaten} our {sort} {animal} at the {place := places}!" '
        "{keeper} put {reward := amounts} on the table.",
    ),
    "oath": choose(
        '"{bold}," said {hero}. {hero.They} finished the {drink} and {walked} out.',
        '{hero} looked at the {thing}, then at the {drink}, and sighed. "{bold}," {hero.they} said.',
        "So {hero} packed the {thing}, {number} {food} and {number} {sort} {food}.",
        '"Take {food}," said {keeper}. "{bold}," said {hero}, and took {number}.',
    ),
    "road": choose((1, "{battle}"), (2, "{incident} {road}")),
    "incident": choose(
        (3, "On the road {hero.they} met {visitor}, who {habit} {sort} {animal} and gave {hero.them} {number} {food}."),
        (2, "{hero} slept in {village} among {number} {sort} {animal} and dreamed of {food}."),
        (1, "It {rained} for {number} days, and the {thing} began to {squeaked}."),
        (2, '"{Never}," said {visitor}, and took {number} {coin} for it.'),
        (2, "{hero.They} lost {amounts} at cards to {visitor}."),
        (2, "In {village} {hero.they} {habit} {sort} {food} and {habit} {number} {animal}."),
    ),
    "battle": choose("At the {place} waited the {ill} {foe}, {foe_doing}. {rounds}"),
    "foe_doing": choose(
        "{number} {sort} {animal} at its side", "eating {sort} {food}", "dreaming of {visitor}", "reading to {number} {animal}"
    ),
    "rounds": choose(
        (4, "{hero} {swung} the {thing}, rolled {low} and {missed}. {answer} {rounds}"),
        (4, "{hero} {swung} the {thing}, rolled {high} and {struck}. {answer} {rounds}"),
        (1, "{hero} {swung} the {thing}, rolled a natural 1 and {missed}, twice. {answer} {rounds}"),
        (3, "{hero} {swung} the {shade} {thing}, rolled a natural 20, and the {foe} {yielded}."),
        (3, "At last {hero} offered it {number} {sort} {food}, and the {foe} {yielded}."),
    ),
    "low": words("a 2, a 3, a 4, a 5, a 6, a 7, an 8, a 9"),
    "high": words("an 11, a 12, a 13, a 14, a 15, a 16, a 17, an 18, a 19"),
    "answer": choose(
        (2, "The {foe} {growled}."),
        (1, "The {foe} rolled {low} and {growled}."),
        (1, "The {foe} rolled {high} and ate {hero.their} {sort} {food}."),
    ),
    "home": choose(
        "Back at {inn}, {keeper} counted out {reward}, poured a {mug} of {drink}, and {visitor} {cheered}.",
        '"{reward}, as promised," said {keeper} at {inn}, and {number} {trade}s {cheered}. The {drink} was free.',
        "{hero} came home to {inn} with {number} {sort} {animal}. {keeper} paid {reward} and {cheered}.",
    ),
    "moral": choose(
        "The {shade} {thing} still {keeps} there, beside {number} {sort} {food}.",
        "The moral: {never}.",
        "{hero} bought {number} {sort} {animal} and lived {sort} ever after.",
        "As for the {foe}, it {habit} {food} from then on.",
        "And {hero} the {sort} never again {habit} {animal}.",
    ),
    "never": choose(
        "never lend {food} to {a_guest}",
        "always count your {animal} before {time}",
        "a {weather} {time} is no time for {food}",
        "trust the {sort}, but feed the {sort}",
        "who owns {number} {animal} needs no {thing_name}",
    ),
}

TALES = Grammar({**PEOPLE, **THINGS, **PLACES, **DEEDS, **FRAMES}, "tale")

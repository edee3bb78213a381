"""The grammar of the fantasy names, one a line. A people decides the sound of the first name and the make of the second."""

from rolltrain_tui.modes.text.corpora.grammar import Grammar
from rolltrain_tui.modes.text.corpora.notation import Rules, choose, words

ELVES: Rules = {
    "elf": choose("{elf_first}{elf_rest} {elf_house}\n"),
    "elf_first": words("Ae, Ela, Ili, Lu, Fae, Sila, Cele, Vae, Nime, Ara, Ere, Thae, Yva, Ama, Io, Ola"),
    "elf_rest": choose((2, "{elf_middle}{elf_rest}"), (3, "{elf_last}")),
    "elf_middle": words("la, ri, the, na, lo, mi, sa, ve, ni, dha, li, re"),
    "elf_last": words("riel, ndir, thas, lion, wen, nor, rond, viel, moth, dil, lorn, ssa, ryn, thil, nwe, driel"),
    "elf_house": choose("{elf_light}{elf_thing}", "of the {elf_light} {elf_land}"),
    "elf_light": words("Silver, Moon, Star, Dawn, Frost, Autumn, Willow, Night, Bright, Dew, Amber, Swan, Rain, Mist, Lark, Green"),
    "elf_thing": words("leaf, song, whisper, bough, glade, bloom, wind, thorn, feather, water, dream, petal"),
    "elf_land": words("Shore, Vale, Court, Spring, Hall, Tower, Wood, Isle"),
}

DWARVES: Rules = {
    "dwarf": choose("{dwarf_name} {dwarf_kin}\n"),
    "dwarf_name": choose("{dwarf_first}{dwarf_last}"),
    "dwarf_first": words("Thor, Bal, Dur, Gim, Kaz, Bor, Nor, Stor, Hild, Brun, Dag, Mor, Rag, Tor, Ulf, Vig"),
    "dwarf_last": words("in, grim, dur, li, rik, nar, bek, da, gar, mund, ola, vald, wyn, ra, kin, stein"),
    "dwarf_kin": choose(
        (3, "{dwarf_stuff}{dwarf_part}"), (1, "son of {dwarf_name}"), (1, "daughter of {dwarf_name}"), (1, "the {dwarf_craft}")
    ),
    "dwarf_stuff": words("Iron, Stone, Copper, Granite, Coal, Axe, Anvil, Deep, Rune, Gold, Oak, Black, Steel, Bronze, Boulder, Forge"),
    "dwarf_part": words("fist, beard, hammer, brow, foot, heart, helm, delver, shield, back, jaw, belly"),
    "dwarf_craft": words("Brewer, Smith, Miner, Stubborn, Mason, Thirsty, Unshaven, Jeweller, Tall, Axe Lender, Lamplighter, Careful"),
}

ORCS: Rules = {
    "orc": choose("{orc_syllable}{orc_more}\n"),
    "orc_syllable": choose("{orc_onset}{orc_vowel}{orc_coda}"),
    "orc_onset": words("Gh, Kr, Z, Sn, Gr, Ur, Og, Br, Shr, Dr, M, V"),
    "orc_vowel": words("a, o, u, i"),
    "orc_coda": words("kk, zg, sh, rg, lug, mp, bz, th, gnak, dush, rb, nk"),
    "orc_more": choose((2, "'{orc_tail}{orc_more}"), (3, " the {orc_fame}"), (3, " {orc_victim}-{orc_deed}"), (1, ", {orc_day}")),
    "orc_tail": choose("{orc_small}{orc_vowel}{orc_coda}"),
    "orc_small": words("g, kr, z, sn, m, b, d, v"),
    "orc_fame": words(
        "Unwashed, Loud, Hungry, Large, Late, Moderately Cruel, Damp, Misunderstood, Green, Second, Dentist, Toothy, Terrible, Punctual, "
        "Bald, Soft"
    ),
    "orc_victim": words("Skull, Bone, Goat, Door, Elf, Table, Shin, Wolf, Cake, Fence, Spoon, Mountain"),
    "orc_deed": words("biter, breaker, thrower, sniffer, eater, kicker, stomper, licker, counter, wrecker, hugger, loser"),
    "orc_day": words(
        "born on Monday, who meant well, son of Mum, twice buried, no relation, eldest of nine, mostly harmful, owner of a boat"
    ),
}

HALFLINGS: Rules = {
    "halfling": choose("{halfling_first} {halfling_family}"),
    "halfling_first": choose("{halfling_start}{halfling_end}"),
    "halfling_start": words("Pip, Ros, Mer, Per, Hob, Wil, Nob, Tob, Dais, Fil, Pop, Bung, Mil, Cor, Tul, Prim"),
    "halfling_end": words("kin, ry, wise, bert, ina, ola, man, ella, bo, do, sy, am, ette, lock, rose, under"),
    "halfling_family": choose("{halfling_home}\n", "{halfling_home}-{halfling_home}\n"),
    "halfling_home": choose("{halfling_where}{halfling_what}"),
    "halfling_where": words(
        "Under, Butter, Apple, Good, Puddle, Honey, Bramble, Clover, Tea, Hay, Mush, Pumpkin, Thistle, Barley, Cherry, Fern"
    ),
    "halfling_what": words(
        "bough, barrel, hill, kettle, bottle, foot, berry, burrow, whistle, pot, cheeks, crumb, patch, gate, lunch, worth"
    ),
}

GNOMES: Rules = {
    "gnome": choose("{gnome_title} {gnome_start}{gnome_end} {gnome_part}{gnome_tool}\n"),
    "gnome_title": words("Professor, Doctor, Inventor, Tinkerer, Apprentice, Inspector, Almost Doctor, Grandmaster"),
    "gnome_start": words("Fizz, Bink, Zan, Wob, Nack, Tock, Glim, Quill, Dabb, Snick, Murg, Jeb"),
    "gnome_end": words("wick, lemo, ledon, ibble, o, us, erly, abrix, ump, nock, ette, aroo"),
    "gnome_part": words("Cog, Spring, Spark, Copper, Gear, Lever, Steam, Sprocket, Bolt, Wire, Lens, Fuse"),
    "gnome_tool": words("spanner, whistle, turner, polish, lock, pocket, bang, light, button, wheel, winder, mishap"),
}

PEOPLES: Rules = {"name": choose((3, "{elf}"), (3, "{dwarf}"), (2, "{orc}"), (3, "{halfling}"), (2, "{gnome}"))}

NAMES = Grammar({**ELVES, **DWARVES, **ORCS, **HALFLINGS, **GNOMES, **PEOPLES}, "name")

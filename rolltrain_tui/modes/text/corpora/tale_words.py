"""The words of the tavern tales, by what they name: people, things, places, deeds. No word of a list may begin another one."""

from rolltrain_tui.modes.text.corpora.notation import Draft, Rules, choose, rows, words

_SORTS = (
    "old, famous, lazy, quiet, enormous, suspicious, cheerful, dusty, humble, wet, expensive, patient, ridiculous, tidy, grumpy, ancient, "
    "tiny, brave, invisible, noble, striped, modest, unlucky, drowsy, blessed, furious, gentle, imported, ordinary, shy, earnest, angry, "
    "bald, clever, elegant, foolish, green, handsome, important, jolly, knobbly, left-handed, musical, nervous, polite, rare, sleepy, "
    "vain"
)


def _with_article(adjectives: str) -> list[Draft]:
    return choose(*(f"{'an' if word[0] in 'aeiou' else 'a'} {word}" for word in adjectives.split(", ")))


PEOPLE: Rules = {
    "heroes": [
        *rows("they them their", "Brakka, Mirela, Odda, Tansy, Petra, Wilda, Yrsa, Fenna, Gudrun, Isolde, Nettie, Clotilde", "she her her"),
        *rows("they them their", "Rosalind, Hesper, Ulla, Agatha, Zelda, Vesna, Juniper, Kestrel", "she her her"),
        *rows(
            "they them their",
            "Bram, Osric, Tobias, Dunstan, Ludo, Ferdinand, Grimble, Halvard, Jasper, Ketil, Mungo, Norbert",
            "he him his",
        ),
        *rows("they them their", "Percival, Rufus, Sigmund, Egbert, Alaric, Cuthbert, Quentin, Ivo", "he him his"),
    ],
    "keepers": words(
        "Old Marta, Mother Hobb, Widow Crumb, Aunt Pernilla, Mistress Tuck, Dame Orla, Cousin Bettina, Granny Sorrel, Big Anselm, Uncle "
        "Pottle, Cook Barnaby, Father Mumble, Little Otto, Captain Gristle, Brother Lump, Master Finch, Lady Spatula, Sergeant Bean, "
        "Doctor Plum, Tall Ned"
    ),
    "trade": words(
        "baker, cooper, tinker, cobbler, weaver, miller, bard, ferryman, beekeeper, hatter, locksmith, goatherd, poet, tax collector, "
        "ratcatcher, candlemaker, knight, gravedigger, apprentice, piper, wheelwright, librarian, fishmonger, oracle, squire, barber, "
        "rope-maker, alchemist, plumber, stargazer, potter, innkeeper"
    ),
    "guest": words(
        "monk, pedlar, juggler, wizard, duchess, sailor, dentist, falconer, herald, lute player, pirate, nun, map seller, shepherd, "
        "umpire, chimney sweep, notary, man with two heads, prophet, midwife, student of magic, ghost, swordsman, mole trainer, cheese "
        "taster, admiral, bishop, clockmaker, druid, executioner, fortune teller, gardener, hermit, jester, king in disguise, lawyer, "
        "necromancer, orphan, professor, queen, ranger, spy, thief, viking, witch, zookeeper, acrobat, barbarian"
    ),
    "visitor": choose((3, "{a_guest}"), (2, "the {trade} of {village}"), (2, "{neighbour}")),
    "neighbour": choose("{first_name} {nick}{name}"),
    "first_name": words(
        "Nob, Tilly, Hodge, Marn, Gwen, Pip, Ferris, Dot, Ambrose, Bess, Cole, Esme, Jory, Kit, Lark, Oona, Rolf, Sal, Una, Wat, Fay, "
        "Yan, Zeb, Inga"
    ),
    "nick": words(
        "Tangle, Butter, Crow, Thunder, Pepper, Fiddle, Mud, Goose, Barley, Iron, Lather, Rumble, Sugar, Whistle, Candle, Hollow"
    ),
    "name": words("whisker, bottom, foot, button, wick, nose, shanks, apple, worth, boot, thumb, kettle, pocket, beard, ditch, mouse"),
    "village": choose("{hamlet}{by}", "{far} {hamlet}{by}"),
    "hamlet": words(
        "Mug, Nettle, Crow, Badger, Plum, Oat, Fiddle, Grim, Turnip, Soggy, Wool, Hen, Kettle, Little, Bramble, Dun, Elder, Ash, Pudding, "
        "Salt, Ink, Rook, Vinegar, Yawn"
    ),
    "by": words("wick, ford, ham, bury, thorpe, mouth, ley, stead, moor, gate, dale, combe, pool, cross, hurst, down"),
    "far": words("Upper, Lower, Far, Great, Nether, Old, Market, Bishop's"),
    "foe_name": words(
        "ghoul, troll, goblin, dragon, basilisk, banshee, griffin, ogre, wyvern, mimic, bugbear, lich, hydra, kobold, vampire, owlbear, "
        "giant, werewolf, skeleton, sphinx, manticore, tax inspector, cockatrice, pudding, chimera, harpy, ettin, gargoyle, minotaur, "
        "slime, phantom, unicorn"
    ),
    "foe_sort": words(
        "damp, left-handed, short-sighted, bad-tempered, three-legged, poetic, lonely, sleepy, vegetarian, boastful, hungry, rusty, "
        "talkative, moonstruck, nervous, gigantic, ticklish, well-read, homesick, purple, famous, seasick, wheezing, jealous, hairy, "
        "bashful, retired, pompous, lost, feathered, dramatic, nocturnal"
    ),
}

THINGS: Rules = {
    "thing_sort": words(
        "silver, rusty, singing, borrowed, crooked, lucky, haunted, wooden, folding, nameless, golden, second-hand, mossy, pocket, "
        "left-handed, jewelled, dented, waterproof, cursed, beloved, half-finished, talking, polite, knitted, brass, frozen, glowing, "
        "hairy, military, portable, square, velvet"
    ),
    "thing_name": words(
        "spoon, sword, lantern, kettle, lute, umbrella, shield, teapot, broom, compass, trumpet, ladle, hammer, mirror, frying pan, "
        "anvil, bucket, wheelbarrow, crossbow, doorknob, rope, helmet, walking stick, bagpipe, candlestick, dagger, flute, glove, "
        "hatstand, needle, pitchfork, violin"
    ),
    "drinks": words(
        "warm cider, small beer, elderberry wine, nettle tea, goat milk, plum brandy, dark ale, mulled mead, turnip gin, hot chocolate, "
        "pear juice, dwarven stout, rosehip cordial, ginger beer, birch water, yesterday's soup, barley water, cold coffee, fizzy mud, "
        "lemon tea, oat milk, very old port, rum, thistle wine"
    ),
    "mug": words("mug, jug, tankard, thimble, horn, bowl, bucket, glass, flagon, boot, teacup, barrel"),
    "food": words(
        "pies, onions, pickled eggs, dumplings, sausages, pears, turnips, honey cakes, oysters, buns, cold potatoes, wheels of cheese, "
        "radishes, plums, herrings, loaves, mushrooms, walnuts, biscuits, leeks, apples, figs, kippers, gherkins, almonds, beans, "
        "carrots, dates, eels, fried snails, garlic bulbs, jam tarts, lemons, muffins, nuts, olives, parsnips, quinces, raisins, scones, "
        "truffles, waffles, yams, beetroots, cherries, lentils, omelettes, toffees"
    ),
    "animal": words(
        "goats, geese, sheep, hens, mules, pigs, cows, ducks, ponies, bees, rabbits, donkeys, peacocks, oxen, swans, turkeys, cats, "
        "newts, badgers, frogs, toads, owls, lambs, ferrets, ants, bats, camels, dogs, eagles, foxes, gulls, hares, jackdaws, kittens, "
        "lizards, moths, otters, pigeons, quails, ravens, snails, trout, voles, wasps, yaks, beavers, crabs, llamas"
    ),
    "sort": words(_SORTS),
    "a_sort": _with_article(_SORTS),
    "a_guest": choose("{a_sort} {guest}"),
    "number": words("two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, twenty, thirty, forty, a hundred"),
    "digit": words("1, 2, 3, 4, 5, 6, 7, 8, 9"),
    "coin": words("coppers, silver pennies, gold crowns, brass farthings, old shillings, florins, ducats, groats"),
    "amounts": choose("{digit}{digit} {coin}", "{digit}{digit}{digit} {coin}", "{digit},{digit}{digit}0 {coin}"),
}

PLACES: Rules = {
    "weather": words(
        "rainy, windy, foggy, frosty, moonless, stormy, drizzly, snowy, muggy, starless, breezy, gloomy, misty, mild, thundery, chilly"
    ),
    "time": words("evening, night, morning, afternoon, Monday, market day, feast day, washing day"),
    "inns": choose("the {inn_sort} {inn_name}"),
    "inn_sort": words(
        "Gilded, Prancing, Sleeping, Merry, Broken, Crooked, Thirsty, Blue, Laughing, Last, Honest, Wandering, Spotted, Toothless, "
        "Humming, Royal, Dizzy, Empty, Flying, Jolly, Nimble, Upright, Vanishing, Yellow"
    ),
    "inn_name": words(
        "Goose, Kettle, Dragon, Badger, Anchor, Turnip, Crown, Mermaid, Owl, Barrel, Hedgehog, Lantern, Saddle, Pickle, Fiddle, Whale, "
        "Bishop, Cabbage, Elephant, Jester, Nun, Rooster, Unicorn, Wheel"
    ),
    "places": choose("{place_sort} {place_name}"),
    "place_sort": words(
        "Whispering, Sunken, Forgotten, Howling, Upper, Lower, Misty, Petrified, Hollow, Northern, Weeping, Doubtful, Salt, Ivory, "
        "Bitter, Elder, Accidental, Creaking, Distant, Gloomy, Jagged, Knotted, Restless, Velvet"
    ),
    "place_name": words(
        "Marsh, Mill, Caves, Tower, Forest, Bridge, Quarry, Abbey, Moor, Orchard, Ruins, Swamp, Valley, Harbour, Crypt, Fens, Desert, "
        "Library, Glacier, Island, Jungle, Kitchens, Stairs, Waterfall"
    ),
}

DEEDS: Rules = {
    "walked": words(
        "walked, stumbled, limped, strode, crept, marched, wandered, tiptoed, hurried, staggered, waltzed, barged, shuffled, tumbled, "
        "hopped, sailed, backed, crawled, danced, floated, galloped, raced, swam, trotted"
    ),
    "owned": words("owned, carried, had inherited, had won, polished, guarded, had borrowed, trusted"),
    "poured": words("poured, brought, sold, promised, lent, passed, handed, owed"),
    "keeping": words(
        "wiping a glass, counting spoons, humming a hymn, feeding the fire, scolding the cat, writing bills, sharpening a pencil, salting "
        "soup, ignoring everybody, darning a sock, guessing the weather, hiding the good plates"
    ),
    "habit": words(
        "argued about, sang of, complained of, dreamed of, traded, juggled, boasted of, drew, counted, wept over, painted, bet on, "
        "lectured on, insured, collected, whispered about, adored, blamed, chased, doubted, envied, feared, groomed, hid, inspected, "
        "kissed, lost, measured, named, outran, praised, quoted, rented, stacked, tasted, used up, valued, washed, yelled at, zealously "
        "fed"
    ),
    "eaten": words("eaten, frightened, stolen, insulted, borrowed, trampled, bewitched, kidnapped, counted, sneezed on, taxed, adopted"),
    "exclaim": words(
        "Alas, Good heavens, At last, Thank the gods, Mind the cat, Bless my beard, Not again, Listen, Woe, Oh dear, Sit down, Hush"
    ),
    "bold": words(
        "I fear only soup, Somebody has to, I have done worse, It beats baking, My mother will hear of this, Consider it done, So be it, "
        "I was going there anyway, Then I need a sandwich, Keep my chair warm, Only with a map, Write my name with two dots"
    ),
    "swung": words(
        "swung, waved, raised, threw, brandished, aimed, thrust, dropped, hurled, pointed, shook, twirled, balanced, unfolded, kissed, "
        "rattled"
    ),
    "missed": words(
        "missed, hit a tree, fell over, sneezed, lost a boot, apologised, struck a fence, dented a gate, tripped, woke a duck, cut a "
        "cabbage, blushed"
    ),
    "struck": words(
        "struck home, hit its nose, took its hat, broke its spectacles, pinned its sleeve, bent its horn, stung, made it hiccup, spoiled "
        "its supper, hurt its pride, chipped a tooth, grazed its knee"
    ),
    "growled": words(
        "growled, yawned, blinked, roared, bowed, sulked, hissed, laughed, took notes, checked the time, turned pale, burped, wobbled, "
        "asked for a pause, tried again, kept calm"
    ),
    "yielded": words(
        "surrendered, ran away, turned to stone, burst into tears, signed a treaty, fell asleep, vanished, took up gardening, begged for "
        "mercy, went home to its mother, became a monk, exploded politely"
    ),
    "rained": words("rained, snowed, hailed, drizzled, thundered, poured, was foggy, blew a gale"),
    "squeaked": words("squeak, hum, glow, smell of fish, feel heavy, point north, whistle, leak, tremble, tell jokes, rust, sulk"),
    "cheered": words("cheered, wept, clapped, fainted, sang, danced, asked for a loan, went on eating, had known it all along, threw hats"),
    "keeps": words("hangs, hums, gathers dust, glows, is for sale, frightens the cat, tells the story, props up a shelf"),
}

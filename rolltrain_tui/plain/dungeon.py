"""The dungeon in lines: the player's commands are read from a stream, and the answers are sentences."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rolltrain_tui.base.grammar import capital, counted, minus
from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.modes.dungeon.table.outing import Outing, write_record
from rolltrain_tui.modes.dungeon.table.rival import Choice, Mind
from rolltrain_tui.modes.dungeon.table.sitting import Sitting
from rolltrain_tui.modes.dungeon.table.tale import best, tale
from rolltrain_tui.modes.dungeon.table.watching import watched
from rolltrain_tui.modes.dungeon.worlds.completion import plain
from rolltrain_tui.modes.dungeon.worlds.protocol import Maker
from rolltrain_tui.plain.views import SafeStream

HELP = (
    "Type a command, the beginnings of its words (g n is go north), or its number.",
    "map: what you have seen. hint: the next command of a shortest way. again: the same world. next: another. quit: leave.",
)
MAP_WIDTH, MAP_HEIGHT = 78, 17


def play(outing: Outing, lines: Iterable[str], voice: SafeStream, *, echo: bool) -> None:
    """Plays until the lines end or the player quits. `echo`: repeat each line, where nobody sees it typed."""
    _open(outing, voice)
    for line in lines:
        if echo:
            voice.say(f"> {one_line(plain(line), MAP_WIDTH)}".rstrip())
        if plain(line) == "quit":
            break
        _answer(outing, line, voice)
    sitting = outing.sitting
    if not sitting.seen.done:
        world = sitting.world
        voice.say(f"You leave after {counted(world.moves, 'move')}, with {sitting.seen.score} of {counted(world.max_score, 'point')}.")


def _open(outing: Outing, voice: SafeStream) -> None:
    sitting = outing.sitting
    par = f" Par is {counted(sitting.par, 'move')}." if sitting.par else ""
    voice.say(f"The dungeon: {sitting.world.title}. help tells what can be typed.")
    voice.say(f"{sitting.world.objective}{par}")
    if outing.rival is not None:
        voice.say(f"Beside you plays {outing.rival.mind.name}: one command for each of yours.")
    _look(outing, voice)


def _answer(outing: Outing, line: str, voice: SafeStream) -> None:
    sitting, word = outing.sitting, plain(line)
    if not word:
        return
    if word not in sitting.seen.admissible:
        if word in ("help", "?"):
            for text in HELP:
                voice.say(text)
            return
        if word == "map":
            for row in sitting.chart.lines(MAP_WIDTH, MAP_HEIGHT):
                voice.say("".join(text for text, _ in row).rstrip())
            voice.say("Between stars: where you are. ?: where you have not been. #: a locked door.")
            return
        if word == "hint":
            advice = sitting.world.advice
            voice.say(f"A shortest way goes on with: {advice}." if advice else "There is nothing to advise.")
            return
        if word in ("again", "next"):
            outing.again() if word == "again" else outing.next()
            _open(outing, voice)
            return
    told = sitting.play(line)
    gained = f" {minus(f'{told.gained:+}')} {'point' if abs(told.gained) == 1 else 'points'}." if told.gained else ""
    voice.say(f"{told.text}{gained}" if told.moved else f"{told.text} No move is lost.")
    if not told.moved:
        return
    if outing.rival is not None and (choice := outing.rival.move()) is not None:
        voice.say(_rivals(outing.rival.mind.name, choice))
    if sitting.seen.done:
        voice.say(sitting.verdict())
        if outing.rival is not None:
            voice.say(outing.race_verdict())
        voice.say("again: the same world. next: another. quit: leave.")
    else:
        _look(outing, voice)


def _look(outing: Outing, voice: SafeStream) -> None:
    seen = outing.sitting.seen
    voice.say(f"{seen.description} {seen.inventory}")
    voice.say("  ".join(f"{number} {command}" for number, command in enumerate(seen.admissible, start=1)))


def _rivals(name: str, choice: Choice) -> str:
    others = ", ".join(f"{command} {chance:.2f}" for command, chance in choice.others)
    beside = f" (others: {others})" if others else ""
    end = " It has won." if choice.won else " It has lost." if choice.done else ""
    return f"{capital(name)}: {choice.command}, with probability {choice.probability:.2f}{beside}.{end}"


def watch(maker: Maker, mind: Mind, seeds: Sequence[int], limit: int, record: Path | None, voice: SafeStream) -> None:
    """A mind plays a world of each seed by itself. OSError where the record cannot be written."""
    games: list[Sitting] = []
    for seed in seeds:
        world = maker(seed)
        sitting, moves = watched(world, mind, limit)
        games.append(sitting)
        voice.say(f"{world.title}: {world.objective}")
        for told, chance in moves:
            gained = minus(f" {told.gained:+}") if told.gained else ""
            voice.say(f"{world.moves:>4}  {told.command} ({chance:.2f})  {told.text}{gained}")
            if voice.unread:
                break
        voice.say(
            sitting.verdict()
            or f"Stopped after {counted(world.moves, 'move')} with {sitting.seen.score} of {counted(world.max_score, 'point')}."
        )
        world.close()
        if voice.unread:
            break
    won = [game for game in games if game.seen.won]
    efficiency = sum(game.par / game.world.moves for game in won) / len(won) if won else 0.0
    short = f"; efficiency {efficiency:.2f}, the par over its own moves" if won else ""
    voice.say(f"{capital(mind.name)} won {len(won)} of {counted(len(games), 'game')}{short}.")
    if len(games) > 1 and (finest := best(games)) is not None:
        voice.say(f"Its best game, {finest.world.title}. {finest.world.objective} {tale(finest)}")
    if record is not None:
        write_record(record, games)

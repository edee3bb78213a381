"""Agents as files: exact, checked, and safe to open from a stranger."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolltrain_tui.arena.agents.agent_file import Champion, dump, parse, read
from rolltrain_tui.arena.agents.agents import AgentError, Recipe, Shape
from rolltrain_tui.arena.agents.corpora import TextFacts, check_length
from rolltrain_tui.arena.agents.roster import Roster, roster_table
from rolltrain_tui.arena.training.events import Trained
from rolltrain_tui.arena.training.training import train
from rolltrain_tui.modes.text.corpora.text_file import DataError


def trained(champion: Champion, steps: int) -> Champion:
    return next(event.champion for event in train(champion, steps) if isinstance(event, Trained))


def test_written_and_read(agent: Any, tmp_path: Path) -> None:
    """A trained agent comes back exactly, and other programs can read its tensors."""
    import safetensors.torch

    from rolltrain_tui.arena.agents.agent_file import write

    champion = trained(agent(), 3)
    write(tmp_path / "x.safetensors", champion)
    assert champion == read(tmp_path / "x.safetensors")
    found = safetensors.torch.load_file(tmp_path / "x.safetensors")
    assert (55, 8) == tuple(found["theta.wte.weight"].shape)


@pytest.fixture(scope="module")
def file() -> bytes:
    from rolltrain_tui.arena.agents.agents import Agent
    from rolltrain_tui.arena.agents.corpora import text_facts

    facts = text_facts("names")
    shape = Shape(n_embd=4, n_layer=1, n_head=1, context=4)
    champion = Champion(Agent(name="Tiny", shape=shape, recipe=Recipe(batch=1), vocabulary=55, text_sha256=facts.sha256), {})
    return dump(trained(champion, 1))


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_every_flipped_bit_is_found(file: bytes, data: st.DataObject) -> None:
    """Whichever bit of the file is flipped, it is refused with a sentence."""
    bit = data.draw(st.integers(0, 8 * len(file) - 1))
    broken = bytearray(file)
    broken[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(AgentError):
        parse(bytes(broken), "x")


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_every_torso_is_found(file: bytes, data: st.DataObject) -> None:
    """A file that was cut short, or has something behind it, is refused."""
    with pytest.raises(AgentError):
        parse(file[: data.draw(st.integers(0, len(file) - 1))], "x")
    with pytest.raises(AgentError):
        parse(file + b"x", "x")


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200))
def test_noise(data: bytes) -> None:
    """Noise is refused with a sentence."""
    with pytest.raises(AgentError):
        parse(data, "x")


def test_a_forged_record_is_refused(agent: Any) -> None:
    """A file whose checksum is right but whose tensors are not those of its shape is refused, and so is a name that leads elsewhere."""
    champion = trained(agent(), 2)
    other = replace(champion, agent=replace(champion.agent, shape=replace(champion.agent.shape, n_embd=16)))
    with pytest.raises(AgentError, match="is not as an agent of this shape has it"):
        parse(dump(other), "x")
    with pytest.raises(AgentError, match="cannot be the name"):
        parse(dump(replace(champion, agent=replace(champion.agent, name="../x"))), "x")
    with pytest.raises(AgentError, match="choose 2 to 4096"):
        parse(dump(replace(champion, agent=replace(champion.agent, vocabulary=4097))), "x")
    with pytest.raises(AgentError, match="by 3 heads"):  # the tensors of an agent do not tell how many heads read them
        parse(dump(replace(champion, agent=replace(champion.agent, shape=replace(champion.agent.shape, n_head=3)))), "x")


def test_the_roster(roster: Roster) -> None:
    """Create, list, switch, copy, rename, export, import, delete."""
    shape = Shape(n_embd=8, n_layer=1, n_head=2)
    assert (None, []) == (roster.current(), roster.rows())
    roster.create("Tiny", shape, Recipe())
    roster.create("Big", shape, Recipe())
    assert "Tiny" == roster.current()
    roster.switch("Big")
    roster.copy("Big", "Bigger")
    roster.rename("Big", "Huge")
    assert ("Huge", ["Bigger", "Huge", "Tiny"]) == (roster.current(), roster.names())
    roster.save("Tiny", roster.root / "t.safetensors")
    with pytest.raises(AgentError, match="is there already"):
        roster.save("Tiny", roster.root / "t.safetensors")
    with pytest.raises(AgentError, match="an agent Tiny already"):
        roster.load(roster.root / "t.safetensors")
    assert "Tim" == roster.load(roster.root / "t.safetensors", "Tim").name
    roster.delete("Tiny")
    assert ["Bigger", "Huge", "Tim"] == roster.names()
    with pytest.raises(AgentError, match="did you mean Tim"):
        roster.get("Tin")
    with pytest.raises(AgentError, match="an agent Tim already"):
        roster.create("tim", shape, Recipe())


def test_a_damaged_agent_is_listed_and_can_be_deleted(roster: Roster) -> None:
    """It does not hide the others."""
    roster.create("Tiny", Shape(n_embd=8, n_layer=1, n_head=2), Recipe())
    (roster.folder / "Torn.safetensors").write_bytes(b"x" * 20)
    rows = {row.name: row for row in roster.rows()}
    assert rows["Tiny"].agent is not None
    assert "cut short" in rows["Torn"].trouble
    roster.delete("Torn")
    assert ["Tiny"] == roster.names()


def test_foreign_file_names(roster: Roster) -> None:
    """A file whose name would move the cursor is listed without doing so."""

    roster.create("Tiny", Shape(n_embd=8, n_layer=1, n_head=2), Recipe())
    (roster.folder / "a\x1b[2Jb.safetensors").write_bytes(b"")
    assert "\x1b" not in "".join(roster_table(roster.rows()))


def test_two_letters_make_a_text_that_is_long_enough() -> None:
    """One letter is nothing to guess, and a tenth of the text holds a window."""
    facts = TextFacts("letters", vocabulary=2, sha256="", characters=90)
    check_length(facts, 8)
    for short in (replace(facts, vocabulary=1), replace(facts, characters=89)):
        with pytest.raises(DataError, match="needs 90 or more"):
            check_length(short, 8)


def test_own_text(roster: Roster, tmp_path: Path) -> None:
    """An agent reads a file of the player's, with or without line ends; one that is too short is refused at once, in words."""
    from rolltrain_tui.arena.training.sampling import sample_report

    (tmp_path / "one.txt").write_text("abracadabra simsalabim " * 40)
    (tmp_path / "short.txt").write_text("hello\n")
    agent = roster.create("Own", Shape(n_embd=8, n_layer=1, n_head=2, context=8), Recipe(batch=2), str(tmp_path / "one.txt"))
    assert agent.vocabulary == len(set("abracadabra simsalabim "))
    found = sample_report(trained(roster.get("Own"), 3), 4)
    assert all(len(line) == 64 for line in found.lines)
    with pytest.raises(ValueError, match="Choose a longer text"):
        roster.create("Short", Shape(n_embd=8, n_layer=1, n_head=2), Recipe(), str(tmp_path / "short.txt"))


def test_two_at_once(roster: Roster) -> None:
    """An agent that another process has changed meanwhile is not written over."""
    roster.create("Tiny", Shape(n_embd=8, n_layer=1, n_head=2), Recipe())
    ours, theirs = Roster(roster.root), Roster(roster.root)
    mine, other = ours.get("Tiny"), theirs.get("Tiny")
    theirs.put(replace(other, agent=replace(other.agent, recipe=Recipe(seed=3))))
    with pytest.raises(AgentError, match="changed by another rolltrain"):
        ours.put(mine)
    assert 3 == Roster(roster.root).get("Tiny").agent.recipe.seed


def test_links_are_left_alone(roster: Roster, tmp_path: Path) -> None:
    """A champion is never read through a link or from a device."""
    (tmp_path / "link.safetensors").symlink_to("/dev/zero")
    with pytest.raises(AgentError, match="not a plain file"):
        roster.load(tmp_path / "link.safetensors")

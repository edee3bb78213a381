"""A player of the dungeon that writes its commands word by word: when a command ends, what the world does with it, what is learned."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.finetuning import lab
from support.paths import BY, CAMPAIGNS, HELD, WRITING
from support.small_learners import dungeon_learner

from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.dungeon.algorithms.minibatch import ready
from rolltrain_tui.modes.dungeon.algorithms.rejection import Rejection
from rolltrain_tui.modes.dungeon.exam.exam import UNSEEN
from rolltrain_tui.modes.dungeon.games.games import Games, fresh
from rolltrain_tui.modes.dungeon.learner import DungeonLearner
from rolltrain_tui.modes.dungeon.player.offers import Offers
from rolltrain_tui.modes.dungeon.player.stops import Commands, StopRule
from rolltrain_tui.modes.dungeon.player.vocabulary import Vocabulary
from rolltrain_tui.modes.dungeon.player.writer import Writer
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect


def learner(*overrides: str) -> DungeonLearner:
    return dungeon_learner(*WRITING, *overrides)


def loud(hero: DungeonLearner) -> DungeonLearner:
    """With weights that have opinions."""
    torch.nn.init.normal_(hero.player.gpt.get_parameter("wte.weight"), std=0.5)
    return hero


PIECES = ["", "go", "north", ".", "\n", "end of text", "?!", "é", " - ", "key."]
END = 5


@pytest.mark.parametrize(
    ("tokens", "belonging", "ends"),
    [
        ([1, 2, 3, 1], 3, True),  # punctuation belongs to the command
        ([1, 2, 4, 1], 2, True),  # a new line does not
        ([1, END, 1], 1, True),  # nor does the token that ends texts, which has letters in its name
        ([3, 4, END, 1, 3], 5, True),  # nothing ends before a letter or a digit was written
        ([7, 8, 6, 1, 6], 5, True),  # an accent is no letter of a command, and a dash is none
        ([1, 0, 0, 2], 4, False),  # a token without text is no punctuation
        ([9, 1], 1, True),  # a token may say something and stop
        ([1, 2, 1], 3, False),
    ],
)
def test_a_command_ends_with_punctuation_or_before_a_break_but_not_before_it_began(tokens: list[int], belonging: int, ends: bool) -> None:
    commands, ended = Commands(StopRule(PIECES, ends={END}, never={0}), 2), False
    for token in tokens:
        commands.hear([token, 1])  # the other one goes on for ever
        ended = 0 not in commands._going
        if ended:
            break
    assert (commands.lengths[0], ended) == (belonging, ends)


def test_of_all_words_the_stop_alone_ends_a_command() -> None:
    """The others say something, and what is not a word is never written."""
    words = Vocabulary(["you are in the hall", "go north"], stops=True)
    rule, stop = words.stop_rule(), words.numbers("go north.")[-1]
    assert [n for n in range(len(words)) if rule.stops[n]] == [stop]
    assert not any(rule.breaks)
    assert {n for n in range(len(words)) if not rule.speaks[n]} == {stop, *rule.never}
    assert words.text(range(len(words))).split() == [words.words[n] for n in range(len(words)) if n not in rule.never]


@pytest.mark.parametrize("folder", [False, True])
def test_what_was_thought_while_writing_is_what_reading_it_at_once_gives(folder: bool) -> None:
    """Through the cache, beside longer and shorter texts: probabilities, entropies, values and Q of each word. A Hugging Face model too."""
    more = (f"hf={json.dumps({'path': str(lab().gpt), 'freeze': []})}", "model.context=64") if folder else ()
    hero = learner("ppo=null", BY["actde"], *more) if not folder else learner(*more)
    if not folder:
        loud(hero)
        torch.nn.init.normal_(hero.player.head.layers[0].weight)  # type: ignore[arg-type]
    hero.player.eval()
    played = hero._play()
    assert folder or len(set(played.offers.length.tolist())) > 1
    with torch.no_grad():
        again = hero.player(played.offers).of(played.action)
    for name in ("logprobs", "entropy", "values", "q"):
        then, now = getattr(played.choice, name), getattr(again, name)
        assert (then is None) == (now is None) == (name == "q" and folder)
        assert then is None or torch.allclose(then, now, atol=1e-4), name
    assert float(played.choice.logprobs[~played.mask].abs().sum()) == 0


def test_words_are_drawn_as_often_as_they_are_likely_and_padding_never() -> None:
    """A thousand first words from evenly spread chance; always the likeliest where it is greedy."""
    hero = loud(learner())
    player, vocabulary = hero.player, hero.reading.vocabulary
    assert isinstance(player, Writer)
    seen = hero.maker(3).reset()
    offers = hero.reading.offers([seen] * 1000)
    chance = ((torch.arange(1000, dtype=torch.float64) + 0.5) / 1000)[:, None].expand(-1, player.longest)
    with torch.no_grad():
        taken, best = player.act(offers, chance), player.act(offers, chance, greedy=True)
    first = torch.bincount(taken.offers.commands[:, 0, 0], minlength=len(vocabulary)) / 1000
    found = torch.zeros(len(vocabulary)).scatter(0, taken.offers.commands[:, 0, 0], taken.choice.logprobs[:, 0].exp())
    assert torch.allclose(first, found, atol=2e-3)
    assert first[:3].tolist() == [0, 0, 0]
    assert len(set(best.offers.commands[:, 0, 0].tolist())) == 1
    assert float(found[best.offers.commands[0, 0, 0]]) >= float(found.max()) - 1e-6  # by the model's own probabilities: counts can tie
    assert int(vocabulary.numbers("look.")[-1]) == len(vocabulary) - 1  # the last word can be drawn as well


def test_a_command_that_is_none_is_refused_costs_the_move_and_earns_the_reward_of_invalid_ones() -> None:
    """The world stays as it is, the answer is told, and a game of nothing but refusals ends at its limit."""
    hero = learner("rewards.invalid=-0.5", "rewards.living=0.0", "model.feedback=true", "writing.examples=0.0", "writing.memory=1")
    games = Games(fresh(hero.maker, [5]), hero.maker, 3, hero.reading)
    start = games.seen[0]
    for move in range(3):
        before, now, over = games.carry_out(0, "dance wildly")
        assert not now.accepted
        assert hero.rewards.of(before, "dance wildly", now) == -0.5
        assert now.description == start.description
        assert over is (move == 2)
    assert "I do not know how to dance wildly" in hero.reading.text(now)
    assert games.put_away()[0].refused == 3
    played = hero._play()
    assert played.refused == len(played.action) - int((played.score > -0.5).sum())


@pytest.mark.parametrize("memory", [0, 1, 3])
def test_a_text_holds_as_many_moves_of_the_past_as_the_campaign_says(memory: int) -> None:
    """Each as it was read and written; a new game begins without any, and a game that was put away goes on with its own."""
    hero = learner(f"writing.memory={memory}", "writing.examples=0.0")
    games = Games(fresh(hero.maker, [5]), hero.maker, 40, hero.reading)
    for move in range(5):
        assert hero.reading.text(games.seen[0]).count("You choose the action to look.") == min(move, memory)
        games.carry_out(0, "look")
    (standing,) = games.put_away()
    again = Games((standing,), hero.maker, 40, hero.reading)
    assert again.seen[0].past == standing.past
    assert len(standing.past) == memory
    again.renew(0, 6)
    assert again.seen[0].past == ()


@pytest.mark.parametrize(("form", "named"), [("actions", True), ("open", False)])
def test_the_form_of_the_prompt_names_the_commands_or_not(form: str, named: bool) -> None:
    hero = learner(f"writing.form={form}")
    seen = hero.maker(5).reset()
    text = hero.reading.text(seen)
    assert all(command in text for command in seen.admissible) is named
    assert text.endswith("You choose the action to ")
    assert hero.reading.offers([seen]).commands.shape[1] == 1


def test_an_example_is_a_valid_command_where_the_last_one_was_refused_and_is_no_move() -> None:
    """It stands in the memory and among what is imitated; where nothing was refused there is none."""
    hero = learner("writing.examples=1.0", "writing.memory=2")
    played = hero._play()
    assert played.examples is not None
    assert len(played.action) == hero.config.play.games * hero.config.play.moves
    texts, words = played.examples, hero.reading.vocabulary
    for text, length, command, count in zip(texts.text, texts.length, texts.commands[:, 0], texts.words[:, 0], strict=True):
        said = words.text(command[:count].tolist())
        assert said.endswith(" .")
        thing = said.removesuffix(" .").split()[-1]
        assert thing == "look" or thing in words.text(text[:length].tolist())
    kind = hero.maker(5).reset().admissible

    def obedient(seen: object, chance: torch.Tensor) -> object:
        acts = type(hero).act(hero, seen, chance)  # type: ignore[arg-type]
        return replace(acts, commands=["look"] * len(acts.commands))

    hero.act = obedient  # type: ignore[assignment, method-assign]
    assert "look" in kind
    assert hero._play().examples is None


@pytest.mark.slow
def test_examples_teach_the_words_of_commands() -> None:
    """After some turns the commands that were shown are likelier, though nothing was won."""
    hero = learner("rewards={game: 0, win: 0, living: 0, invalid: 0, letter: 0, letters: e, bias: 0, scale: 1}", "writing.examples=1.0",
                   "optimizer.learning_rate=1e-2", "schedule.decay=constant", "turns=40")  # fmt: skip
    shown = hero.buffer.examples
    assert shown is not None
    before = hero.look(Offers.of(shown)).of(shown["action"]).logprobs.sum(dim=1).mean()
    losses = [hero.step(NEUTRAL).measured["loss/examples_avg"] for _ in range(20)]
    after = hero.look(Offers.of(shown)).of(shown["action"]).logprobs.sum(dim=1).mean()
    assert losses[-1] < losses[0] - 0.5
    assert float(after) > float(before) + 2


@pytest.mark.parametrize("name", ["ppo", *BY])
def test_every_algorithm_learns_from_written_words(name: str) -> None:
    """The first lessons are those of the policy that wrote; steps move the weights, and what they tell is finite."""
    hero = learner(*(() if name == "ppo" else ("ppo=null", BY[name])))
    before = hero.weights_sha256()
    first = hero.step(NEUTRAL).measured
    assert first.get("policy/approxkl_avg", 0.0) < 1e-9
    for effect in (StepEffect(target_noise=0.5), StepEffect(drop_worst=3), StepEffect(batch_factor=2.0), NEUTRAL):
        assert hero.step(effect).finite
    assert hero.weights_sha256() != before
    assert first["moves/refused"] <= first["moves"]


def test_a_sequences_ratio_is_not_a_tokens_ratio_where_words_are_written() -> None:
    """After some steps the two count the same minibatch differently, as they cannot where a command is one decision."""
    hero = learner("optimizer.learning_rate=1e-2", "play.every=12")
    for _ in range(4):
        hero.step(NEUTRAL)
    rows = ready(hero.buffer.rows, torch.arange(8), hero.device)
    by_token = hero.losses(rows)[0]
    own = hero.algorithm
    hero.algorithm = replace(own, of=replace(own.of, importance="sequence"))  # type: ignore[attr-defined, type-var]
    assert not torch.allclose(by_token, hero.losses(rows)[0])


def test_the_prompt_is_imitated_where_the_campaign_says_so() -> None:
    """The loss is then the mean over the words of the text and of the command; without it over those of the command."""
    hero = loud(learner("ppo=null", BY["rejection"].replace("ent_coef: 0.02}", "ent_coef: 0.0, train_prompt: true}")))
    assert isinstance(hero.algorithm, Rejection)
    rows = ready(hero.buffer.rows, torch.arange(4), hero.device)
    whole = hero.losses(rows)[0].detach()
    for row in range(4):
        length, count = int(rows["length"][row]), int(rows["words"][row, 0])
        line = torch.cat((rows["text"][row, :length], rows["commands"][row, 0, :count]))[None]
        logits = hero.player.gpt.logits(hero.player.gpt.hidden(line[:, :-1]))[0].detach()
        text = logits[: length - 1].log_softmax(dim=1).gather(1, line[0, 1:length, None])
        command = (logits[length - 1 :] + hero.player.silent).log_softmax(dim=1).gather(1, line[0, length:, None])  # type: ignore[union-attr, operator]
        assert float(whole[row]) == pytest.approx(-float(torch.cat((text, command)).mean()), abs=1e-4)
    hero.algorithm = replace(hero.algorithm, train_prompt=False)
    assert not torch.allclose(hero.losses(rows)[0], whole)


def test_unfinished_games_of_a_writer_are_saved_with_what_it_remembers() -> None:
    """Memory, refusals and examples come back; a state whose memory is none is refused."""
    hero, other = learner("writing.memory=2"), learner("writing.memory=2", "seed=9")
    hero.step(NEUTRAL)
    state = json.loads(json.dumps(hero.state_dict()))
    assert any(len(game) == 4 for game in state["games"])
    assert "dungeon.examples.text" in hero.tensors()
    other = learner("writing.memory=2")
    other.load_state({name: tensor.clone() for name, tensor in hero.tensors().items()}, state)
    assert other.games == hero.games
    assert [other.step(NEUTRAL).loss for _ in range(4)] == [hero.step(NEUTRAL).loss for _ in range(4)]
    state["games"][0] = [*state["games"][0][:2], [1], 0]
    with pytest.raises(ValueError, match="saved"):
        other.load_state(hero.tensors(), state)


def test_where_every_game_has_ended_nothing_of_it_comes_again() -> None:
    """After games that all ended with their last move, the next lessons are those of new games, and as many as before."""
    hero = learner("world.limit=3", "play={games: 4, moves: 3, every: 3, temperature: 1.0}", "writing.examples=0.0")
    for _ in range(3):
        hero._go_on()
        assert len(hero.buffer) == 12
        assert all(game == fresh(hero.maker, [game.seed])[0] for game in hero.games)


def test_a_plain_installation_has_all_that_a_game_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worlds and training ask for no other library of games or training, and for no network."""

    def no_network(*told: object) -> None:
        raise AssertionError(f"something asks for the network: {told}")

    monkeypatch.setattr("socket.socket.connect", no_network)
    for name in ("textworld", "gym", "gymnasium", "jericho", "deepspeed", "lightning", "pytorch_lightning", "wget"):
        monkeypatch.setitem(sys.modules, name, None)
    hero = learner("writing=null")
    assert hero.step(NEUTRAL).finite
    assert hero.exam.verdicts(3, hero.seat(), first=UNSEEN)


def test_a_borrowed_model_writes_until_its_own_end_of_text() -> None:
    """The token that ends texts ends a command once it has begun, and is no part of it."""
    hero = learner(f"hf={json.dumps({'path': str(lab().gpt), 'freeze': []})}", "model.context=64", *HELD[:2])
    player = hero.player
    assert isinstance(player, Writer)
    ends = [n for n, is_break in enumerate(player.rule.breaks) if is_break]
    assert ends
    assert not player.silent[ends].isinf().any()
    report = hero.step(NEUTRAL)
    assert report.finite
    assert report.measured["objective/kl"] == pytest.approx(0.0, abs=1e-3)
    for row, count in zip(hero.buffer.rows["commands"][:, 0].tolist(), hero.buffer.rows["words"][:, 0].tolist(), strict=True):
        assert row[count - 1] not in ends or not any(player.rule.speaks[token] for token in row[:count])


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("writing={form: open, words: 5, memory: 0, examples: 2.0, example_coef: 1.0}", "examples"),
        ("writing={form: closed, words: 5, memory: 0, examples: 0.0, example_coef: 1.0}", "form"),
        ("writing={form: open, words: 60, memory: 0, examples: 0.0, example_coef: 1.0}", "leaves no room for a text"),
        ("writing={form: open, words: 5, memory: 0, examples: 0.0}", "example_coef"),
    ],
)
def test_a_wrong_section_is_told_in_words(override: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        learner("model.context=64", override)


def test_an_older_file_without_the_section_is_a_player_that_chooses(tmp_path: Path) -> None:
    told = (CAMPAIGNS / "dungeon_first.yaml").read_text("utf-8")
    lines = [line for line in told.splitlines() if not line.startswith("writing:")]
    (tmp_path / "old.yaml").write_text("\n".join(lines), "utf-8")
    config = load(tmp_path / "old.yaml")
    assert config.writing is None  # type: ignore[attr-defined]

"""Campaign files: every mistake is told at once, with its place, what is wrong and what to do."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.patience import PATIENCE

from rolltrain_tui.config import shipped as shipped_campaigns
from rolltrain_tui.config.shipped import AILMENTS
from rolltrain_tui.config.yaml_marks import read_marked
from rolltrain_tui.modes.campaign_file import CampaignFileError, dump, find, json_schema, load, load_text, shipped, template
from rolltrain_tui.modes.text.config import TextConfig

GOOD = template("supervised")


def complaints(text: str, *overrides: str) -> list[str]:
    """The lines of the error that this campaign gives."""
    with pytest.raises(CampaignFileError) as caught:
        load_text(text, "my.yaml", overrides)
    assert caught.value.__context__ is None or caught.value.__suppress_context__  # nothing of the machinery is shown with it
    return str(caught.value).splitlines()


def place_of(part: str, text: str) -> str:
    """line:column of the only occurrence of `part`."""
    assert text.count(part) == 1, part
    before = text[: text.index(part)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


MALFORMED = [
    # what to replace, with what, where the mistake is, its path, and a piece of what is said
    ("learning_rate: 2e-3", "learning_rat: 1e-3", "learning_rat:", "optimizer.learning_rat", "unknown key; did you mean 'learning_rate'?"),
    ("turns: 2000", "Turns: 2000", "Turns:", "Turns", "did you mean 'turns'?"),
    ("turns: 2000", "turns: 2000\nn_embd: 9", "n_embd: 9", "n_embd", "it belongs in section 'model'"),
    ("  keep: 3", "  keep: 3\n  colour: red", "colour", "save.colour", "unknown key; known here: autosave_every, keep"),
    ("seed: 7 ", "# none ", "schema_version", "seed", "missing; add it, for example `seed: 7`. Dice, data order, monsters"),
    ("  beta2: 0.99\n", "", "optimizer:", "optimizer.beta2", "for example `beta2: 0.99`. AdamW's second-moment decay"),
    ("  corpus: names ", "  # none ", "data:", "data.corpus", "for example `corpus: names`"),
    ("turns: 2000", "turns: many", "many", "turns", "must be a whole number from 1 to 100000000 (got 'many')"),
    ("turns: 2000", "turns: '2000'", "'2000'", "turns", "take the quotes away"),
    ("turns: 2000", "turns: 2_000", "2_000", "turns", "write 2000"),
    ("turns: 2000", "turns: 2000.0", "2000.0", "turns", "write 2000"),
    ("turns: 2000", "turns: 0 ", "0                   # one turn", "turns", "from 1 to 100000000 (got 0)"),
    ("turns: 2000", "turns: true", "true                  ", "turns", "must be a whole number"),
    ("seed: 7 ", "seed: -1 ", "-1 ", "seed", "of at least 0 and below 9223372036854775808 (got -1)"),
    (
        "seed: 7 ",
        f"seed: {'9' * 5000} ",
        "99999" * 1000,
        "seed",
        "a number of 5000 digits is too large; there is none above 9223372036854775807",
    ),
    ("sequences: 12 ", f"sequences: {2**63} ", f"{2**63} ", "batch.sequences", f"is too large; there is none above {2**63 - 1}"),
    ("schema_version: 1", "schema_version: 2", "2\nname", "schema_version", "must be 1 (got 2)"),
    ("schema_version: 1", "schema_version: true", "true\nname", "schema_version", "must be 1"),
    ("kind: supervised ", "kind: supervized ", "supervized", "kind", "did you mean 'supervised'?"),
    ("name: The Tiny GPT", "name: 12", "12\nstory", "name", "must be text of 1 to 60 characters (got 12); put it in quotes"),
    ("name: The Tiny GPT", 'name: "a\\eb"', '"a\\eb"', "name", "cannot be printed (got 'a\\x1bb')"),
    ("name: Brakka", "name: ' '", "' '", "hero.name", "is blank"),
    ("name: Brakka", "name: Brakka of the Seven Long Rivers", "Brakka of", "hero.name", "text of 1 to 24 characters"),
    ("name: adamw ", "name: adam ", "adam ", "optimizer.name", "must be one of adamw, sgd (got 'adam'); did you mean 'adamw'?"),
    ("beta1: 0.9", "beta1: 1", "1                 ", "optimizer.beta1", "a number of at least 0 and below 1 (got 1)"),
    ("learning_rate: 2e-3", "learning_rate: 1e999", "1e999", "optimizer.learning_rate", "must be a number above 0 (got inf)"),
    ("clip: 1.0 ", "clip: -1 ", "-1 ", "optimizer.clip", "must be a number above 0 or null (got -1)"),
    ("bias: false", "bias: no", "no     ", "model.bias", "must be true or false (got 'no'); write false"),
    ("n_embd: 128", "n_embd: 130", "130", "model.n_embd", "a multiple of n_head, which is 4 (got 130); 128 or 132 would do"),
    ("warmup_turns: 100", "warmup_turns: 2000", "2000          # the rate", "schedule.warmup_turns", "less than turns, which is 2000"),
    ("corpus: names ", "corpus: file ", "null                 # with corpus", "data.path", "corpus file needs the name"),
    ("path: null", "path: book.txt", "book.txt", "data.path", "corpus names reads no file"),
    ("die: d20 ", "die: d21 ", "d21", "dice.die", "one of d4, d6, d8, d10, d12, d20, d100 (got 'd21')"),
    ("rulebook: hero ", "rulebook: custom ", "null               # with rulebook", "dice.custom", "k for each face of the d20"),
    ("custom: null ", "custom: [1, 2] ", "[1, 2]", "dice.custom", "rulebook hero has its own table"),
    ("threads: auto", "threads: fast", "fast   ", "device.threads", "must be a whole number from 1 to 1024 or auto (got 'fast')"),
    ("auto: [] ", "auto: [rage, ragge] ", "ragge", "hero.auto.1", "an ability of the barbarian"),
    ("auto: [] ", "auto: [spell_mastery] ", "spell_mastery", "hero.auto.0", "rage or reckless_attack (got 'spell_mastery')"),
    ("auto: [] ", "auto: [rage, 'rage'] ", "'rage'", "hero.auto.1", "is named twice"),
    ("STR: 16", "STR: 21", "21", "hero.stats.STR", "from 1 to 20 (got 21)"),
    (
        "bestiary: [gradient_ooze, loss_dragon, weight_wraith]",
        "bestiary: []",
        "[]\n\ndiagnosis",
        "encounters.bestiary",
        "or write mode: off",
    ),
    ("loss_dragon,", "lossdragon,", "lossdragon", "encounters.bestiary.1", "did you mean 'loss_dragon'?"),
    ("save:\n  autosave_every: 50\n  keep: 3 ", "save: 3 ", "3                    # auto", "save", "a section of `key: value` lines"),
    ("turns: 2000", "turns: 2000\nturns: 1000", "turns: 1000", "turns", "written twice, first in line"),
    ("top_k: null", "top_k: *k", "*k", "speech.top_k", "alias"),
    ("top_k: null", "top_k: !!python/name:os.system x", "!!python", "speech.top_k", "tag"),
    ("seed: 7 ", "seed: 7: x ", ": x", None, "indent"),
    ("  n_layer: 4", "\tn_layer: 4", "\tn_layer", None, "tab"),
]


@pytest.mark.parametrize(
    ("old", "new", "at", "path", "says"), MALFORMED, ids=[f"{case[3]}-{number}" for number, case in enumerate(MALFORMED)]
)
def test_each_mistake_is_told_with_place_and_remedy(old: str, new: str, at: str, path: str | None, says: str) -> None:
    """One mistake gives one line: file, line, column, path, what is wrong and what to do."""
    assert GOOD.count(old) == 1, old
    text = GOOD.replace(old, new)
    expected = place_of(at, text)
    [line] = complaints(text)
    assert line.startswith(f"my.yaml:{expected}: {path}: " if path else f"my.yaml:{expected}: not YAML: ")
    assert says in line
    assert "Input should" not in line
    assert "http" not in line


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    """Four mistakes of four kinds give four lines, first line first."""
    text = GOOD.replace("turns: 2000", "turns: many").replace("  beta2: 0.99\n", "").replace("n_embd: 128", "n_embd: 130")
    text = text.replace("chance: 0.01", "chanse: 0.01")
    assert ["turns", "model.n_embd", "optimizer.beta2", "encounters.chanse"] == [line.split(": ")[1] for line in complaints(text)]


def test_a_misspelt_key_is_not_also_called_missing() -> None:
    """One slip of the pen is one line; a key that is simply not there is another."""
    assert 1 == len(complaints(GOOD.replace("learning_rate: 2e-3", "learning_rat: 1e-3")))
    assert 2 == len(complaints(GOOD.replace("learning_rate: 2e-3", "colour: 1e-3")))


def test_a_missing_section_sends_to_a_file_of_the_same_kind() -> None:
    """A text's campaign that calls itself a duel is sent to `new duel`, which has the sections that it lacks."""
    lines = complaints(GOOD.replace("kind: supervised", "kind: duel"))
    assert any("exploration: missing; add the section; `rolltrain new duel` writes" in line for line in lines)
    assert not any("new supervised" in line for line in lines)


def test_only_a_text_is_told_to_stand_in_quotes() -> None:
    """A number is no name, but in quotes it is one. Where a word is one of few, quotes would not help."""
    [name] = complaints(GOOD.replace("name: Brakka", "name: 7"))
    [threads] = complaints(GOOD.replace("threads: auto", "threads: .nan"))
    assert name.endswith("put it in quotes")
    assert "quotes" not in threads


def test_rules_between_values_are_checked_beside_other_mistakes() -> None:
    """A width that does not fit its heads is told even where other sections are broken."""
    lines = complaints(
        GOOD.replace("n_embd: 128", "n_embd: 130").replace("corpus: names ", "corpus: file ").replace("seed: 7 ", "seed: x ")
    )
    assert ["seed", "data.path", "model.n_embd"] == [line.split(": ")[1] for line in lines]


def test_a_value_that_cannot_be_read_is_told_once() -> None:
    """An alias is refused as an alias, not once more as a value of the wrong kind."""
    [line] = complaints(GOOD.replace("seed: 7 ", "seed: *s "))
    assert "alias" in line


def test_a_flood_of_mistakes_is_cut_short() -> None:
    """Forty lines are enough to start with; the rest is counted."""
    lines = complaints(GOOD + "".join(f"strange{number}: 1\n" for number in range(500)))
    assert 41 == len(lines)
    assert lines[-1].endswith(" more")


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words\n", "5\n"])
def test_a_file_that_is_no_mapping_is_refused(text: str) -> None:
    """A list or a single value is no campaign; the error says what one is."""
    [line] = complaints(text)
    assert line.startswith("my.yaml:1:1: a campaign is sections of `key: value` lines")


@pytest.mark.parametrize(
    "path",
    [
        *("../book.txt", "a/../../book.txt", "/etc/passwd", "~/book.txt", "C:\\book.txt", "c:book.txt", "a\\b.txt"),
        *("texts/", ".", "x" * 300),
    ],
)
def test_a_text_outside_the_campaigns_folder_is_refused(path: str) -> None:
    """Parents, absolute paths, homes, drives, backslashes, folders and endless names are refused where they are written."""
    [line] = complaints(GOOD, "data.corpus=file", f"data.path='{path}'")
    assert line.startswith("--set data.path=")


class TestOverrides:
    """`--set` values follow the file's own rules, and their mistakes name them."""

    def test_values_are_written_over_the_file(self) -> None:
        """Words, numbers, lists and sections are read as in the file; the last of two counts."""
        stats = "hero.stats={STR: 1, DEX: 2, CON: 3, INT: 4, WIS: 5, CHA: 6}"
        config = load_text(
            GOOD, "my.yaml", ["dice.rulebook=off", "optimizer.learning_rate=3e-4", "hero.auto=[rage]", stats, "seed=1", "seed=2"]
        )
        assert ("off", 3e-4, ["rage"], 6, 2) == (
            config.dice.rulebook,
            config.optimizer.learning_rate,
            config.hero.auto,
            config.hero.stats.CHA,
            config.seed,
        )

    def test_an_empty_value_is_null(self) -> None:
        """Nothing after the equals sign is null, as in a file."""
        assert load_text(GOOD, "my.yaml", ["pace.turns_per_second="]).pace.turns_per_second is None

    def test_an_override_mends_the_file(self) -> None:
        """Only the campaign with its overrides is validated."""
        assert 5 == load_text(GOOD.replace("seed: 7 ", "seed: x "), "my.yaml", ["seed=5"]).seed

    @pytest.mark.parametrize(
        ("override", "says"),
        [
            ("dice.rulebok=off", "unknown key; did you mean 'rulebook'?"),
            ("dicee.rulebook=off", "dicee: unknown key; did you mean 'dice'?"),
            ("turns=many", "must be a whole number from 1 to 100000000 (got 'many')"),
            ("dice.rulebook=heroo", "did you mean 'hero'?"),
            ("turns.first=1", "turns has no parts; set turns as a whole"),
            ("turns", "write the path of a value, '=', and the value"),
            ("=3", "write the path of a value"),
            ("dice..dc=3", "write the path of a value"),
            ("seed=[1", "this list is not closed"),
            ("seed=*x", "alias"),
            ("seed=1\n--- 2", "second document"),
            ("schedule.warmup_turns=5000", "must be less than turns, which is 2000"),
            ("save={keep: 3}", "save.autosave_every: missing"),
            ("name=\x1b[2J", "control character"),
        ],
    )
    def test_mistakes_name_the_override(self, override: str, says: str) -> None:
        """The line starts with what the player typed, and says what is wrong with it."""
        [line] = complaints(GOOD, override)
        assert line.startswith(f"--set {override.encode('unicode_escape').decode()}: ")
        assert says in line

    @pytest.mark.parametrize(
        ("override", "says"),
        [
            ("ppo.whitening=all", "unknown key; did you mean 'whiten'?"),
            ("record.colour=red", "unknown key; known here: best_game, trajectories"),
        ],
    )
    def test_a_section_that_may_be_null_tells_its_keys_too(self, override: str, says: str) -> None:
        """As the dungeon's algorithms are, of which one is filled."""
        assert complaints(template("dungeon"), override) == [f"--set {override}: {says}"]

    def test_mistakes_of_file_and_overrides_are_told_together(self) -> None:
        """The file's lines come first, then each override's."""
        lines = complaints(GOOD.replace("seed: 7 ", "seed: x "), "dice.rulebok=off", "turns", "hero.level=0")
        assert ["my.yaml", "--set dice.rulebok=off", "--set turns", "--set hero.level=0"] == [line.partition(":")[0] for line in lines]


class TestFiles:
    """What is not an ordinary, readable file is refused in words."""

    def test_a_campaign_is_read(self, tmp_path: Path) -> None:
        """A file with Windows line ends and a byte order mark reads like any other."""
        path = tmp_path / "my.yaml"
        path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
        assert load_text(GOOD, "x") == load(path)

    def test_errors_name_the_file(self, tmp_path: Path) -> None:
        """The path stands before line and column."""
        path = tmp_path / "my.yaml"
        path.write_text(GOOD.replace("seed: 7 ", "seed: x "), encoding="utf-8")
        with pytest.raises(CampaignFileError, match=rf"my\.yaml:{place_of('7   ', GOOD)}: seed: must be"):
            load(path)

    def test_a_missing_file(self, tmp_path: Path) -> None:
        """The error says how to get a campaign to start from."""
        with pytest.raises(CampaignFileError, match=r"no such file.*rolltrain new supervised"):
            load(tmp_path / "none.yaml")

    def test_a_folder(self, tmp_path: Path) -> None:
        """A folder is called one."""
        with pytest.raises(CampaignFileError, match="this is a folder"):
            load(tmp_path)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in the file system are POSIX")
    def test_a_pipe_does_not_hang(self, tmp_path: Path) -> None:
        """A named pipe without a writer is refused, not waited for."""
        os.mkfifo(tmp_path / "pipe.yaml")
        with pytest.raises(CampaignFileError, match="a pipe or a device"):
            load(tmp_path / "pipe.yaml")

    def test_a_device(self) -> None:
        """The null device is no campaign."""
        with pytest.raises(CampaignFileError):
            load(Path(os.devnull))

    def test_a_file_that_may_not_be_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file without read permission is refused with what to do."""
        path = tmp_path / "my.yaml"
        path.write_text(GOOD, encoding="utf-8")

        def refuse(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
        with pytest.raises(CampaignFileError, match="may not read this file; change its permissions"):
            load(path)

    @pytest.mark.parametrize("name", ["a\0b.yaml", "x" * 5000 + ".yaml"])
    def test_impossible_names(self, name: str) -> None:
        """A NUL or an endless name is refused, without control characters in the error."""
        with pytest.raises(CampaignFileError, match="cannot be read") as caught:
            load(Path(name))
        assert str(caught.value).isprintable()

    def test_a_giant_file_is_not_read_whole(self, tmp_path: Path) -> None:
        """Ten megabytes are refused after the first 256 KiB."""
        path = tmp_path / "big.yaml"
        path.write_bytes(b"a: b\n" * 2_000_000)
        with pytest.raises(CampaignFileError, match="larger than 256 KiB"):
            load(path)

    @pytest.mark.parametrize("name", ["novel.txt", "rows.jsonl"])
    @pytest.mark.parametrize("content", ["Call me Ishmael.\n", '{"text": "a"}\n{"text": "b"}\n', "Chapter: one\n" * 30_000])
    def test_what_is_trained_on_is_sent_to_data(self, tmp_path: Path, name: str, content: str) -> None:
        """A text or a table that is named as the campaign, however it fails to be one."""
        path = tmp_path / name
        path.write_text(content)
        command = "rolltrain play tiny_gpt" if name == "novel.txt" else "rolltrain new finetune my.yaml --model DIR"
        with pytest.raises(CampaignFileError, match=rf"this is no campaign\. To .*: `{command} --data "):
            load(path)

    def test_a_text_behind_a_link_that_leads_out_is_refused(self, tmp_path: Path) -> None:
        """Links are followed before the folder is compared; a link that stays inside is fine."""
        (tmp_path / "outside.txt").write_text("text", encoding="utf-8")
        folder = tmp_path / "campaigns"
        folder.mkdir()
        path = folder / "my.yaml"
        path.write_text(GOOD.replace("corpus: names ", "corpus: file ").replace("path: null", "path: book.txt"), encoding="utf-8")
        (folder / "book.txt").symlink_to(tmp_path / "outside.txt")
        with pytest.raises(CampaignFileError, match=r"my\.yaml:\d+:9: data\.path: a link that leads out"):
            load(path)
        (folder / "book.txt").unlink()
        (folder / "inside.txt").write_text("text", encoding="utf-8")
        (folder / "book.txt").symlink_to("inside.txt")
        assert "book.txt" == load(path).data.path

    def test_a_folder_as_text_is_refused(self, tmp_path: Path) -> None:
        """data.path must be an ordinary file."""
        (tmp_path / "my.yaml").write_text(GOOD, encoding="utf-8")
        (tmp_path / "texts").mkdir()
        with pytest.raises(CampaignFileError, match="must be an ordinary file"):
            load(tmp_path / "my.yaml", ["data.corpus=file", "data.path=texts"])

    def test_a_text_named_on_the_command_line_may_lie_anywhere(self, tmp_path: Path) -> None:
        """`data` makes the campaign read that file, by its name within its own folder."""
        config = load(find("tiny_gpt"), ["data.corpus=names"], data=tmp_path / "my book.txt")
        assert ("file", "my book.txt") == (config.data.corpus, config.data.path)


class TestKept:
    """A campaign written out is the same campaign."""

    @pytest.mark.slow
    @given(
        name=st.text(min_size=1, max_size=60).filter(lambda text: text.isprintable() and bool(text.strip())),
        story=st.text(max_size=200),
        learning_rate=st.floats(min_value=0, exclude_min=True, allow_nan=False, allow_infinity=False),
        seed=st.integers(0, 2**63 - 1),
        custom=st.lists(st.floats(-1, 3), min_size=4, max_size=4),
        threads=st.one_of(st.just("auto"), st.integers(1, 1024)),
    )
    @settings(max_examples=60, deadline=None)
    def test_dump_and_load_are_inverse(
        self, name: str, story: str, learning_rate: float, seed: int, custom: list[float], threads: int | str
    ) -> None:
        """Any text and any number comes back exactly, to the last bit."""
        data = load_text(GOOD, "x").model_dump()
        data |= {"name": name, "story": story, "seed": seed}
        data["optimizer"]["learning_rate"] = learning_rate
        data["dice"] |= {"die": "d4", "rulebook": "custom", "custom": custom}
        data["device"]["threads"] = threads
        config = TextConfig.model_validate(data)
        assert config == load_text(dump(config), "x")

    @pytest.mark.parametrize("name", ["off", "null", "true", "1e3", "2026-01-02", "<<", "=", "- a", "a: b", "# no", "*x", "'", '"', "\\"])
    def test_words_that_look_like_something_else_stay_words(self, name: str) -> None:
        """A hero may be called null."""
        config = load_text(GOOD, "x", ["hero.name=" + json.dumps(name)])
        assert name == load_text(dump(config), "x").hero.name


class TestShipped:
    """The campaigns that come with the game."""

    def test_they_stand_in_the_order_of_play(self) -> None:
        """The healthy ones first, then the sick ones as the README names them."""
        assert list(AILMENTS) == [path.stem for path in shipped()]

    @pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
    def test_each_loads_and_comes_back(self, path: Path) -> None:
        """Every shipped campaign is valid, and is the same after a round trip."""
        config = load(path)
        assert config == load_text(dump(config), "x")

    @pytest.mark.parametrize("name", ["tiny_gpt", "tiny_gpt.yaml", "campaigns/tiny_gpt.yaml", "campaigns/tiny_gpt.yml"])
    def test_found_by_name_from_anywhere(self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Outside a checkout the shipped campaigns answer to the same names."""
        monkeypatch.chdir(tmp_path)
        assert "tiny_gpt.yaml" == find(name).name
        assert find(name).is_file()

    def test_a_file_of_ones_own_goes_first(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """An existing file is meant before a shipped campaign of that name; a folder of that name is not."""
        monkeypatch.chdir(tmp_path)
        Path("tiny_gpt").mkdir()
        assert find("tiny_gpt").is_absolute()
        Path("tiny_gpt.yaml").touch()
        assert Path("tiny_gpt.yaml") == find("tiny_gpt.yaml")

    @pytest.mark.parametrize("name", ["tiny_gtp", "tiny-gpt.yaml", "campaigns/tinygpt.yaml"])
    def test_an_unknown_name_gets_the_nearest(self, name: str) -> None:
        """The error offers the nearest name and lists the others."""
        with pytest.raises(CampaignFileError, match=r"did you mean 'tiny_gpt'\? shipped with the game: tutorial, tiny_gpt"):
            find(name)

    @pytest.mark.parametrize("name", ["elsewhere/tiny_gpt.yaml", "\0", "x" * 5000, ""])
    def test_other_places_are_not_searched(self, name: str) -> None:
        """A path that leads elsewhere, or nowhere, is never answered by a shipped campaign."""
        with pytest.raises(CampaignFileError, match="no such campaign" if name else "the campaign's name is empty"):
            find(name)

    def test_an_installed_package_brings_its_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a checkout around it the package uses the copies inside itself."""
        package = tmp_path / "site-packages" / "rolltrain_tui"
        (package / "_campaigns").mkdir(parents=True)
        (package / "_campaigns" / "tiny_gpt.yaml").write_text(GOOD, encoding="utf-8")
        monkeypatch.setattr(shipped_campaigns, "_PACKAGE", package)
        assert [package / "_campaigns" / "tiny_gpt.yaml"] == shipped()

    def test_the_template_is_complete_and_commented(self) -> None:
        """`rolltrain new supervised` writes a campaign that loads as it is, with its comments."""
        assert load(find("tiny_gpt")) == load_text(template("supervised"), "new.yaml")
        assert template("supervised").startswith("# ")

    def test_an_unknown_kind_gets_the_nearest(self) -> None:
        """A misspelt kind is a mistake with a remedy."""
        with pytest.raises(CampaignFileError, match="did you mean 'supervised'"):
            template("supervized")

    def test_the_tutorial_teaches_by_itself(self) -> None:
        """No pause waits for a key, a monster is as good as certain, rage is on, a fall is no end, and a minute or so is enough."""
        config = load(find("tutorial"))
        assert [] == config.pace.pause_on
        assert (1 - config.encounters.chance) ** config.turns < 1e-6
        assert ("barbarian", ["rage"], False) == (config.hero.hero_class, config.hero.auto, config.hero.hardcore)
        assert config.pace.turns_per_second is not None
        assert config.turns / config.pace.turns_per_second <= 120


class TestSchema:
    """The JSON schema that editors read."""

    def test_every_value_is_described(self) -> None:
        """Every section and every value has a one-line description, and no unknown key is allowed anywhere."""
        schema = json_schema()
        assert "https://json-schema.org/draft/2020-12/schema" == schema["$schema"]
        assert "rolltrain campaign" == schema["title"]
        for section in (schema, *schema["$defs"].values()):
            assert section["additionalProperties"] is False
            assert sorted(section["properties"]) == sorted(section["required"])
            for key, entry in section["properties"].items():
                assert "$ref" in entry or entry["description"], key
                assert "\n" not in entry.get("description", "")
        json.dumps(schema)

    @pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
    def test_shipped_campaigns_satisfy_it(self, path: Path) -> None:
        """A plain reading of the schema agrees with the loader on every shipped campaign."""
        data = read_marked(path.read_bytes()).data
        schema = json_schema(data["kind"])
        assert fits(data, schema, schema["$defs"])

    def test_it_refuses_what_the_loader_refuses(self) -> None:
        """The same plain reading rejects a wrong type, a value out of bounds and an unknown key."""
        for old, new in (("turns: 2000", "turns: x"), ("turns: 2000", "turns: 0"), ("seed: 7", "sed: 7"), ("die: d20", "die: d3")):
            assert not fits(read_marked(GOOD.replace(old, new)).data, json_schema(), json_schema()["$defs"])


def fits(value: Any, entry: dict[str, Any], defined: dict[str, Any]) -> bool:
    """The part of JSON schema that campaigns use."""
    if "$ref" in entry:
        return fits(value, defined[entry["$ref"].rpartition("/")[2]], defined)
    if "anyOf" in entry:
        return any(fits(value, branch, defined) for branch in entry["anyOf"])
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None)}
    if not isinstance(value, kinds[entry["type"]]) or (isinstance(value, bool) and entry["type"] != "boolean"):
        return False
    if isinstance(value, dict):
        known = entry["properties"]
        return set(entry["required"]) <= set(value) <= set(known) and all(fits(part, known[key], defined) for key, part in value.items())
    if isinstance(value, list):
        return all(fits(part, entry["items"], defined) for part in value)
    return value in entry.get("enum", [value]) and value == entry.get("const", value) and _within(value, entry)


def _within(value: Any, entry: dict[str, Any]) -> bool:
    bounds: dict[str, Callable[[Any], bool]] = {
        "minimum": lambda bound: value >= bound,
        "exclusiveMinimum": lambda bound: value > bound,
        "maximum": lambda bound: value <= bound,
        "exclusiveMaximum": lambda bound: value < bound,
        "minLength": lambda bound: len(value) >= bound,
        "maxLength": lambda bound: len(value) <= bound,
    }
    return all(holds(entry[key]) for key, holds in bounds.items() if key in entry)


@pytest.mark.slow
def test_checking_a_campaign_needs_neither_torch_nor_textual() -> None:
    """`rolltrain check` and `schema` answer at once because nothing heavy is imported."""
    code = "import sys, rolltrain_tui.modes.campaign_file; print(sorted({'torch', 'textual', 'numpy'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert "[]" == answer.stdout.strip()


def test_a_file_that_is_read_again_is_as_it_is_now(tmp_path: Path) -> None:
    """Though it is parsed once: nothing that a reader does to his copy, and no earlier mistake, is seen by the next one."""
    campaign = tmp_path / "mine.yaml"
    campaign.write_text(GOOD.replace("corpus: names", "corpus: file").replace("path: null", "path: text.txt"))
    (tmp_path / "text.txt").mkdir()
    for _ in range(2):
        with pytest.raises(CampaignFileError, match="must be an ordinary file"):
            load(campaign)
    (tmp_path / "text.txt").rmdir()
    first = load(campaign)
    first.encounters.bestiary.clear()
    assert load(campaign).encounters.bestiary
    assert load(campaign, ("dice.dc=3",)).dice.dc == 3
    campaign.write_text(campaign.read_text().replace("turns: 2000", "turns: 300"))
    assert load(campaign).turns == 300

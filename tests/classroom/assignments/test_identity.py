"""Names as students type them, and the seed that belongs to a name in an assignment."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from rolltrain_tui.classroom.assignments.identity import CELLS, UnusableName, cleaned, file_name, key, otherwise, seed_of

NAMES = {
    "Anna": "Anna",
    "  Anna\t  Lee ": "Anna Lee",
    "An\x1b[31mna": "An31mna",
    "[red]Anna[/red]": "redAnnared",
    "<b>Anna</b>": "bAnnab",
    "\u202eannA": "annA",
    "../x": "x",
    "/etc/passwd": "etcpasswd",
    "=cmd()": "cmd()",
    "Ọlá Ńwà": "Ọlá Ńwà",
    "שלום": "שלום",
    "李小龍": "李小龍",
    "O'Neil-Smith, J. (2)": "O'Neil-Smith, J. (2)",
}


@pytest.mark.parametrize("typed", NAMES)
def test_a_name_keeps_its_letters_and_nothing_that_a_terminal_a_page_or_a_path_obeys(typed: str) -> None:
    assert cleaned(typed) == NAMES[typed]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("Anna  Lee", ""),
        ("Ńwa", ""),
        ("Anna " * 12, "stands in the table as Anna Anna Anna Anna Anna Anna Anna Anna:"),
        ("Anna <3", "stands in the table as Anna 3:"),
    ],
)
def test_a_name_that_is_cut_or_changed_is_told(typed: str, told: str) -> None:
    """So that two students with one beginning know; spaces are no change."""
    assert told in otherwise(typed)
    assert bool(told) == bool(otherwise(typed))


def test_a_letter_keeps_two_combining_marks() -> None:
    """A third and all after it would climb over the lines above; the next letter has two of its own."""
    assert cleaned("q\u0301\u0302\u0303\u0304q\u0301\u0302") == "q\u0301\u0302q\u0301\u0302"


@pytest.mark.parametrize("space", [" ", "\t", "\n", "\u00a0", "\u3000"])
def test_whatever_parts_two_names_is_one_space(space: str) -> None:
    """Tabs, ends of lines and the spaces of every script."""
    assert cleaned(f"Anna{space}{space}Lena") == "Anna Lena"


@pytest.mark.parametrize("typed", ["", "   ", "\x1b\x07", "../..", "\u202e\u200b", "---", "́́"])
def test_a_name_without_a_letter_is_refused(typed: str) -> None:
    with pytest.raises(UnusableName, match="--name ANNA"):
        cleaned(typed)


@pytest.mark.parametrize(
    ("typed", "told"), [("", "is empty"), (" \t", "is empty"), ("😀😀", "holds no letter or digit"), ("---", "holds no letter")]
)
def test_a_refused_name_is_called_empty_only_where_it_is(typed: str, told: str) -> None:
    with pytest.raises(UnusableName, match=told):
        cleaned(typed)


@pytest.mark.parametrize(
    "names",
    [
        ("李雷", "שלום", "مرحبا", "student"),
        ("Müller", "Muller", "Mueller"),
        ("Anna Lena", "Anna-Lena", "AnnaLena"),
        ("O'Neil", "O Neil"),
        ("CON", "student con"),
    ],
)
def test_different_students_have_different_files(names: tuple[str, ...]) -> None:
    """Also where their letters are not those of a file name; the same student in capitals has the same."""
    assert len({file_name(name) for name in names}) == len(names)
    assert [file_name(name.upper()) for name in names] == [file_name(name) for name in names]


def test_a_plain_name_is_its_file() -> None:
    assert file_name("Anna Lee") == "anna-lee"


def test_a_long_name_is_cut() -> None:
    """10,000 characters, and wide ones, fit the table's cells."""
    assert cell_len(cleaned("n" * 10_000)) <= CELLS
    assert cell_len(cleaned("李" * 10_000)) <= CELLS


@example("n" * 41)
@example("n" * 37 + " - n" + "n" * 9)
@example("e<\u0301")
@example("\u0e01\u0e31\u0e31<\u0e31")
@given(st.text(max_size=60))
def test_cleaning_again_changes_nothing_and_gives_no_path(typed: str) -> None:
    try:
        name = cleaned(typed)
    except UnusableName:
        return
    assert cleaned(name) == name
    assert name.isprintable()
    assert not set('<>[]/\\"`$;|') & set(name)
    assert file_name(typed).replace("-", "").isalnum()


def test_a_seed_belongs_to_a_name_and_an_assignment() -> None:
    """Capitals and spaces around it do not matter; another name or assignment has another seed, and a campaign can hold it."""
    assert seed_of("a" * 32, " ANNA ") == seed_of("a" * 32, "Anna")
    assert len({seed_of(assignment * 32, name) for assignment in "ab" for name in ("Anna", "Ann", "Bo")}) == 6
    assert 0 <= seed_of("a" * 32, "Anna") < 2**63
    assert key("Straße") == key("STRASSE")

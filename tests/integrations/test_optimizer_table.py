"""`rolltrain bench optimizers` and the page of the codex that shows its table."""

import json

import pytest
from click.testing import CliRunner

from rolltrain_tui.cli.bench import bench
from rolltrain_tui.integrations import optimizer_table
from rolltrain_tui.integrations.optimizer_table import OTHERS, Row, table
from rolltrain_tui.story import codex


@pytest.mark.slow
def test_one_row_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an optimiser that is played with, and of one that is refused with its reason; the command says that all is well."""
    some = [row for row in optimizer_table._torch() if row[0] in ("AdamW", "LBFGS", "SparseAdam")]
    monkeypatch.setattr(optimizer_table, "_torch", lambda: iter(some))
    monkeypatch.setattr(optimizer_table, "OTHERS", {"NotThere": ("no_such_package", {})})
    told = CliRunner().invoke(bench, ["optimizers", "--json"], catch_exceptions=False)
    assert {"✔ AdamW", "✔ LBFGS", "✔ SparseAdam"} == set(told.stderr.splitlines())  # each as soon as it is known
    found = {row["name"]: row for row in json.loads(told.stdout)}
    assert set(found) == {"AdamW", "LBFGS", "SparseAdam"}
    assert found["LBFGS"]["refused"].startswith("LBFGS takes several steps in one")
    assert all(found[name]["off"] and found[name]["resume"] and found[name]["worst"] <= 1e-3 for name in ("AdamW", "SparseAdam"))


def test_a_fault_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is printed, and the exit status says that something is not as it should be."""
    monkeypatch.setattr(optimizer_table, "rows", lambda: iter([Row("Odd", off=False, worst=0.5, resume=True)]))
    done = CliRunner().invoke(bench, ["optimizers"])
    assert done.exit_code == 1
    assert "| Odd | DIFFERS | 5e-01 | exact |" in done.output
    assert "not as they should be: Odd" in done.output


def test_the_page_shows_every_optimiser() -> None:
    """All of PyTorch's, and the third parties' of the table; none of them differs."""
    text = codex.page("optimizers").text
    own = [name for name, _, _ in optimizer_table._torch()]
    assert {"AdamW", "LBFGS", "SparseAdam"} <= set(own)
    assert all(f"| {name} |" in text for name in own)
    assert all(f"| {package}.{name} |" in text for name, (package, _) in OTHERS.items())
    assert len(OTHERS) >= 15
    assert "DIFFERS" not in text


def test_the_table_is_markdown() -> None:
    """Four columns in each line."""
    told = table([Row("A", off=True, resume=True), Row("B", refused="it needs a closure")])
    assert all(line.count("|") == 5 for line in told.splitlines())

"""The script of the phone page, run by Node with the few parts of a page that it touches."""

import json
import shutil
import subprocess
from importlib.resources import files

import pytest
from support.patience import PATIENCE

NODE = shutil.which("node")
PAGE = """
class Element {
  constructor() { this.children = []; this.style = {}; this.hidden = false; this.textContent = ""; }
  append(...children) { this.children.push(...children); }
  replaceChildren(...children) { this.children = children; }
}
const places = {};
const document = {
  getElementById: (id) => (places[id] ??= new Element()),
  createElement: () => new Element(),
};
const window = { addEventListener() {} }, heard = {}, sent = [], answers = [];
class EventSource { addEventListener(part, put) { heard[part] = put; } }
const fetch = async (address, how) => { sent.push(JSON.parse(how.body)); return answers.shift() ?? { ok: true }; };
const draw = () => {};
const hear = (part, shown) => heard[part]({ data: JSON.stringify(shown) });
const round = (number, votes, more) => ({ number, question: "Which?", open: true, winner: null, votes, total: votes[0] + votes[1],
  options: [{ title: "Rage", about: "larger" }, { title: "Rest", about: "none" }], ...more });
const words = (button) => button.children.map((part) => part.textContent).join("|");
"""


def asset(name: str) -> str:
    return files("rolltrain_tui.serve").joinpath("assets", name).read_text("utf-8")


def told_by(script: str) -> list[object]:
    """What the last line of a script, which follows that of the page, evaluates to."""
    page = asset("phone.js")
    whole = PAGE + "\n".join(line for line in page.splitlines() if not line.startswith("import ")) + script
    done = subprocess.run(
        [str(NODE), "--input-type=module", "-"], input=whole, capture_output=True, text=True, encoding="utf-8", timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


@pytest.mark.skipif(NODE is None, reason="no Node on this machine")
def test_a_vote_of_somebody_else_leaves_the_buttons_where_they_are() -> None:
    """A finger or the focus may be on one; a new round has new ones. Numbers, the own vote and the winner follow."""
    counted, stayed, pressed, over, another = told_by(
        """
hear("vote", round(1, [0, 0]));
const before = [...places.options.children];
hear("vote", round(1, [1, 3]));
const after = [...places.options.children], counted = after.map(words);
after[1].onclick();
const pressed = after.map((button) => button.ariaPressed);
hear("vote", round(1, [1, 4], { open: false, winner: 1 }));
const over = [places.options.children.map(words), after.every((button) => button.disabled), sent];
hear("vote", round(2, [0, 0]));
const another = places.options.children.some((button) => before.includes(button));
console.log(JSON.stringify([counted, before.every((button, n) => button === after[n]), pressed, over, another]));
process.exit(0);
"""
    )
    assert (["|Rage|1|larger", "|Rest|3|none"], True) == (counted, stayed)
    assert ["false", "true"] == pressed
    assert [["|Rage|1|larger", "|✔ Rest|4|none"], True, [{"round": 1, "option": 1}]] == over
    assert another is False


@pytest.mark.skipif(NODE is None, reason="no Node on this machine")
def test_a_vote_that_comes_too_late_is_none_of_the_next_round() -> None:
    """Refused in its own round, the choice before it stands again. Where another round has begun, that one has no choice yet."""
    within, note, later, note_of_later = told_by(
        """
const late = { ok: false, json: async () => ({ error: "No vote is open." }) };
const settle = () => new Promise((done) => setTimeout(done, 0));
const pressed = () => places.options.children.map((button) => button.ariaPressed);
hear("vote", round(1, [0, 0]));
places.options.children[0].onclick();
await settle();
answers.push(late);
places.options.children[1].onclick();
await settle();
const within = pressed(), words_within = places["vote-note"].textContent;
let answer;
answers.push(new Promise((done) => { answer = done; }));
places.options.children[1].onclick();
hear("vote", round(2, [0, 0]));
answer(late);
await settle();
hear("vote", round(2, [1, 0]));
console.log(JSON.stringify([within, words_within, pressed(), places["vote-note"].textContent]));
process.exit(0);
"""
    )
    assert (["true", "false"], "No vote is open.") == (within, note)
    assert (["false", "false"], "1 vote so far. Tap to vote.") == (later, note_of_later)


@pytest.mark.skipif(NODE is None, reason="no Node on this machine")
def test_a_screen_reader_is_told_once_that_the_room_votes() -> None:
    """In a part of the page that is always there; how many have voted does not interrupt."""
    assert ["The room votes: Which?", "", "The room votes: Which?"] == told_by(
        """
hear("vote", round(1, [0, 0]));
const first = places.told.textContent;
places.told.textContent = "";
hear("vote", round(1, [1, 3]));
const second = places.told.textContent;
hear("vote", round(2, [0, 0]));
console.log(JSON.stringify([first, second, places.told.textContent]));
process.exit(0);
"""
    )
    assert '<p id="told" class="unseen" role="status"></p>' in asset("phone.html")


@pytest.mark.parametrize("name", ["door.html", "phone.html", "screen.html", "play.html"])
def test_a_page_without_its_script_says_so(name: str) -> None:
    """It would be empty, or connect for ever."""
    assert "<noscript><p>This page needs JavaScript.</p></noscript>" in files("rolltrain_tui.serve").joinpath("assets", name).read_text(
        "utf-8"
    )

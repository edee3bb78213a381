"""The veil: of every set of secrets nothing is told, and what is revealed is as if it had never been hidden."""

from itertools import chain, combinations

import pytest
from support.secrets import TELLTALES, leaks, secret_story

from rolltrain_tui.protocol.events import Secret
from rolltrain_tui.story.narration import tell
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.veil import SECRETS, veiled

SETS = [frozenset(chosen) for chosen in chain.from_iterable(combinations(SECRETS, size) for size in range(len(SECRETS) + 1))]


@pytest.mark.parametrize("hidden", SETS, ids=lambda hidden: "+".join(sorted(hidden)) or "nothing")
def test_a_veiled_story_tells_no_secret_and_keeps_all_others(hidden: frozenset[Secret]) -> None:
    """Veiling twice is veiling once; the scene of the veiled story is the scene that veils."""
    events = secret_story()
    seen = [event for raw in events if (event := veiled(raw, hidden)) is not None]
    assert [veiled(event, hidden) for event in seen] == seen
    scene = Scene.of(events, hidden)
    told = "\n".join(tell(event, scene.objective) for event in seen)
    assert leaks(told, hidden) == []
    assert [line.event for line in scene.story] == [line.event for line in Scene.of(seen, hidden).story]
    assert (scene.ghost is None) == ("ghost" in hidden)
    assert (scene.objective.limit is None) == ("floor" in hidden)
    assert (scene.tally.best is None) == ("verdict" in hidden)
    assert (scene.examined is None) == ("diagnosis" in hidden)
    assert scene.judgement is not None
    assert (scene.judgement.outcome == "kept") == bool(hidden & {"ghost", "verdict"})
    if not hidden:
        assert seen == events
        assert all(any(word in told for word in words) for words in TELLTALES.values()), "the story would give each secret away"

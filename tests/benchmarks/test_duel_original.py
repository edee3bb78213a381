"""The published loop, restated for speed, plays the game that the duel plays."""

import torch
from duel_original import Original, polytope, read, rescale, shift

from rolltrain_tui.modes.duel.game import Boards, after, begun, features


def test_both_move_every_game_to_the_same_board() -> None:
    stream = torch.Generator().manual_seed(0)
    boards = Boards.random(300, 20, 3, 20, stream).to(dtype=torch.float32)
    theirs, ours = boards.padded(), begun(boards)
    polytope(theirs)
    rescale(theirs)
    host = Original(3, 20, (8,), 8, 5000)
    for _ in range(6):
        mine = features(ours, 20)
        torch.testing.assert_close(read(theirs)[:, :, 0], mine[:, :, 0])
        torch.testing.assert_close(theirs.sum(dim=1), mine.sum(dim=1))
        chosen, _ = host.host(theirs, 1.0)
        axis = torch.rand(chosen.shape, generator=stream).masked_fill(chosen == 0, -1).argmax(dim=1)
        shift(theirs, chosen, axis)
        polytope(theirs)
        rescale(theirs)
        ours = after(ours, chosen.bool().T, axis)
    assert ours.ended.float().mean() > 0.2, "some games end on the way"


def test_the_restated_loop_learns_to_end_games() -> None:
    torch.manual_seed(0)
    learner = Original(3, 20, (64, 64), 128, 5000)
    learner.rollout(128, 20)

    def unfinished() -> float:
        """How many of 500 games are not over after five moves of the host's own choice."""
        points = torch.randint(21, (500, 20, 3)).float()
        polytope(points)
        rescale(points)
        for _ in range(5):
            learner.move(points, 0.0)
        return float(((points[:, :, 0] >= 0).sum(dim=1) > 1).float().mean())

    before = unfinished()
    for _ in range(200):
        learner.turn()
    assert unfinished() < before - 0.1
    assert learner.milliseconds["fit"] > 0

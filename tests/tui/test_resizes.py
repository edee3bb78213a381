"""A storm of resizes is taken up in measure, and the last size always."""

from pathlib import Path

from fakes import FakeOutfitter
from textual import events
from textual.geometry import Size

from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.resizes import Resizes


async def test_the_last_size_wins(tmp_path: Path) -> None:
    """Hundreds of sizes in a row: few are laid out, and in the end the screen has the last one."""
    app = RolltrainApp(Launch(runs=tmp_path), FakeOutfitter())
    async with app.run_test(size=(80, 24)) as pilot:
        taken: list[Size] = []
        takes = app.resizes.takes

        def counted(event: events.Resize) -> bool:
            passes = takes(event)
            taken.extend([event.size] * passes)
            return passes

        app.resizes.takes = counted  # type: ignore[method-assign]
        sizes = [Size(40 + n % 160, 10 + n % 50) for n in range(300)]
        for size in (*sizes, Size(101, 31)):
            app.post_message(events.Resize(size, size))
            await pilot.pause(0.001)
        for _ in range(400):
            if not app.resizes.waiting and app.screen.size == (101, 31):
                break
            await pilot.pause(0.01)
        assert not app.resizes.waiting
        assert app.screen.size == (101, 31)
        assert taken[-1] == (101, 31)
        assert len(taken) < len(sizes) / 3


async def test_one_resize_is_taken_up_at_once(tmp_path: Path) -> None:
    """A single new size does not wait."""
    app = RolltrainApp(Launch(runs=tmp_path), FakeOutfitter())
    async with app.run_test(size=(80, 24)):
        assert Resizes(app).takes(events.Resize(Size(90, 30), Size(90, 30)))

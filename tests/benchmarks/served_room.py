"""What a room of viewers costs a game: python tests/benchmarks/served_room.py [CAMPAIGN]. All traffic stays on this machine.

One served game without a terminal; viewers come and go in turns, so that a busy machine troubles both sides alike. CPU is read from the
kernel, of the game's process alone (its server is a thread of it); the viewers are another process.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp

TICK = os.sysconf("SC_CLK_TCK")
CALM = ("diagnosis.scouts=off", "twin.mode=off", "encounters.mode=off")
"""Without what costs some turns more than others."""


class Game:
    """A served game in a process of its own."""

    def __init__(self, campaign: str, folder: Path, *settings: str) -> None:
        command = [sys.executable, "-m", "rolltrain_tui", "serve", campaign, "--headless", "--port", "0", "--out", str(folder)]
        self.process = subprocess.Popen(
            [*command, *(word for setting in settings for word in ("--set", setting))], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = next(line for line in self.process.stdout if "Watch along" in line)
        self.base, self.token = line.split()[-1].split("#")
        self.folder = folder

    @property
    def cpu(self) -> float:
        """Seconds so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    @property
    def memory(self) -> float:
        """MB, resident."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    @property
    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    @property
    def children(self) -> int:
        return len(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split())

    @property
    def turn(self) -> int:
        """Turns played."""
        return sum(line.count('"type":"StepTaken"') for path in self.folder.glob("*/chronicle.jsonl") for line in path.open())

    def play_to(self, turn: int) -> None:
        while self.turn < turn:
            time.sleep(0.2)


@contextmanager
def game(campaign: str, *settings: str) -> Iterator[Game]:
    with tempfile.TemporaryDirectory() as folder:
        played = Game(campaign, Path(folder), *settings)
        try:
            yield played
        finally:
            played.process.terminate()
            played.process.wait(120)


@asynccontextmanager
async def entered(played: Game) -> Any:
    headers = {"Origin": played.base.rstrip("/")}
    async with aiohttp.ClientSession(base_url=played.base, cookie_jar=aiohttp.CookieJar(unsafe=True), headers=headers) as session:
        async with session.post("/enter", json={"token": played.token}) as answer:
            assert answer.status == 204
        yield session


class Viewers:
    """Programs that take what browsers would."""

    def __init__(self, session: aiohttp.ClientSession, number: int) -> None:
        self._session, self._number = session, number
        self.arrivals: dict[bytes, list[float]] = {}
        """Frame -> when it came to each."""
        self.bytes = 0

    async def watch(self, seconds: float) -> None:
        async with AsyncExitStack() as stack:
            sockets = [await stack.enter_async_context(self._session.ws_connect("/mirror")) for _ in range(self._number)]
            await asyncio.wait([asyncio.create_task(self._take(socket, time.monotonic() + seconds)) for socket in sockets])

    async def _take(self, socket: aiohttp.ClientWebSocketResponse, end: float) -> None:
        while (left := end - time.monotonic()) > 0 and not socket.closed:
            try:
                data = (await socket.receive(min(left, 60))).data
            except TimeoutError:
                return
            if isinstance(data, bytes):
                self.arrivals.setdefault(data, []).append(time.monotonic())
                self.bytes += len(data)

    def spreads(self) -> list[float]:
        """Milliseconds from the first to the last viewer, of the frames that came to all."""
        return sorted(1000 * (max(times) - min(times)) for times in self.arrivals.values() if len(times) == self._number)


def percent_of_a_core(played: Game, seconds: float, deed: Any = None) -> float:
    cpu, begun = played.cpu, time.monotonic()
    asyncio.run(deed()) if deed is not None else time.sleep(seconds)
    return 100 * (played.cpu - cpu) / (time.monotonic() - begun)


def cost(campaign: str, viewers: int, rounds: int = 4, seconds: float = 8.0) -> None:
    """CPU of the game at its own tempo, with nobody and with everybody, in turns; and how far apart the viewers get a frame."""
    spreads: list[float] = []
    sent = 0
    with game(campaign) as played:
        played.play_to(20)
        alone, watched, turns = [], [], played.turn

        async def look() -> None:
            nonlocal sent
            async with entered(played) as session:
                room = Viewers(session, viewers)
                await room.watch(seconds)
                spreads.extend(room.spreads())
                sent += room.bytes

        for _ in range(rounds):
            alone.append(percent_of_a_core(played, seconds))
            watched.append(percent_of_a_core(played, seconds, look))
        spreads.sort()
        rate = (played.turn - turns) / (2 * rounds * seconds)
        print(f"{rate:.1f} turns a second, {len(spreads) / rounds / seconds:.1f} frames a second")
        print(f"CPU, % of a core: alone {statistics.median(alone):.1f}, {viewers} viewers {statistics.median(watched):.1f}")
        print(f"  more: {statistics.median(w - a for a, w in zip(alone, watched, strict=True)):.1f}  ({alone=}, {watched=})")
        print(f"frames {len(spreads)}, {sent / viewers / rounds / seconds / 1000:.1f} kB/s a viewer")
        print(f"spread, ms: median {spreads[len(spreads) // 2]:.1f}, p95 {spreads[int(len(spreads) * 0.95)]:.1f}")


def server(viewers: int = 30, frames: int = 100, rate: float = 10.0) -> None:
    """CPU of the server alone, which gives a frame to everybody: frames of a game's usual size at a steady rate. Viewers are elsewhere."""
    from rolltrain_tui.serve.serving import Serving
    from rolltrain_tui.serve.start import make_server

    made = make_server(Serving(port=0))
    made.room.mirror.paint = lambda: made.room.mirror.show_whole("whole", (120, 36))
    made.start()
    frame = "\x1b[3;7H\x1b[38;2;1;2;3;48;5;9mHP ███ 28/36\x1b[0m" * 60  # of the usual size
    watching = subprocess.Popen([sys.executable, __file__, "-", "viewers", made.address, str(viewers)], stdout=subprocess.PIPE, text=True)
    assert watching.stdout is not None
    watching.stdout.readline()
    for shown in (False, True):
        cpu, begun = time.process_time(), time.monotonic()
        for number in range(frames):
            if shown:
                made.room.mirror.show(frame + str(number), (120, 36))
            time.sleep(1 / rate)
        used, seconds = time.process_time() - cpu, time.monotonic() - begun
        what = f"{len(frame.encode())} bytes {frames / seconds:.1f} times a second" if shown else "nothing"
        print(f"{viewers} viewers, {what}: {100 * used / seconds:.2f} % of a core")
    made.stop()
    print(watching.communicate(timeout=30)[0].strip())


def viewers_of(address: str, number: int) -> None:
    """Take what comes until the server ends: for `server`."""
    base, token = address.split("#")

    async def look() -> None:
        headers = {"Origin": base.rstrip("/")}
        async with aiohttp.ClientSession(base_url=base, cookie_jar=aiohttp.CookieJar(unsafe=True), headers=headers) as session:
            await (await session.post("/enter", json={"token": token})).read()
            sockets = [await session.ws_connect("/mirror") for _ in range(number)]
            print("ready", flush=True)

            room = Viewers(session, number)
            await asyncio.gather(*(room._take(socket, float("inf")) for socket in sockets))
            spreads = room.spreads()
            worst = spreads[int(len(spreads) * 0.95)]
            print(f"{len(spreads)} frames came to all; first to last: median {statistics.median(spreads):.1f} ms, p95 {worst:.1f} ms")

    asyncio.run(look())


def slowing(campaign: str, viewers: int, rounds: int = 8, turns: int = 400) -> None:
    """A turn at full speed with nobody and with everybody, in turns: by the clock, and in CPU, which a busy machine troubles less."""
    with game(campaign, "pace.turns_per_second=null", "turns=100000", *CALM) as played:
        played.play_to(200)
        ratios, cpu_ratios, paces = [], [], []

        async def look() -> tuple[float, float]:
            async with entered(played) as session, AsyncExitStack() as stack:
                sockets = [await stack.enter_async_context(session.ws_connect("/mirror")) for _ in range(viewers)]
                taking = [asyncio.create_task(Viewers(session, viewers)._take(socket, time.monotonic() + 1e6)) for socket in sockets]
                await asyncio.sleep(2)  # they have come, and have the whole picture
                seen = await asyncio.to_thread(pace)
                for task in taking:
                    task.cancel()
                return seen

        def pace() -> tuple[float, float]:
            """Milliseconds a turn, by the clock and of CPU."""
            first, cpu, begun = played.turn, played.cpu, time.monotonic()
            played.play_to(first + turns)
            passed = played.turn - first
            return 1000 * (time.monotonic() - begun) / passed, 1000 * (played.cpu - cpu) / passed

        for number in range(rounds):
            if number % 2:
                alone, watched = pace(), asyncio.run(look())
            else:
                watched, alone = asyncio.run(look()), pace()
            paces.append(watched[0])
            ratios.append(watched[0] / alone[0])
            cpu_ratios.append(watched[1] / alone[1])
        by_clock = statistics.median(ratios)
        print(f"a turn with {viewers} viewers: {statistics.median(paces):.1f} ms, to that without: {by_clock:.3f} by the clock")
        print(f"  of {sorted(round(ratio, 3) for ratio in ratios)}; in CPU {statistics.median(cpu_ratios):.3f}")


def deaf(campaign: str, seconds: float = 60.0, rounds: int = 3) -> None:
    """A viewer that reads nothing, coming and going: what it costs, and what is held for it."""
    with game(campaign, "turns=100000", *CALM) as played:
        played.play_to(20)

        async def sit() -> None:
            async with entered(played) as session, session.ws_connect("/mirror", autoping=False) as socket:
                socket._response.connection.transport.pause_reading()
                await asyncio.sleep(seconds)

        more, memory = [], played.memory
        for _ in range(rounds):
            alone = percent_of_a_core(played, seconds / 2)
            more.append(percent_of_a_core(played, seconds, sit) - alone)
        print(f"a viewer that reads nothing for {seconds:.0f} s: {statistics.median(more):+.1f} % of a core, of {more=}")
        print(f"  {played.memory - memory:+.1f} MB after {rounds} of them")


def coming_and_going(campaign: str, times: int = 1000) -> None:
    """Connects and leaves: what is left five seconds later."""
    with game(campaign) as played:
        played.play_to(5)
        before = (played.open_files, played.children, played.memory)

        async def come_and_go() -> None:
            for _ in range(times // 50):  # a browser that comes more often is told to wait
                async with entered(played) as session:
                    for number in range(50):
                        socket = await session.ws_connect("/mirror")
                        if number % 3 == 0:
                            await socket.receive()
                        if number % 2:
                            await socket.close()
                        else:
                            socket._response.close()  # as a browser that is gone at once

        begun = time.monotonic()
        asyncio.run(come_and_go())
        print(f"{times} connects and leaves in {time.monotonic() - begun:.1f} s")
        time.sleep(5)
        after = (played.open_files, played.children, played.memory)
        print(f"  descriptors {before[0]} -> {after[0]}, children {before[1]} -> {after[1]}, memory {before[2]:.0f} -> {after[2]:.0f} MB")


def votes(voters: int = 30) -> None:
    """All vote within two seconds: latencies, and when the last tally is at every phone."""
    from rolltrain_tui.classroom.ballot import Option
    from rolltrain_tui.serve.serving import Serving
    from rolltrain_tui.serve.start import make_server

    server = make_server(Serving(port=0))
    server.start()
    asked = server.room.ballot.open_round("Rage?", [Option("Yes"), Option("No")])
    base, token = server.address.split("#")
    latencies: list[float] = []
    last_vote, complete = [0.0], []

    async def phone(number: int) -> None:
        headers = {"Origin": base.rstrip("/")}
        async with aiohttp.ClientSession(base_url=base, cookie_jar=aiohttp.CookieJar(unsafe=True), headers=headers) as session:
            await (await session.post("/enter", json={"token": token})).read()
            async with session.get("/feed") as feed:
                listening = asyncio.create_task(hear(feed))
                await asyncio.sleep(2 * number / voters)
                begun = time.monotonic()
                async with session.post("/vote", json={"round": asked.number, "option": number % 2}) as answer:
                    assert answer.status == 204
                latencies.append(1000 * (time.monotonic() - begun))
                last_vote[0] = time.monotonic()
                await listening

    async def hear(feed: aiohttp.ClientResponse) -> None:
        while True:
            told = json.loads((await feed.content.readuntil(b"\n\n")).split(b"data: ")[1])
            if told["total"] == voters:
                complete.append(time.monotonic())
                return

    async def room() -> None:
        await asyncio.gather(*map(phone, range(voters)))

    asyncio.run(room())
    server.stop()
    latencies.sort()
    print(
        f"{voters} votes: {len(latencies)} counted, POST median {latencies[voters // 2]:.1f} ms, p95 {latencies[int(voters * 0.95)]:.1f} ms"
    )
    print(f"  the last of {len(complete)} phones had the last tally {1000 * (max(complete) - last_vote[0]):.1f} ms after it")


if __name__ == "__main__":
    if sys.argv[2:3] == ["viewers"]:
        viewers_of(sys.argv[3], int(sys.argv[4]))
        sys.exit()
    which = sys.argv[2:] or ["cost", "server", "slowing", "deaf", "coming", "votes"]
    name = sys.argv[1] if len(sys.argv) > 1 else "tutorial"
    deeds = {"cost": lambda: cost(name, 30), "slowing": lambda: slowing(name, 30), "deaf": lambda: deaf(name)}
    deeds |= {"coming": lambda: coming_and_going(name), "votes": votes, "server": server}
    for deed in which:
        deeds[deed]()

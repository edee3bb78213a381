"""Limits: how many may be here, how much they may send, and how often."""

import time
from collections import Counter, OrderedDict

MOST_SCREENS, MOST_PHONES, MOST_CONNECTIONS = 40, 80, 256
"""Sockets that mirror the screen; streams to phones; connections in all, so that no visitor can use up the game's files."""
FEW_SEATS, FEW_GAMES = 8, 2
"""Seats of one browser: windows and tabs that mirror the screen, streams, and games of its own (two, for one may be ending)."""
FEW_CONNECTIONS = 8
"""Connections of one browser. When there are too many in all, a browser with more than this gives one up to a newcomer."""
MOST_BYTES = 2048
"""Bytes of a request's body."""
MESSAGE_BYTES = 4096
"""Bytes of a message to a socket. Its content is never used."""
MOST_BUCKETS = 1000


class Bucket:
    """A token bucket: `most` at once, and `refill` a second after that."""

    def __init__(self, most: float, refill: float) -> None:
        self._most, self._refill = most, refill
        self._left, self._at = most, time.monotonic()

    def take(self) -> bool:
        """Whether there is one left; it is taken."""
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._refill)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Buckets:
    """A bucket for each browser; the one that was used longest ago gives way."""

    def __init__(self, most: float, refill: float) -> None:
        self._most, self._refill = most, refill
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, browser: str) -> bool:
        bucket = self._buckets.setdefault(browser, Bucket(self._most, self._refill))
        self._buckets.move_to_end(browser)
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return bucket.take()


class Seats:
    """`most` places, of which `taken` are in use. No browser has more than `each`."""

    def __init__(self, most: int, each: int) -> None:
        self.most, self.each, self.taken = most, each, 0
        self._of = Counter[str]()

    def take(self, browser: str) -> bool:
        if self.taken >= self.most or self._of[browser] >= self.each:
            return False
        self.taken += 1
        self._of[browser] += 1
        return True

    def leave(self, browser: str) -> None:
        self.taken -= 1
        self._of[browser] -= 1
        self._of += Counter()  # forgets those who have none

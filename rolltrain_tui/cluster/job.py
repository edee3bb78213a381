"""Which run a job of torchrun plays. The agent of torchrun keeps it, and outlives the ranks: those it starts anew go on with that run."""

import os

from torch.distributed import PrefixStore, Store, TCPStore  # type: ignore[attr-defined]

KEY = "run"


def remember(folder: str) -> None:
    """This job plays the run in this folder."""
    if (store := _agents_store()) is not None:
        store.set(KEY, folder)


def remembered() -> str:
    """The folder of the run that this job plays; "" where it has not begun one, or nobody has kept it."""
    if (store := _agents_store()) is None or not store.check([KEY]):
        return ""
    return str(store.get(KEY).decode())


def _agents_store() -> Store | None:
    """None where a rank keeps the store itself, and it dies with the rank."""
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return None
    return PrefixStore("rolltrain", TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), is_master=False))

"""The kind of machine that trains: what decides how sums are rounded. Two machines of one kind train the same bits."""

from collections.abc import Iterator
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """An empty text is not known. The run itself claims it; nothing proves it."""

    architecture: str
    """Such as "x86_64"."""
    processor: str
    """The model of the CPU: libraries choose their kernels and the order of their sums by it."""
    capability: str
    """The vector instructions that torch uses, such as "AVX2"."""
    system: str
    """The operating system, such as "Linux"."""
    torch: str
    """Its version."""
    threads: int
    """CPU threads that train."""
    accelerator: str = ""
    """The model of the GPU, where one trains."""
    torch_build: str = ""
    """A hash of how that torch was built: one version comes with several libraries of linear algebra."""
    limits: tuple[str, ...] = ()
    """Variables of the environment that change how sums are rounded: "ONEDNN_MAX_CPU_ISA=SSE41", or "WORLD_SIZE=2" on several ranks."""

    def differences(self, here: "Machine") -> Iterator[tuple[str, str, str]]:
        """What differs from the machine `here`: name, there, here."""
        for part in fields(self):
            there, ours = getattr(self, part.name), getattr(here, part.name)
            if there != ours:
                yield part.name, _words(there), _words(ours)


def _words(value: object) -> str:
    return (", ".join(value) if isinstance(value, tuple) else str(value)) or "none"

"""A kind of work that is killed, and what must hold of what it leaves."""

from __future__ import annotations

from pathlib import Path

from kills import wholeness


class Kind:
    """One kind of work.

    Attributes
    ----------
    name : str
    share : int
        Kills of this kind in a full run.
    aims : tuple of str
        Files at whose appearance a kill is aimed, as globs below the folder.
    variants : tuple of str
        States of the folder that the work may begin from.
    """

    name = ""
    share = 10
    aims: tuple[str, ...] = ()
    variants: tuple[str, ...] = ("",)

    def warm(self) -> None:
        """Make in the driver, once, what every child needs; no threads."""

    def prepare(self, folder: Path, variant: str) -> None:
        """Put into an empty folder what the work begins from."""

    def work(self, folder: Path) -> int | None:
        """Do the work; called again after a kill, it must come to the same end."""
        raise NotImplementedError

    def state(self, folder: Path) -> dict[str, object]:
        """What is there, name to fingerprint: compared after a kill with both versions, at the end with the new one."""
        raise NotImplementedError

    def check(self, folder: Path, before: dict, after: dict) -> list[str]:
        """What is wrong after a kill. Unless a kind says otherwise, each thing is in its old or its new version."""
        wrong, held = wholeness.broken_files(folder), self.state(folder)
        for name, found in held.items():
            versions = (before.get(name), after.get(name))
            if found not in versions:
                wrong.append(f"{name} is neither the old nor the new one")
        wrong += [f"{name} is lost" for name in before if name not in held]
        return wrong

    def at_the_end(self, folder: Path, after: dict) -> list[str]:
        """What is wrong after the next call has ended."""
        found = self.state(folder)
        wrong = wholeness.broken_files(folder)
        wrong += [
            f"{name} differs from that of an undisturbed call ({found.get(name, 'missing')}, {after.get(name, 'none')})"
            for name in sorted({*found, *after})
            if found.get(name) != after.get(name)
        ]
        return wrong + [f"{name} was left behind" for name in wholeness.leftovers(folder)]

"""IDIC Lab: identify, differentiate, interact, customize; then implement and monitor."""

from pathlib import Path

__version__ = "0.2.0"


def shipped(name: str) -> Path:
    """A folder that travels with the package: ``notebooks``, ``datasets``, ``exercises``, ``studies``, ``docs``.

    In a checkout it lies beside the package, after an installation from a wheel inside it.

    >>> (shipped("notebooks") / "00_start_here.ipynb").exists()
    True
    """
    package = Path(__file__).resolve().parent
    inside = package / "share" / name
    return inside if inside.exists() else package.parent / name

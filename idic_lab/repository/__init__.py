"""The customer repository: one file that holds every table, the codes in place of names, and forgetting."""

from idic_lab.repository.store import Repository

__all__ = ["Repository"]

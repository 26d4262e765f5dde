"""What the wheel holds beside the package: the folders that `idic_lab.shipped` finds. An editable installation needs none.

Of the exercises it holds what students may have: what is right stays with the course.
"""

import runpy
import shutil
import tempfile
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIPPED = ("notebooks", "datasets", "studies", "docs/glossary.md", "exercises/STUDENTS.md")


class Shipped(BuildHookInterface):
    """Puts them under idic_lab/share."""

    def initialize(self, version: str, build_data: dict) -> None:
        """Called by hatchling before it builds."""
        if version == "editable":
            return
        kept = build_data["force_include"]
        kept.update({path: f"idic_lab/share/{path}" for path in SHIPPED})
        self.made = tempfile.mkdtemp()
        root = Path(self.root)
        copies = runpy.run_path(str(root / "idic_lab/exercises/students_copy.py"))["students_copies"]
        for name, text in copies(root / "exercises").items():
            copy = Path(self.made, f"{name}.ipynb")
            copy.write_text(text, encoding="utf-8")
            kept[str(copy)] = f"idic_lab/share/exercises/release/{name}/{name}.ipynb"

    def finalize(self, version: str, build_data: dict, artifact_path: str) -> None:
        """Called by hatchling when the wheel is built."""
        shutil.rmtree(getattr(self, "made", ""), ignore_errors=True)

"""What the wheel holds beside the package: the folders that `idic_lab.shipped` finds. An editable installation needs none."""

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIPPED = (
    *("notebooks", "datasets", "studies", "docs/glossary.md"),
    *("exercises/source", "exercises/answers", "exercises/wrong_answers", "exercises/nbgrader_config.py"),
    *("exercises/README.md", "exercises/STUDENTS.md"),
)


class Shipped(BuildHookInterface):
    """Puts them under idic_lab/share."""

    def initialize(self, version: str, build_data: dict) -> None:
        """Called by hatchling before it builds."""
        if version != "editable":
            build_data["force_include"].update({path: f"idic_lab/share/{path}" for path in SHIPPED})

"""IDIC as an executable contract: the one list of stages, what each makes, and what each review knew."""

from idic_lab.pipeline import steps  # declares the stages
from idic_lab.pipeline.stages import STAGES, Planned, Stage, Tables, build, describe, maker, plan

__all__ = ["STAGES", "Planned", "Stage", "Tables", "build", "describe", "maker", "plan", "steps"]

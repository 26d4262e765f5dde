"""IDIC as an executable contract: the one list of stages, what each makes, and what each review knew."""

from idic_lab.pipeline.stages import STAGES, Stage, build, describe, maker, plan

__all__ = ["STAGES", "Stage", "build", "describe", "maker", "plan"]

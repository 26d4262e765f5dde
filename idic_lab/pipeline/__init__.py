"""IDIC as an executable contract: the one list of stages, what each makes, and what each review knew."""

from idic_lab.pipeline import steps as steps
from idic_lab.pipeline.stages import (
    STAGES as STAGES,
    Planned as Planned,
    Stage as Stage,
    Tables as Tables,
    build as build,
    describe as describe,
    maker as maker,
    plan as plan,
)

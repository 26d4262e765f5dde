"""IDIC as an executable contract: the one list of stages, what each makes, and what each review knew."""

from idic_lab.pipeline import all_stages as all_stages
from idic_lab.pipeline.stages import STAGES as STAGES, Tables as Tables, plan as plan

"""The loop that learns: experiments, bandits, and the policy they pass on."""

from idic_lab.inference.experiments import peeking_error, plot_peeking, sample_size, spending_boundaries
from idic_lab.monitor.loop.bandits import SegmentThompson
from idic_lab.monitor.loop.policies import (
    as_chances,
    assign,
    campaign_log,
    economics,
    judge_on_other_half,
    learn_policy,
    off_policy_value,
    plot_policy,
)

__all__ = [
    "SegmentThompson", "as_chances", "assign", "campaign_log", "economics",
    "judge_on_other_half", "learn_policy", "off_policy_value", "peeking_error", "plot_peeking", "plot_policy",
    "sample_size", "spending_boundaries",
]  # fmt: skip

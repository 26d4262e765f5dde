"""The loop that learns: experiments, bandits, and the policy they pass on."""

from idic_lab.inference.experiments import peeking_error, sample_size, spending_boundaries
from idic_lab.monitor.loop.bandits import (
    LinearThompson,
    SegmentThompson,
    cumulative_regret,
    simulate_learning,
)
from idic_lab.monitor.loop.plots import plot_peeking, plot_policy, plot_regret
from idic_lab.monitor.loop.policies import (
    as_chances,
    assign,
    campaign_log,
    economics,
    learn_policy,
    off_policy_value,
    replay,
    trial_log,
)

__all__ = [
    "LinearThompson",
    "SegmentThompson",
    "as_chances",
    "assign",
    "campaign_log",
    "cumulative_regret",
    "economics",
    "learn_policy",
    "off_policy_value",
    "peeking_error",
    "plot_peeking",
    "plot_policy",
    "plot_regret",
    "replay",
    "sample_size",
    "simulate_learning",
    "spending_boundaries",
    "trial_log",
]

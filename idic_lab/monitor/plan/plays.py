"""The plays an action plan chooses from: for whom, what for, how, and what it is assumed to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Play:
    """One kind of action, before it meets the numbers.

    Attributes
    ----------
    name : str
        Short and unique; becomes the number of the action.
    scheme, segments : str, tuple of str
        Whom it is for.
    goal, tactic, owner : str
    kpi : str
        ``active_share``, ``second_purchase_share``, ``share_of_wallet`` or ``cost_to_serve``.
    lift : float
        Assumed change of the measure among those reached: points of a share (0.05 is five), or share of a cost.
    worth : str
        What one success is worth: ``lifetime`` (value of a customer who is alive), ``purchase`` (margin of one
        purchase), ``growth`` (margin of a year's spend elsewhere), ``saving`` (the cost saved).
    unit_cost : float
        Currency per customer reached.
    offer : str
    weeks : int
        Until the review.
    """

    name: str
    scheme: str
    segments: tuple[str, ...]
    goal: str
    tactic: str
    owner: str
    kpi: str
    lift: float
    worth: str
    unit_cost: float
    offer: str = "none"
    weeks: int = 13


# The lifts are assumptions to be argued about, not findings; the plan shows what each must reach to pay.
PLAYS: tuple[Play, ...] = (
    Play(
        "keep",
        "portfolio",
        ("most valuable",),
        "keep them",
        "a named contact who calls before they have to",
        "head of service",
        "active_share",
        0.03,
        "lifetime",
        4.0,
    ),
    Play(
        "grow",
        "portfolio",
        ("most growable",),
        "win more of what they spend elsewhere",
        "recommendations of what goes with what they own",
        "category manager",
        "share_of_wallet",
        0.02,
        "growth",
        1.0,
        weeks=26,
    ),
    Play(
        "relieve",
        "portfolio",
        ("below zero",),
        "serve them at a cost they can carry",
        "delivery to a store and answers on the web instead of calls",
        "head of operations",
        "cost_to_serve",
        0.20,
        "saving",
        0.5,
        weeks=26,
    ),
    Play(
        "second",
        "behaviour",
        ("one-time",),
        "a second purchase",
        "a short sequence after the first order: how to use it, what goes with it",
        "customer relations manager",
        "second_purchase_share",
        0.03,
        "purchase",
        0.5,
    ),
    Play(
        "cherish",
        "rfm",
        ("loyal",),
        "keep the habit",
        "thanks, early access, and a question about what is missing",
        "customer relations manager",
        "active_share",
        0.02,
        "lifetime",
        1.0,
    ),
    Play(
        "save",
        "rfm",
        ("at risk", "cannot lose"),
        "bring them back before they are gone",
        "a personal message about what has changed since their last order",
        "customer relations manager",
        "active_share",
        0.02,
        "lifetime",
        1.0,
    ),
)

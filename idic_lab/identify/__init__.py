"""Identify: find where customer data is, gather it, and recognise the same person everywhere."""

import importlib

from idic_lab.identify.evaluation import by_touchpoint, cheapest, pairwise, threshold_curve, whole_people
from idic_lab.identify.linking_model import estimate, score, settings, weights
from idic_lab.identify.plots import (
    plot_card,
    plot_cost,
    plot_coverage,
    plot_evidence,
    plot_overlap,
    plot_spend_by_presence,
    plot_weights,
)
from idic_lab.identify.profiles import (
    PROFILE_TABLES,
    account_profiles,
    consent_register,
    consents,
    contacts,
    customers,
    disagreement,
)
from idic_lab.identify.resolution import Resolution, links, merges, pseudonym, resolve, review_queue
from idic_lab.identify.sources import Gathered, beside, coverage, gather, inventory, overlap, quality
from idic_lab.identify.standardising import name_forms, standardise

__all__ = [
    "PROFILE_TABLES", "Gathered", "Resolution", "account_profiles", "beside", "by_touchpoint", "cheapest", "consent_register", "consents",
    "contacts", "coverage", "customers", "disagreement", "estimate", "gather", "inventory", "links", "merges", "name_forms",
    "overlap", "pairwise", "plot_card", "plot_cost", "plot_coverage", "plot_evidence", "plot_overlap", "plot_spend_by_presence", 
    "plot_weights", "pseudonym", "quality", "read_contacts", "resolve", "review_queue", "score", "settings",
    "standardise", "threshold_curve", "weights", "whole_people",
]  # fmt: skip


def __getattr__(name: str):
    if name == "read_contacts":  # the reader of files stands beside this step, and hands its records in
        return importlib.import_module("idic_lab.datasets.own.people").read_contacts
    raise AttributeError(name)

"""Identify: find where customer data is, gather it, and recognise the same person everywhere."""

from idic_lab.identify.accounts import account_profiles
from idic_lab.identify.clustering import links, merges, pseudonym
from idic_lab.identify.consent import consent_register, consents
from idic_lab.identify.crm_exports import read_contacts
from idic_lab.identify.data_quality import quality
from idic_lab.identify.evaluation import by_touchpoint, cheapest, pairwise, threshold_curve, whole_people
from idic_lab.identify.linking_model import settings
from idic_lab.identify.plots import (
    plot_card,
    plot_cost,
    plot_coverage,
    plot_overlap,
    plot_threshold,
    plot_weights,
)
from idic_lab.identify.profiles import customers
from idic_lab.identify.resolution import Resolution, resolve
from idic_lab.identify.review import review_queue
from idic_lab.identify.scoring import estimate, score, weights
from idic_lab.identify.sources import Gathered, coverage, gather, inventory, overlap
from idic_lab.identify.standardising import name_forms, standardise
from idic_lab.identify.survivorship import contacts

__all__ = [
    "Gathered",
    "Resolution",
    "account_profiles",
    "by_touchpoint",
    "cheapest",
    "consent_register",
    "consents",
    "contacts",
    "coverage",
    "customers",
    "estimate",
    "gather",
    "inventory",
    "links",
    "merges",
    "name_forms",
    "overlap",
    "pairwise",
    "plot_card",
    "plot_cost",
    "plot_coverage",
    "plot_overlap",
    "plot_threshold",
    "plot_weights",
    "pseudonym",
    "quality",
    "read_contacts",
    "resolve",
    "review_queue",
    "score",
    "settings",
    "standardise",
    "threshold_curve",
    "weights",
    "whole_people",
]

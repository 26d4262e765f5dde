"""Identify: find where customer data is, gather it, and recognise the same person everywhere."""

import importlib

from idic_lab.identify.evaluation import by_touchpoint as by_touchpoint, pairwise as pairwise
from idic_lab.identify.evaluation import threshold_curve as threshold_curve, whole_people as whole_people
from idic_lab.identify.linking_model import estimate as estimate, score as score, settings as settings
from idic_lab.identify.linking_model import weights as weights
from idic_lab.identify.plots import plot_card as plot_card, plot_cost as plot_cost, plot_coverage as plot_coverage
from idic_lab.identify.plots import plot_evidence as plot_evidence, plot_overlap as plot_overlap
from idic_lab.identify.plots import plot_spend_by_presence as plot_spend_by_presence, plot_weights as plot_weights
from idic_lab.identify.profiles import PROFILE_TABLES as PROFILE_TABLES, account_profiles as account_profiles
from idic_lab.identify.profiles import consent_register as consent_register, consents as consents, contacts as contacts
from idic_lab.identify.profiles import customers as customers, disagreement as disagreement
from idic_lab.identify.resolution import Resolution as Resolution, links as links, merges as merges
from idic_lab.identify.resolution import pseudonym as pseudonym, resolve as resolve, review_queue as review_queue
from idic_lab.identify.sources import Gathered as Gathered, beside as beside, coverage as coverage, gather as gather
from idic_lab.identify.sources import inventory as inventory, overlap as overlap, quality as quality
from idic_lab.identify.standardising import name_forms as name_forms, standardise as standardise


def __getattr__(name: str):
    if name == "read_contacts":  # the reader of files stands beside this step, and hands its records in
        return importlib.import_module("idic_lab.datasets.own.people").read_contacts
    raise AttributeError(name)

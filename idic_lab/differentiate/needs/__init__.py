"""Needs: who wants the same things, how sure that is, and who would want them among those never asked."""

from typing import Any

from idic_lab.differentiate.behaviour import price_tier as price_tier
from idic_lab.differentiate.needs.answers import battery as battery, need_differences as need_differences
from idic_lab.differentiate.needs.answers import value_tiers as value_tiers
from idic_lab.differentiate.needs.choices import fit_choices as fit_choices, read_choices as read_choices
from idic_lab.differentiate.needs.choices import willingness_to_pay as willingness_to_pay
from idic_lab.differentiate.needs.everybody import NO_SEGMENTS as NO_SEGMENTS, TypingTool as TypingTool
from idic_lab.differentiate.needs.everybody import descriptors as descriptors, fit_typing_tool as fit_typing_tool
from idic_lab.differentiate.needs.everybody import place_everybody as place_everybody, scheme_rows as scheme_rows
from idic_lab.differentiate.needs.everybody import segment_battery as segment_battery
from idic_lab.differentiate.needs.plots import plot_need_differences as plot_need_differences
from idic_lab.differentiate.needs.plots import plot_price_tiers as plot_price_tiers, plot_profiles as plot_profiles
from idic_lab.differentiate.needs.plots import plot_stability as plot_stability, plot_typing as plot_typing

_LATER = {  # what finds segments rests on classes of scikit-learn, which takes a second to load
    "methods": "METHODS LatentClasses KMeansSegments KMedoidsSegments WardSegments GaussianMixtureSegments segmenter",
    "number": "bivariate_residuals choose_number likelihood_ratio number_of_segments",
}


def __dir__() -> list[str]:
    return [*globals(), *" ".join(_LATER.values()).split()]


def __getattr__(name: str) -> Any:
    import importlib

    for module, names in _LATER.items():
        if name in names.split():
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

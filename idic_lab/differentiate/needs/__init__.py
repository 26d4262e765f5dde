"""Needs: who wants the same things, how sure that is, and who would want them among those never asked."""

from idic_lab.differentiate.needs.battery import battery, battery_coverage, battery_survey, question_texts
from idic_lab.differentiate.needs.descriptors import descriptors
from idic_lab.differentiate.needs.latent_classes import LatentClasses, three_step
from idic_lab.differentiate.needs.membership import (
    NO_SEGMENTS,
    need_profiles_table,
    place_everybody,
    scheme_rows,
    segment_battery,
)
from idic_lab.differentiate.needs.plots import plot_bic, plot_number, plot_profiles, plot_stability
from idic_lab.differentiate.needs.plots_of_members import (
    plot_effects,
    plot_need_differences,
    plot_price_tiers,
    plot_typing,
)
from idic_lab.differentiate.needs.price_tiers import price_tier, product_tiers
from idic_lab.differentiate.needs.profiles import profiles, segment_names, stable_order
from idic_lab.differentiate.needs.segmenters import (
    METHODS,
    GaussianMixtureSegments,
    KMeansSegments,
    KMedoidsSegments,
    WardSegments,
    segmenter,
)
from idic_lab.differentiate.needs.stability import (
    Choice,
    choose_number,
    global_stability,
    number_of_segments,
    without_segments,
)
from idic_lab.differentiate.needs.typing_tool import TypingTool, fit_typing_tool
from idic_lab.differentiate.needs.value_differences import need_differences, value_tiers

__all__ = [
    "METHODS",
    "NO_SEGMENTS",
    "Choice",
    "GaussianMixtureSegments",
    "KMeansSegments",
    "KMedoidsSegments",
    "LatentClasses",
    "TypingTool",
    "WardSegments",
    "battery",
    "battery_coverage",
    "battery_survey",
    "choose_number",
    "descriptors",
    "fit_typing_tool",
    "global_stability",
    "need_differences",
    "need_profiles_table",
    "number_of_segments",
    "place_everybody",
    "plot_bic",
    "plot_effects",
    "plot_need_differences",
    "plot_number",
    "plot_price_tiers",
    "plot_profiles",
    "plot_stability",
    "plot_typing",
    "price_tier",
    "product_tiers",
    "profiles",
    "question_texts",
    "scheme_rows",
    "segment_battery",
    "segment_names",
    "segmenter",
    "stable_order",
    "three_step",
    "value_tiers",
    "without_segments",
]

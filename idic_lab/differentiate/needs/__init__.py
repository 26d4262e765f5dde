"""Needs: who wants the same things, how sure that is, and who would want them among those never asked."""

from typing import TYPE_CHECKING, Any

from idic_lab.differentiate.behaviour.mix import price_tier, product_tiers
from idic_lab.differentiate.needs.answers import (
    battery,
    battery_survey,
    need_differences,
    profiles,
    question_texts,
    segment_names,
    stable_order,
    value_tiers,
)
from idic_lab.differentiate.needs.everybody import (
    NO_SEGMENTS,
    TypingTool,
    descriptors,
    fit_typing_tool,
    need_profiles_table,
    place_everybody,
    scheme_rows,
    segment_battery,
)
from idic_lab.differentiate.needs.plots import (
    plot_need_differences,
    plot_price_tiers,
    plot_profiles,
    plot_stability,
    plot_typing,
)

if TYPE_CHECKING:
    from idic_lab.differentiate.needs.classes import LatentClasses, class_number_test, three_step
    from idic_lab.differentiate.needs.methods import (
        METHODS,
        GaussianMixtureSegments,
        KMeansSegments,
        KMedoidsSegments,
        WardSegments,
        segmenter,
    )
    from idic_lab.differentiate.needs.number import (
        Choice,
        choose_number,
        global_stability,
        number_of_segments,
        without_segments,
    )

__all__ = [
    "METHODS", "NO_SEGMENTS", "Choice", "GaussianMixtureSegments", "KMeansSegments", "KMedoidsSegments",
    "LatentClasses", "TypingTool", "WardSegments", "battery", "battery_survey",
    "choose_number", "class_number_test", "descriptors", "fit_typing_tool", "global_stability",
    "need_differences", "need_profiles_table", "number_of_segments", "place_everybody",     "plot_need_differences", "plot_price_tiers", "plot_profiles",
    "plot_stability", "plot_typing", "price_tier", "product_tiers", "profiles", "question_texts",
    "scheme_rows", "segment_battery", "segment_names", "segmenter", "stable_order", "three_step",
    "value_tiers", "without_segments",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    # what finds segments rests on classes of scikit-learn, which takes a second to load
    if name in __all__:
        import importlib

        for module in ("classes", "methods", "number"):
            found = getattr(importlib.import_module(f"{__name__}.{module}"), name, None)
            if found is not None:
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

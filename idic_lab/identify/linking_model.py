"""What the linking model compares, and which pairs it looks at. Settings are data: the same for DuckDB and Spark."""

from __future__ import annotations

import splink.comparison_level_library as level
import splink.comparison_library as comparison
from splink import SettingsCreator, block_on

# Pairs that agree on none of these are never looked at: of the 5·10^11 pairs among a million records all but a few
# million have nothing in common. A pair of one person is missed only when it differs in every one of them.
BLOCKING = (
    ("email",),
    ("phone",),
    ("birth_date", "last_name"),
    ("birth_date", "first_name"),
    ("birth_date", "postcode"),
    ("last_name", "first_name", "postcode"),
    ("last_name", "street", "house"),
    ("first_name", "street", "house"),
    ("last_name", "first_name", "city"),
)
# Expectation-maximisation runs within each of these in turn; what one holds equal the others estimate.
TRAINING = (("email",), ("birth_date", "postcode"), ("birth_date", "first_name"))
# Rules that hardly ever join two people, to estimate how many pairs match, and the share of those pairs they find.
SURE = (("email",), ("first_name", "last_name", "birth_date"), ("first_name", "last_name", "phone"))
SURE_RECALL = 0.8

_SAME_HOUSE = "street_l = street_r AND house_l = house_r"
_SAME_ADDRESS = f"{_SAME_HOUSE} AND (postcode_l = postcode_r OR city_l = city_r)"
_NO_ADDRESS = "street_l IS NULL OR street_r IS NULL"
_NOTHING_OF_HOME = (
    "(phone_l IS NULL OR phone_r IS NULL) AND (postcode_l IS NULL OR postcode_r IS NULL) "
    "AND (city_l IS NULL OR city_r IS NULL)"
)
_SWAPPED = "first_name_l = last_name_r AND last_name_l = first_name_r"


def settings() -> SettingsCreator:
    """The linking model: five comparisons, each with levels from full agreement to plain difference.

    Three choices keep people of one household apart. Address and telephone are one comparison, because they come
    together; a surname shared *at one address* is no evidence, because households share it; and a first name may agree
    in any of its forms, so that plain disagreement can weigh heavily.

    Returns
    -------
    splink.SettingsCreator

    Source: Fellegi & Sunter (1969), A Theory for Record Linkage, JASA 64(328), 1183-1210.

    Examples
    --------
    >>> [made.create_output_column_name() for made in settings().comparisons]
    ['first_name', 'last_name', 'birth_date', 'email', 'home']
    """
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=[_first_name(), _last_name(), _birth_date(), _email(), _home()],
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in BLOCKING],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=True,  # what each comparison weighs, for conflicts and review
        em_convergence=0.001,
    )


def _none(condition: str) -> dict:
    return {"sql_condition": condition, "label_for_charts": "nothing to compare", "is_null_level": True}


def _when(condition: str, label: str) -> dict:
    return {"sql_condition": condition, "label_for_charts": label}


def _name_is_no_evidence(part: str) -> str:
    """A missing name, or one in two scripts that have not been seen to stand for each other."""
    return (
        f"{part}_name_l IS NULL OR {part}_name_r IS NULL OR "
        f"({part}_latin_l <> {part}_latin_r AND NOT array_contains({part}_forms_l, {part}_name_r))"
    )


def _first_name():
    return comparison.CustomComparison(
        output_column_name="first_name",
        comparison_levels=[
            _none(_name_is_no_evidence("first")),
            level.ExactMatchLevel("first_name", term_frequency_adjustments=True),
            _when("array_contains(first_forms_l, first_name_r)", "another form of the name"),
            _when(_SWAPPED, "first and last name exchanged"),
            level.JaroWinklerLevel("first_name", 0.88),
            level.ElseLevel(),
        ],
    )


def _last_name():
    return comparison.CustomComparison(
        output_column_name="last_name",
        comparison_levels=[
            _none(
                f"{_name_is_no_evidence('last')} OR ({_SWAPPED}) OR (last_name_l = last_name_r AND {_SAME_ADDRESS})"
            ),
            level.ExactMatchLevel("last_name", term_frequency_adjustments=True),
            _when("array_contains(last_forms_l, last_name_r)", "another form of the name"),
            level.JaroWinklerLevel("last_name", 0.88),
            level.ElseLevel(),
        ],
    )


def _birth_date():
    return comparison.CustomComparison(
        output_column_name="birth_date",
        comparison_levels=[
            level.NullLevel("birth_date"),
            level.ExactMatchLevel(
                "birth_date", term_frequency_adjustments=True
            ),  # 1 January 1900 proves little
            _when("birth_date_l = birth_swapped_r", "day and month exchanged"),
            level.LevenshteinLevel("birth_date", 1),
            level.ElseLevel(),
        ],
    )


def _email():
    return comparison.CustomComparison(
        output_column_name="email",
        comparison_levels=[
            level.NullLevel("email"),
            level.ExactMatchLevel("email"),
            level.LevenshteinLevel("email", 2),
            level.ElseLevel(),
        ],
    )


def _home():
    return comparison.CustomComparison(
        output_column_name="home",
        comparison_levels=[
            _none(_NOTHING_OF_HOME),
            _when(f"({_SAME_ADDRESS}) AND phone_l = phone_r", "same address and telephone"),
            _when("phone_l = phone_r", "same telephone"),
            _when(
                f"({_SAME_ADDRESS}) AND levenshtein(phone_l, phone_r) <= 2",
                "same address, telephone mistyped",
            ),
            _when(_SAME_ADDRESS, "same address"),
            _when("levenshtein(phone_l, phone_r) <= 2", "telephone mistyped"),
            _when(
                "postcode_l = postcode_r AND levenshtein(street_l, street_r) <= 2 AND house_l = house_r",
                "address mistyped",
            ),
            _when("postcode_l = postcode_r", "same postcode"),
            _when("city_l = city_r", "same city"),
            level.ElseLevel(),
        ],
    )

"""How probable it is that two records belong to one person: what is compared, the model estimated, the pairs scored.

Settings are data: the same for DuckDB and Spark.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pandas as pd

from idic_lab import dataframes
from idic_lab.errors import DataError, FitError, needs_extra

if TYPE_CHECKING:
    from splink import Linker, SettingsCreator

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
INSTEAD = (("phone",), ("last_name", "street", "house"))  # where one of them has nothing to teach
# Rules that hardly ever join two people, to estimate how many pairs match, and the share of those pairs they find.
SURE = (("email",), ("first_name", "last_name", "birth_date"), ("first_name", "last_name", "phone"))
SURE_RECALL = 0.8

_SAME_HOUSE = "street_l = street_r AND house_l = house_r"
_SAME_ADDRESS = f"{_SAME_HOUSE} AND (postcode_l = postcode_r OR city_l = city_r)"
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

    Source: Fellegi & Sunter (1969), A Theory for Record Linkage, JASA 64(328), 1183-1210.

    >>> [made.create_output_column_name() for made in settings().comparisons]
    ['first_name', 'last_name', 'birth_date', 'email', 'home']
    """
    splink, level = (needs_extra(name, "identify") for name in ("splink", "splink.comparison_level_library"))
    custom = needs_extra("splink.comparison_library", "identify").CustomComparison
    return splink.SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=[
            custom(output_column_name=name, comparison_levels=[*levels, level.ElseLevel()])
            for name, levels in _levels(level).items()
        ],
        blocking_rules_to_generate_predictions=[splink.block_on(*columns) for columns in BLOCKING],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=True,  # what each comparison weighs, for conflicts and review
        em_convergence=0.001,
    )


def _levels(level) -> dict[str, list]:
    """The levels of each comparison; the first that fits decides, and what fits none is plainly different."""
    return {
        "first_name": [
            _none(_name_is_no_evidence("first")),
            level.ExactMatchLevel("first_name", term_frequency_adjustments=True),
            _when("array_contains(first_forms_l, first_name_r)", "another form of the name"),
            _when(_SWAPPED, "first and last name exchanged"),
            level.JaroWinklerLevel("first_name", 0.88),
        ],
        "last_name": [
            _none(f"{_name_is_no_evidence('last')} OR ({_SWAPPED}) OR (last_name_l = last_name_r AND {_SAME_ADDRESS})"),
            level.ExactMatchLevel("last_name", term_frequency_adjustments=True),
            _when("array_contains(last_forms_l, last_name_r)", "another form of the name"),
            level.JaroWinklerLevel("last_name", 0.88),
        ],
        "birth_date": [
            level.NullLevel("birth_date"),
            # 1 January 1900 proves little
            level.ExactMatchLevel("birth_date", term_frequency_adjustments=True),
            _when("birth_date_l = birth_swapped_r", "day and month exchanged"),
            level.LevenshteinLevel("birth_date", 1),
        ],
        "email": [level.NullLevel("email"), level.ExactMatchLevel("email"), level.LevenshteinLevel("email", 2)],
        "home": [
            _none(_NOTHING_OF_HOME),
            _when(f"({_SAME_ADDRESS}) AND phone_l = phone_r", "same address and telephone"),
            _when("phone_l = phone_r", "same telephone"),
            _when(f"({_SAME_ADDRESS}) AND levenshtein(phone_l, phone_r) <= 2", "same address, telephone mistyped"),
            _when(_SAME_ADDRESS, "same address"),
            _when("levenshtein(phone_l, phone_r) <= 2", "telephone mistyped"),
            _when(
                "postcode_l = postcode_r AND levenshtein(street_l, street_r) <= 2 AND house_l = house_r",
                "address mistyped",
            ),
            _when("postcode_l = postcode_r", "same postcode"),
            _when("city_l = city_r", "same city"),
        ],
    }


def _when(condition: str, label: str) -> dict:
    return {"sql_condition": condition, "label_for_charts": label}


def _none(condition: str) -> dict:
    return _when(condition, "nothing to compare") | {"is_null_level": True}


def _name_is_no_evidence(part: str) -> str:
    """A missing name, or one in two scripts that have not been seen to stand for each other."""
    return (
        f"{part}_name_l IS NULL OR {part}_name_r IS NULL OR "
        f"({part}_latin_l <> {part}_latin_r AND NOT array_contains({part}_forms_l, {part}_name_r))"
    )


COMPARISONS = ("first_name", "last_name", "birth_date", "email", "home")
FEWEST = 50  # records below which shares cannot be estimated
# Pairs sampled to learn of agreement by chance: so many per record, between the other two.
PAIRS_PER_RECORD, FEWEST_PAIRS, MOST_PAIRS = 5, 400_000, 5_000_000
PAIRS_FOR_TRAINING = 1_000_000
RECORDS_TO_COUNT = 100_000  # among which the pairs of a training block are counted before sampling them
LOWEST = 0.01  # pairs less probable than this are not kept
RAREST_MISTAKE = 0.001
NEVER_SEEN = 1e-6  # Splink's share for a level that did not occur in the sample
DIGITS = 6  # of probabilities: what parallel sums leave equal


def estimate(prepared: pd.DataFrame, random_state: int = 1, connect: Callable | None = None) -> dict:
    """Estimate the linking model without being told who is who.

    How often fields agree by chance is counted on pairs of records from one touchpoint, the largest, where hardly
    anybody has two records; how often they agree for one person comes from expectation-maximisation within blocks of
    records that agree on something else.

    Parameters:
        connect: Returns a Splink database API; DuckDB in memory by default.
    Returns:
        dict: Splink settings with the estimated parameters: plain data, good for any of Splink's back ends.
    Raises:
        DataError: When there are too few records, or none share anything that a person's records would share.

    Source: Linacre et al. (2022), Splink, International Journal of Population Data Science 7(3); Dempster, Laird &
    Rubin (1977), JRSS B 39(1), 1-38.

    >>> estimate(pd.DataFrame({"record_id": ["a", "b"]}))
    Traceback (most recent call last):
    ...
    idic_lab.errors.DataError: Linking needs at least 50 records to learn from, found 2.
    """
    if len(prepared) < FEWEST:
        raise DataError(f"Linking needs at least {FEWEST} records to learn from, found {len(prepared):,}.")
    block_on = needs_extra("splink", "identify").block_on
    with _quiet():
        largest = prepared["touchpoint"].value_counts().sort_index().idxmax()
        alone = prepared[prepared["touchpoint"] == largest]
        if len(alone) < FEWEST:
            alone = prepared
        by_chance = _linker(alone, settings(), connect)
        sampled = min(max(FEWEST_PAIRS, PAIRS_PER_RECORD * len(prepared)), MOST_PAIRS)
        by_chance.training.estimate_u_using_random_sampling(
            max_pairs=sampled, seed=random_state, min_count_per_level=None, num_chunks=1
        )
        linker = _linker(prepared, by_chance.misc.save_model_to_json(), connect)
        try:
            linker.training.estimate_probability_two_random_records_match(
                [block_on(*columns) for columns in SURE], recall=SURE_RECALL
            )
            if linker._settings_obj._probability_two_random_records_match == 0:
                raise DataError(
                    "No two records share an e-mail address, or a full name with date of birth or telephone: there is "
                    "nothing to learn from. Are these columns filled in?"
                )
            counted = min(1.0, RECORDS_TO_COUNT / len(prepared))
            for columns in TRAINING:
                if not _taught(linker, block_on(*columns), counted):
                    any(_taught(linker, block_on(*others), counted) for others in INSTEAD)
        except duckdb.Error as error:
            raise FitError(f"The linking model could not be estimated: {error}") from None
        return _believable(linker.misc.save_model_to_json())


def _taught(linker: Linker, block, counted: float) -> bool:
    """Whether the pairs of a block could teach how often fields agree for one person."""
    nothing = needs_extra("splink.internals.exceptions", "identify").EMTrainingException
    # ValueError: a block so one-sided that a share becomes too small a number
    with suppress(nothing, ValueError):
        linker.training.estimate_parameters_using_expectation_maximisation(
            block, max_pairs=PAIRS_FOR_TRAINING, record_sample_proportion=counted
        )
        return True
    return False


def score(prepared: pd.DataFrame, model: dict, connect: Callable | None = None) -> pd.DataFrame:
    """Every pair of records worth looking at, with the probability that both belong to one person.

    Parameters:
        connect: Returns a Splink database API; DuckDB in memory by default.
    Returns:
        DataFrame: record_a, record_b (a before b), probability, and what each comparison weighs, in bits: first_name,
            last_name, birth_date, email, home (above 0 speaks for one person, below 0 against, 0 where there is nothing
            to compare). Most probable first.

    >>> from idic_lab import datasets, identify
    >>> prepared = identify.standardise(datasets.load("meridian", quiet=True).tables["source_records"].head(600))
    >>> pairs = score(prepared, estimate(prepared))
    >>> bool(pairs["probability"].is_monotonic_decreasing), "email" in pairs
    (True, True)
    """
    with _quiet():
        linker = _linker(prepared, model, connect)
        predicted = linker.inference.predict(threshold_match_probability=LOWEST, warning_mode="never")
        held = {column.unquote().name for column in predicted.columns}
        levels = ", ".join(f"{_weight(name, held)} AS {name}" for name in COMPARISONS)
        pairs = predicted.query_sql(
            "SELECT least(record_id_l, record_id_r) AS record_a, greatest(record_id_l, record_id_r) AS record_b, "
            f"round(match_probability, {DIGITS}) AS probability, {levels} FROM {{this}}"
        ).as_pandas_dataframe()
    pairs = pairs.astype({"record_a": "str", "record_b": "str"} | dict.fromkeys(COMPARISONS, "float32"))
    order = ["probability", "record_a", "record_b"]
    return pairs.sort_values(order, ascending=[False, True, True], ignore_index=True)


def weights(model: dict) -> pd.DataFrame:
    """What each level of agreement counts for.

    Returns:
        DataFrame: comparison, level, same_person and different_people (how often this level is found among either kind
            of pair), weight (bits: logarithm to base 2 of their ratio; 10 bits multiply the odds of a match by about
            1,000).

    >>> same = {"label_for_charts": "the same", "m_probability": 0.8, "u_probability": 0.1}
    >>> weights({"comparisons": [{"output_column_name": "email", "comparison_levels": [same]}]})["weight"].tolist()
    [3.0]
    """
    rows = [
        (
            made["output_column_name"],
            found["label_for_charts"],
            found["m_probability"],
            found.get("u_probability", NEVER_SEEN),
        )
        for made in model["comparisons"]
        for found in made["comparison_levels"]
        if not found.get("is_null_level")
    ]
    table = pd.DataFrame(rows, columns=["comparison", "level", "same_person", "different_people"])
    table["weight"] = np.log2(table["same_person"] / table["different_people"])
    return table


def _believable(model: dict) -> dict:
    """No kind of mistake is taken to be rarer than the sample could show, and plain difference never speaks for a pair."""
    for made in model["comparisons"]:
        for found in made["comparison_levels"]:
            if not found.get("is_null_level"):
                found["m_probability"] = max(found.get("m_probability", 0.0), RAREST_MISTAKE)
        different = made["comparison_levels"][-1]
        different.setdefault("u_probability", different["m_probability"])
        different["m_probability"] = min(different["m_probability"], different["u_probability"])
    return model


def _weight(name: str, held: set[str]) -> str:
    """A comparison's weight, with the correction for rare and common values where it has one."""
    parts = [part for part in (f"mw_{name}", f"mw_tf_adj_{name}") if part in held]
    return f"CAST(round({' + '.join(parts) or '0'}, 2) AS REAL)"


def _linker(records: pd.DataFrame, chosen, connect: Callable | None) -> Linker:
    """A linker on the records, on DuckDB in memory unless another database is told."""
    splink = needs_extra("splink", "identify")
    api = connect() if connect else splink.DuckDBAPI(connection=dataframes.connect())
    return splink.Linker(api.register(records), chosen, log_level=None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Splink's advice on its own log stays out of notebooks; its errors are raised all the same."""
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)

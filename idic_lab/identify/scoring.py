"""How probable it is that two records belong to one person: the model estimated, the pairs scored."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb
import numpy as np
import pandas as pd
from splink import DuckDBAPI, Linker, block_on

from idic_lab import dataframes
from idic_lab.errors import DataError, FitError
from idic_lab.identify.linking_model import SURE, SURE_RECALL, TRAINING, settings

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


def estimate(prepared: pd.DataFrame, seed: int = 1, connect: Callable | None = None) -> dict:
    """Estimate the linking model without being told who is who.

    How often fields agree by chance is counted on pairs of records from one touchpoint, the largest, where hardly
    anybody has two records; how often they agree for one person comes from expectation-maximisation within blocks of
    records that agree on something else.

    Parameters
    ----------
    prepared : DataFrame
        As :func:`standardise` returns it.
    seed : int
    connect : callable, optional
        Returns a Splink database API; DuckDB in memory by default.

    Returns
    -------
    dict
        Splink settings with the estimated parameters: plain data, good for any of Splink's back ends.

    Raises
    ------
    DataError
        When there are too few records, or none share anything that a person's records would share.

    Source: Linacre et al. (2022), Splink, International Journal of Population Data Science 7(3); Dempster, Laird &
    Rubin (1977), JRSS B 39(1), 1-38.
    """
    if len(prepared) < FEWEST:
        raise DataError(f"Linking needs at least {FEWEST} records to learn from, found {len(prepared):,}.")
    connect = connect or _duckdb
    with _quiet():
        largest = prepared["touchpoint"].value_counts().sort_index().idxmax()
        alone = prepared[prepared["touchpoint"] == largest]
        if len(alone) < FEWEST:
            alone = prepared
        by_chance = _linker(alone, settings(), connect())
        sampled = min(max(FEWEST_PAIRS, PAIRS_PER_RECORD * len(prepared)), MOST_PAIRS)
        by_chance.training.estimate_u_using_random_sampling(
            max_pairs=sampled, seed=seed, min_count_per_level=None, num_chunks=1
        )
        linker = _linker(prepared, by_chance.misc.save_model_to_json(), connect())
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
                linker.training.estimate_parameters_using_expectation_maximisation(
                    block_on(*columns), max_pairs=PAIRS_FOR_TRAINING, record_sample_proportion=counted
                )
        except duckdb.Error as error:
            raise FitError(f"The linking model could not be estimated: {error}") from None
        return _believable(linker.misc.save_model_to_json())


def score(prepared: pd.DataFrame, model: dict, connect: Callable | None = None) -> pd.DataFrame:
    """Every pair of records worth looking at, with the probability that both belong to one person.

    Parameters
    ----------
    prepared : DataFrame
        As :func:`standardise` returns it.
    model : dict
        As :func:`estimate` returns it.
    connect : callable, optional
        Returns a Splink database API; DuckDB in memory by default.

    Returns
    -------
    DataFrame
        record_a, record_b (a before b), probability, and what each comparison weighs, in bits: first_name, last_name,
        birth_date, email, home (above 0 speaks for one person, below 0 against, 0 where there is nothing to compare).
        Most probable first.
    """
    with _quiet():
        linker = _linker(prepared, model, (connect or _duckdb)())
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

    Parameters
    ----------
    model : dict
        As :func:`estimate` returns it.

    Returns
    -------
    DataFrame
        comparison, level, same_person and different_people (how often this level is found among either kind of pair),
        weight (bits: logarithm to base 2 of their ratio; 10 bits multiply the odds of a match by about 1,000).
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
    """No kind of mistake is taken to be rarer than the sample could show."""
    for made in model["comparisons"]:
        for found in made["comparison_levels"]:
            if not found.get("is_null_level"):
                found["m_probability"] = max(found.get("m_probability", 0.0), RAREST_MISTAKE)
    return model


def _weight(name: str, held: set[str]) -> str:
    """A comparison's weight, with the correction for rare and common values where it has one."""
    parts = [part for part in (f"mw_{name}", f"mw_tf_adj_{name}") if part in held]
    return f"CAST(round({' + '.join(parts)}, 2) AS REAL)"


def _linker(records: pd.DataFrame, chosen, api) -> Linker:
    return Linker(api.register(records), chosen, log_level=None)


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


def _duckdb() -> DuckDBAPI:
    """Splink on DuckDB in memory."""
    return DuckDBAPI(connection=dataframes.connect())

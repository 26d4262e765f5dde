"""How well records were linked, when the truth is known; and what the mistakes cost."""

from collections import Counter

import pandas as pd

from idic_lab.errors import DataError


def pairwise(links: pd.DataFrame, truth: pd.DataFrame) -> pd.Series:
    """Precision, recall and F1 over pairs of records.

    Parameters:
        links, truth: record_id and customer_id, as found and as it is.
    Returns:
        Series: precision (share of the pairs put together that belong together), recall (share of the pairs that belong
            together that were put together), f1 (their harmonic mean), wrong_pairs, missed_pairs.
    Raises:
        DataError: When the truth lacks a record.

    >>> found = pd.DataFrame({"record_id": ["a", "b", "c"], "customer_id": ["1", "1", "1"]})
    >>> truth = pd.DataFrame({"record_id": ["a", "b", "c"], "customer_id": ["x", "x", "y"]})
    >>> pairwise(found, truth).round(2).to_dict()
    {'precision': 0.33, 'recall': 1.0, 'f1': 0.5, 'wrong_pairs': 2.0, 'missed_pairs': 0.0}
    """
    both = _beside(links, truth)
    together = _pairs(both.groupby(["found", "true"]).size())
    found, true = _pairs(both.groupby("found").size()), _pairs(both.groupby("true").size())
    return _summary(together, found, true)


def whole_people(links: pd.DataFrame, truth: pd.DataFrame) -> pd.Series:
    """Precision and recall over whole people: how many were found exactly, with all their records and no other.

    Returns:
        Series: precision (share of the groups found that are exactly one person's records), recall (share of the people
            found exactly), f1, groups, people.

    >>> found = pd.DataFrame({"record_id": ["a", "b", "c"], "customer_id": ["1", "1", "2"]})
    >>> truth = pd.DataFrame({"record_id": ["a", "b", "c"], "customer_id": ["x", "x", "y"]})
    >>> whole_people(found, truth).tolist()
    [1.0, 1.0, 1.0, 2.0, 2.0]
    """
    both = _beside(links, truth)
    cells = both.groupby(["found", "true"]).size().rename("records").reset_index()
    groups, people = both["found"].value_counts(), both["true"].value_counts()
    whole = (cells["records"] == cells["found"].map(groups)) & (cells["records"] == cells["true"].map(people))
    found = _summary(whole.sum(), len(groups), len(people))[["precision", "recall", "f1"]]
    return pd.concat([found, pd.Series({"groups": float(len(groups)), "people": float(len(people))})])


def by_touchpoint(links: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Pairwise precision and recall of the pairs in which a touchpoint's records take part.

    Returns:
        DataFrame: touchpoint, records, precision, recall, f1; the touchpoint that is found best comes first.

    >>> found = pd.DataFrame({"record_id": ["a", "b", "c"], "customer_id": list("112"), "touchpoint": ["app", "till", "till"]})
    >>> truth = pd.DataFrame({"record_id": ["a", "b", "c"], "customer_id": ["x", "x", "x"]})
    >>> by_touchpoint(found, truth)[["touchpoint", "recall"]].round(2).values.tolist()
    [['app', 0.5], ['till', 0.33]]
    """
    both = _beside(links, truth)
    both["touchpoint"] = links["touchpoint"].to_numpy()
    rows = []
    for touchpoint, mine in both.groupby("touchpoint"):
        rest = both.drop(mine.index)
        keys = (["found", "true"], ["found"], ["true"])
        shares = _summary(*(_pairs(both.groupby(key).size()) - _pairs(rest.groupby(key).size()) for key in keys))
        rows.append({"touchpoint": touchpoint, "records": len(mine), **shares[["precision", "recall", "f1"]]})
    return pd.DataFrame(rows).sort_values("f1", ascending=False, ignore_index=True)


def threshold_curve(
    made: pd.DataFrame, truth: pd.DataFrame, wrong_merge: float = 10.0, missed_link: float = 1.0
) -> pd.DataFrame:
    """Precision, recall and cost at every threshold, from one pass over the merges.

    The merges are nested, so those above a threshold are simply the first so many; the pairs each one adds are counted
    as it is made.

    Parameters:
        made: As :func:`merges` returns it.
        truth: record_id and customer_id of every record.
        wrong_merge, missed_link: What it costs when two records of different people are put together, and when two of
            one person are not.
    Returns:
        DataFrame: threshold (ascending), precision, recall, f1, wrong_pairs, missed_pairs, cost (the unit of the two
            costs).

    >>> made = pd.DataFrame({"record_a": ["a", "b"], "record_b": ["b", "c"], "probability": [0.9, 0.6]})
    >>> truth = pd.DataFrame({"record_id": ["a", "b", "c"], "customer_id": ["x", "x", "y"]})
    >>> threshold_curve(made, truth)[["threshold", "precision", "cost"]].round(2).values.tolist()
    [[0.6, 0.33, 20.0], [0.9, 1.0, 0.0]]
    """
    from scipy.cluster.hierarchy import DisjointSet

    groups, total = DisjointSet(truth["record_id"]), _pairs(truth["customer_id"].value_counts())
    holds = {record: Counter([who]) for record, who in zip(truth["record_id"], truth["customer_id"], strict=True)}
    steps = []
    for a, b, probability in zip(made["record_a"], made["record_b"], made["probability"], strict=True):
        mine, theirs = sorted((holds.pop(groups[record]) for record in (a, b)), key=len, reverse=True)
        right = sum(count * mine[who] for who, count in theirs.items())
        steps.append((probability, right, mine.total() * theirs.total()))
        mine.update(theirs)
        groups.merge(a, b)
        holds[groups[a]] = mine
    steps = pd.DataFrame(steps, columns=["threshold", "right", "all"]).astype("float64")
    curve = steps.groupby("threshold").sum().iloc[::-1].cumsum().iloc[::-1].reset_index()
    curve["precision"] = curve["right"] / curve["all"]
    curve["recall"] = curve["right"] / total
    curve["f1"] = 2 * curve["right"] / (curve["all"] + total)
    curve["wrong_pairs"], curve["missed_pairs"] = curve["all"] - curve["right"], total - curve["right"]
    curve["cost"] = wrong_merge * curve["wrong_pairs"] + missed_link * curve["missed_pairs"]
    return curve.drop(columns=["right", "all"])


def _beside(links: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    true = links["record_id"].map(truth.set_index("record_id")["customer_id"])
    if true.isna().any():
        raise DataError(f"The truth says nothing of {int(true.isna().sum()):,} of the records.")
    return pd.DataFrame({"found": links["customer_id"].to_numpy(), "true": true.to_numpy()})


def _pairs(sizes: pd.Series) -> float:
    return float((sizes * (sizes - 1) // 2).sum())


def _summary(together: float, found: float, true: float) -> pd.Series:
    precision = together / found if found else 1.0  # nobody was put together, so nobody wrongly
    recall = together / true if true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    wrong = {"wrong_pairs": found - together, "missed_pairs": true - together}
    return pd.Series({"precision": precision, "recall": recall, "f1": f1, **wrong})

"""The table of need segments: those who answered by their answers, the others by the typing tool."""

from __future__ import annotations

import pandas as pd

from idic_lab import tables
from idic_lab.differentiate.needs.profiles import profiles, segment_names, stable_order
from idic_lab.differentiate.needs.segmenters import segmenter
from idic_lab.differentiate.needs.typing_tool import TypingTool

NO_SEGMENTS = "no need segments"


def segment_battery(
    answers: pd.DataFrame,
    n_segments: int,
    questions: dict[str, str] | None = None,
    method: str = "latent_classes",
    random_state: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Segments of those who answered, named by their markers, and the profiles of the segments.

    Parameters
    ----------
    answers : DataFrame
        ``customer_id`` and one column per question, as :func:`battery` gives.
    n_segments : int
        1 is one crowd.
    questions : dict of str to str, optional
        Wording by question.
    method : str
        A method of :func:`segmenter`.
    random_state : int

    Returns
    -------
    members : DataFrame
        ``customer_id``, ``segment``, ``probability`` (of belonging to it given the answers; 1 where the method gives
        none), ``basis`` ("answers").
    profile : DataFrame
        As :func:`profiles`, with the names as segments, largest first.

    Examples
    --------
    >>> answers = pd.DataFrame({"customer_id": list("abcd"), "Q1": [1.0, 1, 0, 0], "Q2": [0.0, 0, 1, 1]})
    >>> members, profile = segment_battery(answers, 2, {"Q1": "I wait.", "Q2": "I hurry."}, method="k_means")
    >>> members["segment"].value_counts().to_dict()
    {'wait': 2, 'hurry': 2}
    """
    items = answers.drop(columns="customer_id")
    found = segmenter(method, n_segments, random_state).fit(items)
    numbered = stable_order(found.labels_, items)
    profile = profiles(answers, numbered, questions)
    names = {"0": NO_SEGMENTS} if n_segments == 1 else segment_names(profile)
    sure = found.predict_proba(items).max(axis=1) if hasattr(found, "predict_proba") else 1.0
    members = pd.DataFrame(
        {
            "customer_id": answers["customer_id"].to_numpy(),
            "segment": pd.array([names[str(number)] for number in numbered], dtype="str"),
            "probability": sure,
            "basis": pd.array(["answers"] * len(answers), dtype="str"),
        }
    ).astype({"customer_id": "str"})
    profile["segment"] = profile["segment"].map(names).astype("str")
    return members, profile


def place_everybody(
    members: pd.DataFrame, descriptors: pd.DataFrame, tool: TypingTool | None
) -> pd.DataFrame:
    """The table ``need_segments``: a segment for every customer, with how it is known.

    Parameters
    ----------
    members : DataFrame
        Of those who answered, as :func:`segment_battery` gives.
    descriptors : DataFrame
        Of all customers.
    tool : TypingTool or None
        None when there is only one segment: everybody is in it.

    Returns
    -------
    DataFrame
        Under the contract ``need_segments``: ``customer_id``, ``segment``, ``probability``, ``basis`` ("answers" or
        "typing tool").
    """
    others = descriptors[~descriptors["customer_id"].isin(members["customer_id"])]
    if others.empty:
        typed = members.iloc[:0]
    elif tool is None:
        typed = others[["customer_id"]].assign(segment=members["segment"].iloc[0], probability=1.0)
    else:
        typed = tool.assign(others)
    typed = typed.assign(basis=pd.Series("typing tool", index=typed.index, dtype="str"))
    everybody = pd.concat([members, typed], ignore_index=True).sort_values("customer_id", ignore_index=True)
    return tables.check("need_segments", everybody)


def need_profiles_table(profile: pd.DataFrame) -> pd.DataFrame:
    """The table ``need_profiles``: a profile without the wording, which stands in ``survey_questions``."""
    return tables.check("need_profiles", profile.drop(columns=["text", "relative_difference"]))


def scheme_rows(table: pd.DataFrame, scheme: str) -> pd.DataFrame:
    """Rows of the table ``segments`` under one scheme.

    Parameters
    ----------
    table : DataFrame
        ``customer_id``, ``segment``.
    scheme : str

    Returns
    -------
    DataFrame
        ``customer_id``, ``scheme``, ``segment``.

    Examples
    --------
    >>> scheme_rows(pd.DataFrame({"customer_id": ["a"], "segment": ["budget"]}), "price_tier")
      customer_id      scheme segment
    0           a  price_tier  budget
    """
    rows = table[["customer_id", "segment"]].reset_index(drop=True)
    rows.insert(1, "scheme", pd.Series(scheme, index=rows.index, dtype="str"))
    return tables.check("segments", rows)

"""The typing tool: who would belong to which segment, for customers who never answered the battery."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from idic_lab.errors import DataError

FOLDS = 5


@dataclass(frozen=True)
class TypingTool:
    """A fitted typing tool with its accuracy out of sample.

    Attributes
    ----------
    model : sklearn.pipeline.Pipeline
    features : tuple of str
        Descriptors it uses.
    accuracy : float
        Share of customers typed as their answers say, each by a model that did not see them.
    accuracy_low, accuracy_high : float
        95% interval (Wilson).
    base_rate : float
        Share of the largest segment: what naming it for everybody would score.
    p_value : float
        Chance of such an accuracy or a better one if the tool were no better than the base rate.
    held_out : DataFrame
        ``customer_id``, ``segment`` (from the answers), ``typed`` (out of sample).
    """

    model: Pipeline
    features: tuple[str, ...]
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    base_rate: float
    p_value: float
    held_out: pd.DataFrame

    def summary(self) -> pd.DataFrame:
        """Accuracy out of sample beside the base rate, one row."""
        names = ("accuracy", "accuracy_low", "accuracy_high", "base_rate", "p_value")
        return pd.DataFrame(
            {"customers": [len(self.held_out)]} | {name: [getattr(self, name)] for name in names}
        )

    def recall(self) -> pd.DataFrame:
        """Per segment: its customers, and the share of them that the tool types right out of sample."""
        right = self.held_out["segment"].eq(self.held_out["typed"])
        table = right.groupby(self.held_out["segment"]).agg(customers="size", typed_right="mean")
        return table.reset_index().sort_values("typed_right", ascending=False, ignore_index=True)

    def assign(self, descriptors: pd.DataFrame) -> pd.DataFrame:
        """Segment and its probability for each customer of a table of descriptors."""
        chance = self.model.predict_proba(descriptors[list(self.features)])
        named = np.asarray(self.model.classes_)[chance.argmax(axis=1)]
        return pd.DataFrame(
            {
                "customer_id": descriptors["customer_id"].to_numpy(),
                "segment": pd.array(named, dtype="str"),
                "probability": chance.max(axis=1),
            }
        ).astype({"customer_id": "str"})


def fit_typing_tool(members: pd.DataFrame, descriptors: pd.DataFrame, random_state: int = 0) -> TypingTool:
    """Learn to tell segments by descriptors, and how well that works on customers not learnt from.

    A multinomial logit on standardised descriptors; its accuracy is that of 5-fold cross-validation.

    Parameters
    ----------
    members : DataFrame
        ``customer_id``, ``segment`` of those who answered.
    descriptors : DataFrame
        ``customer_id`` and numbers without gaps, as :func:`descriptors` makes; the customers who did not answer may
        be in it, and are not used here.
    random_state : int

    Returns
    -------
    TypingTool

    Raises
    ------
    DataError
        Fewer than two segments, or a segment with fewer than five known customers.

    Source: Dolnicar, Grün & Leisch (2018), Market Segmentation Analysis, step 7 (describing segments).
    """
    known = members[["customer_id", "segment"]].merge(descriptors, on="customer_id")
    sizes = known["segment"].value_counts()
    if len(sizes) < 2 or sizes.min() < FOLDS:
        raise DataError(
            f"The typing tool needs at least two segments with {FOLDS} described customers each, found "
            f"{', '.join(f'{name}: {size}' for name, size in sizes.items()) or 'none'}."
        )
    features = [name for name in descriptors.columns.drop("customer_id") if known[name].std() > 0]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2_000))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=random_state)
    typed = cross_val_predict(model, known[features], known["segment"].to_numpy(dtype=object), cv=folds)
    right, base = int((typed == known["segment"].to_numpy()).sum()), sizes.iloc[0] / len(known)
    interval = binomtest(right, len(known)).proportion_ci(method="wilson")
    return TypingTool(
        model=model.fit(known[features], known["segment"].to_numpy(dtype=object)),
        features=tuple(features),
        accuracy=right / len(known),
        accuracy_low=float(interval.low),
        accuracy_high=float(interval.high),
        base_rate=float(base),
        p_value=float(binomtest(right, len(known), base, alternative="greater").pvalue),
        held_out=known[["customer_id", "segment"]].assign(typed=pd.array(typed, dtype="str")),
    )

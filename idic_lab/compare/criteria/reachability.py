"""Criterion 5: can the members of a segment be recognised by what is known on the first day?"""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from idic_lab.compare.criterion_registry import Score, criterion
from idic_lab.compare.segmentation import NotApplicable

FOLDS = 5
FEWEST = 20  # customers in a segment, below which it is left out: too few to learn from


@criterion(
    "reachability",
    main="skill",
    question="Can members be recognised by what is known of a customer on the first day?",
)
def reachability(segmentation) -> Score:
    """Out-of-sample skill of a multinomial logistic regression of segments on descriptors.

    The skill is the share of the log-loss of always stating the segments' sizes that the descriptors save: 0 is no
    use, 1 certain knowledge, below 0 worse than knowing nothing.
    """
    if segmentation.customers.descriptors is None:
        raise NotApplicable(f"{segmentation.customers.name} has no descriptors.")
    rows = segmentation.shared
    labels = segmentation.labels[rows]
    size = np.bincount(labels)
    kept = size[labels] >= FEWEST
    if len(np.unique(labels[kept])) < 2:
        raise NotApplicable("there is one segment, and everybody reaches it.")
    X = segmentation.customers.descriptors.to_numpy(dtype=float)[rows][kept]
    labels = np.unique(labels[kept], return_inverse=True)[1]
    chance = np.empty((len(labels), labels.max() + 1))
    naive = np.empty_like(chance)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=segmentation.split_seed % 2**31)
    with threadpool_limits(1):
        for train, test in folds.split(X, labels):
            model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300, tol=1e-3))
            chance[test] = model.fit(X[train], labels[train]).predict_proba(X[test])
            naive[test] = np.bincount(labels[train], minlength=chance.shape[1]) / len(train)
    lost, lost_naive = log_loss(labels, chance), log_loss(labels, naive)
    return Score(
        {
            "skill": float(1 - lost / lost_naive),
            "balanced_accuracy": float(balanced_accuracy_score(labels, chance.argmax(axis=1))),
            "chance_accuracy": float(1 / chance.shape[1]),
        },
        {"left out": int((~kept).sum()), "customers": len(labels)},
    )

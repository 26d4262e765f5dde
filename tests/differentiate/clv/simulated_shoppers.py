"""Customers who buy and leave as a model says, with what they did afterwards."""

import numpy as np
import pandas as pd

TRUTH = {
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "pareto_nbd": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
    "gamma_gamma": {"p": 6.25, "q": 3.74, "gamma": 15.44},
}


def shoppers(model: str, customers: int, horizon: float, rng, discount: float = 0.0) -> pd.DataFrame:
    """A summary in weeks, with ``later`` (purchases in the horizon after T) and ``worth`` (what they brought, discounted)."""
    theta, spend = TRUTH[model], TRUTH["gamma_gamma"]
    age = rng.integers(27, 40, customers).astype(float)
    rate = rng.gamma(theta["r"], 1 / theta["alpha"], customers)
    leaves, end = np.zeros(customers), np.full(customers, np.inf)
    if model == "bg_nbd":
        leaves = rng.beta(theta["a"], theta["b"], customers)
    else:
        end = rng.exponential(1 / rng.gamma(theta["s"], 1 / theta["beta"], customers))
    scale = rng.gamma(spend["q"], 1 / spend["gamma"], customers)
    table = pd.DataFrame({"frequency": 0, "recency": 0.0, "T": age, "monetary_value": 0.0, "later": 0, "worth": 0.0})
    table, now, going = table.to_dict("series"), np.zeros(customers), np.arange(customers)
    columns = {name: values.to_numpy().copy() for name, values in table.items()}
    while len(going):
        now[going] += rng.exponential(1 / np.maximum(rate[going], 1e-12))
        going = going[now[going] < np.minimum(end[going], age[going] + horizon)]
        paid = rng.gamma(spend["p"], 1 / scale[going])
        early = now[going] <= age[going]
        seen, ahead = going[early], going[~early]
        columns["frequency"][seen] += 1
        columns["recency"][seen] = now[seen]
        columns["monetary_value"][seen] += paid[early]
        columns["later"][ahead] += 1
        columns["worth"][ahead] += paid[~early] * np.exp(-discount * (now[ahead] - age[ahead]))
        going = going[rng.random(len(going)) >= leaves[going]]
    columns["monetary_value"] /= np.maximum(columns["frequency"], 1)
    made = pd.DataFrame(columns).assign(unit_days=7.0)
    made.insert(0, "customer_id", [str(number) for number in range(customers)])
    return made.astype({"customer_id": "str"})

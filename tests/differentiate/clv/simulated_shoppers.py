"""Customers who buy and leave as a model says, with what they did afterwards."""

import numpy as np
import pandas as pd

TRUTH = {
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "pareto_nbd": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
    "gamma_gamma": {"p": 6.25, "q": 3.74, "gamma": 15.44},
}


def shoppers(model: str, customers: int, horizon: float, rng, discount: float = 0.0, web=None) -> pd.DataFrame:
    """A summary in weeks, with ``later`` (purchases in the horizon after T) and ``worth`` (what they brought, discounted).

    With ``web``, ratios of buying, leaving and spending, a coin says who is of the web, and theirs are so many times as high.
    """
    theta, spend = TRUTH[model], TRUTH["gamma_gamma"]
    age = rng.integers(27, 40, customers).astype(float)
    coin = rng.integers(0, 2, customers) if web else np.zeros(customers)
    buying, leaving, spending = (np.asarray(ratio) ** coin for ratio in web or (1, 1, 1))
    rate = rng.gamma(theta["r"], 1 / theta["alpha"], customers) * buying
    leaves, end = np.zeros(customers), np.full(customers, np.inf)
    if model == "bg_nbd":
        leaves = rng.beta(theta["a"] * leaving, theta["b"], customers)
    else:
        end = rng.exponential(1 / rng.gamma(theta["s"], 1 / theta["beta"], customers) / leaving)
    scale = rng.gamma(spend["q"], 1 / spend["gamma"], customers) / spending
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
    made = pd.DataFrame(columns).assign(unit_days=7.0, **({"web": coin} if web else {}))
    made.insert(0, "customer_id", [str(number) for number in range(customers)])
    return made.astype({"customer_id": "str"})

"""Channel preference, fatigue and consent can be read from the contacts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from meridian_links import owned
from sklearn.linear_model import PoissonRegressor

from idic_lab.meridian import simulate
from idic_lab.tables import CHANNELS


def fatigue(shop):
    """Estimated fatigue with its robust standard error, from a log-linear fit."""
    sent = owned(shop, "interactions").query("direction == 'outbound'").sort_values(["customer_id", "date"])
    day = (sent["date"] - pd.Timestamp("2024-01-01")).dt.days.to_numpy()
    when = pd.factorize(sent["customer_id"])[0] * 10_000 + day
    recent = np.searchsorted(when, when) - np.searchsorted(when, when - 28)
    design = np.column_stack([recent] + [(sent["channel"] == name) * 1.0 for name in CHANNELS[1:]])
    responded = sent["responded"].to_numpy(dtype=float)
    fit = PoissonRegressor(alpha=0, max_iter=1_000, tol=1e-7).fit(design, responded)
    expected = fit.predict(design)
    design = np.column_stack([np.ones(len(design)), design])
    bread = np.linalg.inv(design.T @ (design * expected[:, None]))
    meat = design.T @ (design * ((responded - expected) ** 2)[:, None])
    return -fit.coef_[0], np.sqrt((bread @ meat @ bread)[1, 1])


def test_fatigue_is_recovered_within_its_interval():
    inside = []
    for seed in range(6):
        found, error = fatigue(simulate(n=2_000, seed=seed))
        inside.append(abs(found - 0.25) < 1.96 * error)
    assert sum(inside) >= 5


def test_without_fatigue_none_is_found():
    inside = []
    for seed in range(6):
        found, error = fatigue(simulate(n=2_000, seed=seed, fatigue=False))
        inside.append(abs(found) < 1.96 * error)
    assert sum(inside) >= 5


def test_preferred_channels_show_in_responses_and_own_choices(shop):
    contacts = owned(shop, "interactions")
    table = pd.crosstab(contacts["customer_id"], [contacts["direction"], contacts["channel"]])
    many = table.sum(axis=1) >= 10
    outbound = contacts.query("direction == 'outbound'")
    responses = pd.crosstab(outbound["customer_id"], outbound["channel"], outbound["responded"], aggfunc="sum")
    responses = responses.reindex(index=table.index, columns=CHANNELS).fillna(0)
    rate = (responses + 0.9) / (table["outbound"].reindex(columns=CHANNELS) + 5)
    chosen = (table["inbound"].reindex(columns=CHANNELS) + 0.5).div(table["inbound"].sum(axis=1) + 2.5, axis=0)
    guess = (rate * chosen)[many].idxmax(axis=1)
    planted = shop.truth["people"].set_index("customer_id")["preferred_channel"].reindex(guess.index)
    assert many.sum() > 300
    assert (guess == planted).mean() > 0.75


def test_nobody_is_contacted_on_a_channel_without_consent(shop):
    people = shop.truth["people"].set_index("customer_id")
    sent = owned(shop, "interactions").query("direction == 'outbound' and channel != 'in_person'")
    for channel, contacts in sent.groupby("channel"):
        assert people[f"consent_{channel}"].reindex(contacts["customer_id"]).all()


def test_the_most_recent_statement_on_consent_holds(shop):
    said = owned(shop, "source_records").sort_values(["updated", "record_id"])
    people = shop.truth["people"].set_index("customer_id")
    for channel in ("email", "social", "phone", "web_chat"):
        column = f"consent_{channel}"
        latest = said.dropna(subset=[column]).groupby("customer_id_y")[column].last()
        in_force = people[column]
        assert (in_force.reindex(latest.index) == (latest == "yes")).all()
        assert not in_force.drop(latest.index).any()

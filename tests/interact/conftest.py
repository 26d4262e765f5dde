"""The sample of Meridian with perfect links, so that tests judge the interact stage and not the linking before it."""

from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from idic_lab import datasets, meridian
from idic_lab.interact import channels
from idic_lab.tables import CHANNELS, CONSENT_CHANNELS


@pytest.fixture(autouse=True)
def close_figures():
    mpl.use("Agg")
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def shop():
    tables, truth = datasets.load("meridian", quiet=True).tables, meridian.truth()
    people = truth["people"].set_index("customer_id")
    said = [f"consent_{channel}" for channel in CONSENT_CHANNELS]
    consents = people[said].set_axis(CONSENT_CHANNELS, axis=1).assign(in_person=True)[list(CHANNELS)]
    consents = consents.melt(ignore_index=False, var_name="channel", value_name="allowed").reset_index()
    consents = consents.astype({"customer_id": "str", "channel": "str", "allowed": bool})
    segments = pd.DataFrame(
        {"customer_id": people.index, "scheme": "needs", "segment": people["need_segment"].to_numpy()}
    ).astype("str")
    return SimpleNamespace(
        tables=tables, truth=truth, people=people, links=truth["record_owners"], consents=consents, segments=segments
    )


@pytest.fixture(scope="session")
def contacts(shop):
    return channels.outbound_contacts(shop.tables["interactions"], shop.links)


@pytest.fixture(scope="session")
def preferences(shop):
    return channels.channel_preferences(shop.tables["interactions"], shop.links, shop.consents, shop.segments)

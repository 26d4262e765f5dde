"""Care: a year of greetings, for birthdays, anniversaries and holidays, to those who allow it."""

from collections.abc import Mapping

import pandas as pd

from idic_lab import tables
from idic_lab.dataframes import allowing
from idic_lab.errors import DataError

# In a shop one cannot greet on a given day: the customer has to come.
REMOTE_CHANNELS = ("email", "social", "phone", "web_chat")
GREETING, WITH_OFFER = "greeting", "greeting with an exclusive offer"
HOLIDAYS = {"New Year": "01-01"}


def greetings(
    preferences: pd.DataFrame,
    contacts: pd.DataFrame | None = None,
    customers: pd.DataFrame | None = None,
    holidays: Mapping[str, str] = HOLIDAYS,
    favoured=(),
) -> pd.DataFrame:
    """Whom to greet on which day of the year, and how: the table ``greetings``.

    Parameters:
        preferences: The table ``channel_preferences``. Each customer is greeted on the allowed channel they most probably
            prefer; without an allowed one, not at all.
        contacts: ``customer_id``, ``birth_date``, of which only month and day are used; of 29 February, 28 February.
        customers: ``customer_id``, ``first_order``, for anniversaries of the first order.
        holidays: Day (MM-DD) by name; everybody who can be greeted is.
        favoured (collection of customer ids): Their birthdays and anniversaries come with an exclusive offer.

    >>> preferences = pd.DataFrame({"customer_id": ["ann", "ann", "bob"], "channel": ["email", "phone", "email"],
    ...     "preference": [0.3, 0.6, 0.9], "allowed": [True, True, False]})
    >>> born = pd.DataFrame({"customer_id": ["ann", "bob"], "birth_date": pd.to_datetime(["1980-02-29", "1990-07-01"])})
    >>> greetings(preferences, born, holidays={}).to_dict("records")
    [{'customer_id': 'ann', 'day': '02-28', 'occasion': 'birthday', 'channel': 'phone', 'gesture': 'greeting'}]
    """
    for name, day in holidays.items():
        if pd.isna(pd.to_datetime(f"2001-{day}", format="%Y-%m-%d", errors="coerce")):
            raise DataError(f"Holiday '{name}' should be a month and day as MM-DD, found {day!r}.")
    usable = allowing(preferences)
    usable = usable[usable["channel"].isin(REMOTE_CHANNELS)]
    best = usable.sort_values("preference", ascending=False, kind="stable").drop_duplicates("customer_id")
    channel = best.set_index("customer_id")["channel"]
    dated = (contacts, "birth_date", "birthday"), (customers, "first_order", "anniversary")
    parts = [_days(*told) for told in dated if told[0] is not None]
    everyone = pd.DataFrame({"customer_id": pd.Series(channel.index, dtype="str"), "occasion": "holiday"})
    parts += [everyone.assign(day=day) for day in dict.fromkeys(holidays.values())]
    if not parts:
        return tables.get("greetings").empty()
    table = pd.concat(parts, ignore_index=True)[["customer_id", "day", "occasion"]]
    table = table[table["customer_id"].isin(channel.index)]
    table["channel"] = table["customer_id"].map(channel)
    special = table["customer_id"].isin(list(favoured)) & table["occasion"].ne("holiday")
    table["gesture"] = special.map({True: WITH_OFFER, False: GREETING})
    table = table.sort_values(["day", "occasion", "customer_id"], ignore_index=True)
    return table.astype(dict.fromkeys(table.columns, "str"))


def _days(people: pd.DataFrame, column: str, occasion: str) -> pd.DataFrame:
    known = people.loc[people[column].notna(), ["customer_id", column]].drop_duplicates("customer_id")
    day = known[column].dt.strftime("%m-%d").replace("02-29", "02-28")
    return pd.DataFrame({"customer_id": known["customer_id"], "day": day, "occasion": occasion})

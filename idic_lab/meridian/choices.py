"""Two interviews by choice: which case at which price, and which statement describes best and least; by planted part-worths."""

from functools import cache

import numpy as np
import pandas as pd

from idic_lab.meridian import draws, opinions, products, trials
from idic_lab.meridian.draws import choose
from idic_lab.meridian.people import PANEL, Records
from idic_lab.meridian.settings import SEGMENTS, Settings

CASE, STATEMENTS = "CASE", "BEST-WORST"
VERSIONS = 8  # of the interviews, which show other things
TASKS, CASES = 8, 3  # choices among so many cases, or none of them
IN_SET = 4  # statements shown together; each is shown twice
SURCHARGES = np.array([0.0, 10.0, 25.0, 40.0, 60.0])  # on the price of the plain case
OF_A_MARK, OF_SIZE, OUTSIDE = 1.0, {"medium": 0.5, "large": 0.9}, -0.5  # log odds; of none, against the plain case
LESS_SENSITIVE = 4.0  # to a unit of the price of a case than to one of the delivery pass
ANSWERS = 0.5  # of the survey panel


@cache
def _case() -> pd.DataFrame:
    options = products.option_table()
    return options[options["product_id"] == options["product_id"].iloc[0]].set_index("option_id")


def part_worths(settings: Settings) -> pd.DataFrame:
    """What each option, a unit of price, no case, and each statement add to the log odds of being chosen, by need segment."""
    case, marks = _case(), pd.DataFrame([marks for _, *marks in opinions.BATTERY], opinions.QUESTIONS, dtype=float)
    wanted = OF_A_MARK * marks.reindex(case["serves"]).fillna(0.0).set_axis(case.index)
    wanted = wanted.add(case["option"].map(OF_SIZE).fillna(0.0), axis=0)
    wanted -= wanted.groupby(case["module"]).transform("first")
    wanted.loc["price"], wanted.loc["none"] = -trials.SLOPES / LESS_SENSITIVE, OUTSIDE
    said = opinions.item_probabilities(settings)
    table = wanted.T.join(pd.DataFrame(np.log(said / (1 - said)), columns=opinions.QUESTIONS)).set_axis(list(SEGMENTS))
    if not settings.segments:
        table = pd.DataFrame([opinions.SHARES @ table], ["none"], table.columns)
    return settings.choices * table.rename_axis("segment")


def part_worth_truth(settings: Settings) -> pd.DataFrame:
    """The truth table part_worths, with what options are worth in money."""
    wide = part_worths(settings)
    table = wide.melt(var_name="item", value_name="part_worth", ignore_index=False).reset_index()
    price = table["segment"].map(wide["price"]).where(table["item"].isin(_case().index) & (settings.choices > 0))
    return table.assign(worth=-table["part_worth"] / price).astype({"segment": "str", "item": "str"}).round(6)


@cache
def interview() -> pd.DataFrame:
    """The table choice_sets: what the versions of both interviews show."""
    rng, case, rows = np.random.default_rng(124), _case(), []
    plain = products.product_table().set_index("product_id").loc[case["product_id"].iloc[0], "list_price"]
    options, not_with = list(case.groupby("module").groups.values()), case["not_with"].dropna().to_dict()
    for version in range(1, VERSIONS + 1):
        for task in range(1, TASKS + 1):
            shown: dict[str, None] = {}
            while len(shown) < CASES:
                one = [each[rng.choice(len(each), 1, replace=False)[0]] for each in options]
                if not {not_with.get(option) for option in one} & set(one):
                    shown[" + ".join(sorted(one))] = None
            named, price = (f"C{version}{task:02d}", CASE), plain + rng.choice(SURCHARGES, CASES)
            rows += [(*named, *told) for told in zip("abc", shown, price, strict=True)] + [(*named, "none", None, None)]
        for place, question in enumerate(rng.permuted([opinions.QUESTIONS] * 2, axis=1).ravel()):
            number, letter = divmod(place, IN_SET)
            rows.append((f"B{version}{number + 1:02d}", STATEMENTS, "abcd"[letter], question, None))
    columns = ["set_id", "survey_id", "alternative", "shows", "price"]
    return pd.DataFrame(rows, columns=columns).astype({**dict.fromkeys(columns[:-1], "str"), "price": "float64"})


def draw_choices(rng: np.random.Generator, records: Records, segment: np.ndarray, settings: Settings) -> pd.DataFrame:
    """The table choices: what half of the survey panel chose, everything on one day, each in one version of both interviews."""
    rows, sets, worths = records.by_touchpoint[:, PANEL], interview(), part_worths(settings)
    people = np.flatnonzero((rows >= 0) & (rng.random(len(rows)) < ANSWERS))
    version, created = rng.integers(1, VERSIONS + 1, len(people)), records.created[rows[people]]
    day = created + (rng.random(len(people)) * (draws.DAYS - created)).astype(int)
    shown = sets["shows"].fillna("none").str.get_dummies(" + ")
    shown["price"] = (sets["price"] - sets["price"].min()).fillna(0.0)
    value, parts = shown.to_numpy(float) @ worths[list(shown)].to_numpy().T, []
    for name, survey in sets.groupby("set_id")["survey_id"]:
        mine, part = np.flatnonzero(version == int(name[1])), survey.index.to_numpy()
        felt = value[part][:, segment[people[mine]]]
        best, worst = (felt + rng.gumbel(size=felt.shape)).argmax(axis=0), np.full(len(mine), -1)
        if survey.iloc[0] == STATEMENTS:
            felt[best, np.arange(len(mine))] = np.inf
            worst = part[(rng.gumbel(size=felt.shape) - felt).argmax(axis=0)]
        parts.append((mine, part[best], worst))
    mine, best, worst = map(np.concatenate, zip(*parts, strict=True))  # the last two as rows of the sets
    told = {"record_id": records.record_id.take(rows[people[mine]]), "date": draws.days_to_dates(day[mine])}
    told |= {"set_id": choose(sets["set_id"], best), "best": choose(sets["alternative"], best)}
    table = pd.DataFrame(told | {"worst": choose(sets["alternative"], worst)})
    return table.sort_values(["record_id", "set_id"], ignore_index=True)

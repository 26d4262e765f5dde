"""The game: plans held to the rules, quarter after quarter, and how they stand beside other plans and other fortunes."""

import copy
import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.special import stdtrit

from idic_lab.errors import DataError, LabError, pick
from idic_lab.meridian import draws, policies, quarters
from idic_lab.meridian.policies import View
from idic_lab.meridian.quarters import ACTIONS, CONTACTS, MOST_CONTACTS, QUARTERS, Plan, State
from idic_lab.meridian.settings import PEOPLE, SEED, settings
from idic_lab.meridian.simulation import Tables, constant_tables, drawn_blocks, joined
from idic_lab.tables import CHANNELS, read_contracts

CONTRACTS = read_contracts(Path(__file__).with_name("shop_tables.toml"))
BUDGET_PER_HEAD = 3.125  # currency a quarter: 25,000 a year for 2,000 people
CALLS_PER_HEAD = 0.1  # conversations on the telephone that the firm can hold in a quarter
_CHANNELLED, _AMOUNTS = [ACTIONS[action] for action in CONTACTS], ("offer", "price")
_REPEATED = ("message", "question", "product")  # all else happens to a customer once in a quarter
_MOST_ROWS = MOST_CONTACTS + 3  # per customer


def as_plan(made: pd.DataFrame, ids: pd.Index, budget: float, calls: int) -> Plan:
    """A table of actions as numbers, checked; people are rows of `ids`.

    Raises:
        DataError: For a plan that the firm cannot carry out, with the first thing that stands in the way.

    >>> plan = as_plan(policies.actions(["C2"], "offer", "email", amount=6.0), pd.Index(["C1", "C2"]), 10.0, 1)
    >>> plan.person.tolist(), plan.amount.tolist()
    ([1], [6.0])
    """
    if len(made) > _MOST_ROWS * len(ids):
        raise DataError(
            f"A plan has at most {_MOST_ROWS * len(ids):,} rows here, {_MOST_ROWS} for each customer; found {len(made):,}."
        )
    odd = [str(name) for name in made.columns if name not in policies.COLUMNS]
    if odd:
        raise DataError(
            f"A plan has the columns {', '.join(policies.COLUMNS)}; found {', '.join(odd)} too. It is for the quarter that "
            "begins now and for nothing else."
        )
    if not len(made):
        return Plan.nothing()
    made = _typed(made)
    CONTRACTS["actions"].check(made, "the plan")
    if not np.isfinite(made["amount"].fillna(0)).all():
        raise DataError("An amount of the plan is infinite.")
    person = ids.get_indexer(made["customer_id"])
    if (unknown := person < 0).any():
        raise DataError(
            f"{unknown.sum():,} rows name no customer of this shop, first {made['customer_id'][unknown].iloc[0]!r}; customers "
            f"are named as in transactions, such as {ids[0]!r}."
        )
    for column, takes in {"channel": _CHANNELLED, "detail": policies.DETAILS, "amount": _AMOUNTS}.items():
        wanted, given = made["action"].isin(list(takes)), made[column].notna()
        for rows, verb in ((wanted & ~given, "needs a"), (~wanted & given, "takes no")):
            if rows.any():
                first, n = made[rows].iloc[0], "n" if verb == "needs a" and column == "amount" else ""
                raise DataError(
                    f"The action {first['action']!r} {verb}{n} {column}; see customer {first['customer_id']!r}."
                )
    detail = np.full(len(made), -1)
    for action, names in policies.DETAILS.items():
        rows = (made["action"] == action).to_numpy()
        for name in made.loc[rows, "detail"].unique():
            pick(f"detail of the action {action!r}", name, names)
        detail[rows] = pd.Index(names).get_indexer(made.loc[rows, "detail"])
    kind, channel = pd.Index(ACTIONS).get_indexer(made["action"]), pd.Index(CHANNELS).get_indexer(made["channel"])
    once = made[~made["action"].isin(_REPEATED)]
    twice = once[once.duplicated(["customer_id", "action"])]
    if len(twice):
        raise DataError(
            f"Customer {twice['customer_id'].iloc[0]!r} has the action {twice['action'].iloc[0]!r} twice; once a quarter is what a firm can do."
        )
    many = np.bincount(person[channel >= 0], minlength=1)
    if many.max() > MOST_CONTACTS:
        raise DataError(
            f"Customer {ids[int(many.argmax())]!r} would be contacted {many.max()} times; once a week, {MOST_CONTACTS} times a quarter, is the most."
        )
    if (on_phone := int((channel == CHANNELS.index("phone")).sum())) > calls:
        raise DataError(
            f"The plan holds {on_phone:,} conversations on the telephone; the firm can hold {calls:,} in a quarter."
        )
    if (cost := float(policies.cost(made).sum())) > budget + 1e-6:
        raise DataError(f"The plan costs {cost:,.2f}; the budget of the quarter is {budget:,.2f}.")
    return Plan(person, kind, channel, detail, made["amount"].to_numpy(np.float64))


def _typed(made: pd.DataFrame) -> pd.DataFrame:
    """The plan with the types of its contract where nothing but an empty column stands in the way."""
    made = made.reset_index(drop=True).copy()
    for name, column in CONTRACTS["actions"].columns.items():
        if name not in made and column.nullable:
            made[name] = None
        if name in made and made[name].isna().all():
            made[name] = made[name].astype("float64" if column.type == "number" else "str")
        elif name in made and column.type == "number" and pd.api.types.is_numeric_dtype(made[name]):
            made[name] = made[name].astype("float64")
        elif name in made and column.type == "text" and pd.api.types.is_string_dtype(made[name].dropna()):
            made[name] = made[name].astype("str")
    return made


class World:
    """The shop itself, with everything that is planted; :class:`Shop` is what one acts on."""

    def __init__(
        self, n: int = PEOPLE, seed: int = SEED, difficulty="default", world="friendly", luck: int = 0, **switches
    ):
        self.n, self.seed, self.luck, self.only_books = n, seed, luck, False
        self.first = Counter()
        self.states, self.tables = [], {}
        chosen = settings(difficulty, world, **switches)
        for number, (block, seen, _) in enumerate(drawn_blocks(n, seed, chosen, self.first)):
            self.states.append(State.after(block, number))
            self._add(seen)
        self._add(constant_tables(seed, chosen))
        self.ids = pd.Index(np.concatenate([state.block.people.customer_id for state in self.states]))
        self.number, self.cash, self.began_worth = 0, np.zeros(n), self.worth_of_each().sum()
        self.played: list[tuple[int, list[State], pd.DataFrame]] = []
        self.chances: dict[tuple[int, int], quarters.Chances] = {}  # by quarter and block: drawn once for all games

    def again(self, luck: int = 0) -> "World":
        """The same customers at the beginning of the game, which nothing may have been done to, with a fortune of their own."""
        made = copy.copy(self)
        made.luck, made.first, made.cash = luck, Counter(self.first), np.zeros(self.n)
        made.states, made.tables, made.played = list(self.states), dict(self.tables), []
        made.chances = self.chances if luck == self.luck else {}
        return made

    def _add(self, seen: Tables) -> None:
        self.tables = joined([self.tables, seen])

    def worth_of_each(self) -> np.ndarray:
        """What each customer is still worth, by what is planted, if nobody does anything more."""
        return np.concatenate([state.equity() for state in self.states])

    @property
    def view(self) -> View:
        """What the firm sees."""
        return View(self.tables, self.number + 1, BUDGET_PER_HEAD * self.n, int(CALLS_PER_HEAD * self.n))

    def next(self, made: pd.DataFrame | None = None) -> Tables:
        """One quarter under a plan; its tables."""
        if self.number >= QUARTERS:
            raise DataError(f"The game has {QUARTERS} quarters, and they are over.")
        made = policies.actions() if made is None else made
        plan = as_plan(made, self.ids, self.view.budget, self.view.calls)
        self.played.append((self.number, self.states, made))
        return self.carry_out(plan)

    def carry_out(self, plan: Plan) -> Tables:
        """The same under a plan that was checked before."""
        played = []
        for state, begin in self._blocks():
            key = self.number, state.number
            if key not in self.chances:
                self.chances[key] = quarters.draw_chances(state, self.number, self.seed, self.luck)
            part = plan.where((plan.person >= begin) & (plan.person < begin + len(state)))
            part.person = part.person - begin
            played.append(quarters.play(state, part, self.chances[key], self.first, self.only_books))
        self.states = [quarter.state for quarter in played]
        seen = joined([quarter.tables for quarter in played])
        if not self.only_books:
            costs = seen.pop("costs").groupby("activity", sort=False, as_index=False).sum()
            self._settle_complaints(plan)
            self._add(seen)
            seen["costs"] = costs
        self.cash += np.concatenate([quarter.cash for quarter in played])
        self.number += 1
        return seen

    def _settle_complaints(self, plan: Plan) -> None:
        """Date the answers to open complaints."""
        answered = self.ids[plan.of(quarters.COMPLAINT).person]
        if not len(answered):
            return
        owners = np.concatenate([self.ids[begin + state.block.records.person] for state, begin in self._blocks()])
        records = np.concatenate([state.block.records.record_id for state in self.states])
        mine = records[np.isin(owners, answered)]
        said = self.tables["interactions"]
        rows = said["purpose"].eq("complaint") & said["resolved_on"].isna() & said["record_id"].isin(mine)
        day = draws.days_to_dates(np.array([draws.DAYS + quarters.DAYS * self.number]))[0]
        self.tables["interactions"] = said.assign(resolved_on=said["resolved_on"].mask(rows, day))

    def _blocks(self):
        begins = np.cumsum([0, *[len(state) for state in self.states]])
        return zip(self.states, begins[:-1], strict=True)

    def oracle(self) -> pd.DataFrame:
        """The plan of somebody who knew what is planted."""
        begin = draws.DAYS + quarters.DAYS * self.number
        return policies.oracle(self.states, begin, self.view.budget, self.view.calls)

    def hindsight(self) -> pd.DataFrame:
        """What one should have known of each kind of action, when the game is over.

        Returns:
            DataFrame: ``action``, ``times``, ``still_customers`` (share of them done for somebody who had not left) and
                ``worth_it`` (share done for somebody for whom the best form of the action would have paid on average,
                by what is planted).
        Raises:
            DataError: While the game goes on: nobody sees the truth before the end.
        """
        if self.number < QUARTERS:
            raise DataError(
                f"What one should have known is told after quarter {QUARTERS}; this is quarter {self.number + 1}."
            )
        rows = []
        for number, states, made in self.played:
            alive = pd.Series(np.concatenate([state.alive for state in states]), index=self.ids)
            begin = draws.DAYS + quarters.DAYS * number
            worth = pd.concat([policies.worth_doing(state, begin) for state in states])
            worth = worth.groupby(["customer_id", "action"])["gain"].max().gt(0)
            kind = pd.Index(ACTIONS).get_indexer(made["action"])
            paid = worth.reindex(pd.MultiIndex.from_arrays([made["customer_id"], kind])).fillna(False).to_numpy()
            here = made["customer_id"].map(alive).to_numpy()
            rows.append(made[["action"]].assign(times=1.0, still_customers=here, worth_it=paid))
        numbers = dict.fromkeys(("still_customers", "worth_it"), float)
        by_action = pd.concat(rows, ignore_index=True).astype(numbers).groupby("action", as_index=False)
        return by_action.agg({"times": "size", "still_customers": "mean", "worth_it": "mean"})

    def score(self) -> dict:
        """Cash since the beginning plus the change of true customer equity."""
        change, cash = float(self.worth_of_each().sum() - self.began_worth), float(self.cash.sum())
        return {"quarters": self.number, "cash": cash, "equity_change": change, "score": cash + change}


def played(
    policy: Callable[[View], pd.DataFrame] | str,
    n: int = PEOPLE,
    seed: int = SEED,
    n_quarters: int = QUARTERS,
    world: World | None = None,
) -> World:
    """A world in which a policy has decided every quarter; "oracle" names the one that knows what is planted.

    >>> game = played(policies.nobody, n=200, seed=1, n_quarters=2)
    >>> game.score()["quarters"]
    2
    """
    world = World(n, seed) if world is None else world
    world.only_books = policy == "oracle"  # it looks into no table
    for _ in range(n_quarters):
        world.next(world.oracle() if policy == "oracle" else policy(world.view))
    return world


def replayed(games: Iterable[list[pd.DataFrame]], world: World, fortunes: Iterable[int]) -> list[pd.DataFrame]:
    """What a world scores that begins anew under the plans of each game, one row a fortune; 0 is the game itself."""
    view = world.view
    ready = [[as_plan(plan, world.ids, view.budget, view.calls) for plan in plans] for plans in games]
    scores = [[] for _ in ready]
    for luck in fortunes:
        begun = world.again(luck)
        for plans, found in zip(ready, scores, strict=True):
            made = begun.again(luck)
            made.only_books = True
            for plan in plans:
                made.carry_out(plan)
            found.append(made.score())
    return [pd.DataFrame(found) for found in scores]


def standing(plans: list[pd.DataFrame], begun: World, n_fortunes: int = 20, confidence: float = 0.95) -> pd.DataFrame:
    """How plans did beside leaving everybody alone and the reference policies, in the same quarters; skill and luck apart.

    The same plans are carried out on the same customers with other fortunes: what differs from one to the next is luck, and
    the mean is what the plans are worth.

    Returns:
        DataFrame: ``policy``, ``cash``, ``equity_change`` and ``score`` in currency; for "your plans" also ``gain``,
            the mean gain over leaving everybody alone, ``low`` and ``high``, its interval over the fortunes, and
            ``of_possible``, the gain of the game itself as a share of the oracle's.
    """
    nothing = [policies.actions()] * len(plans)
    mine, alone = replayed([plans, nothing], begun, range(n_fortunes + 1))
    rows = [{"policy": "your plans", **mine.iloc[0]}, {"policy": "nobody", **alone.iloc[0]}]
    for name in (*policies.POLICIES, "oracle"):
        if name == "nobody":
            continue
        game = played(policies.POLICIES.get(name, name), n_quarters=len(plans), world=begun.again())
        rows.append({"policy": name, **game.score()})
    table = pd.DataFrame(rows).drop(columns="quarters")
    gains = (mine["score"] - alone["score"]).to_numpy()[1:]
    mean = gains.mean()
    half = stdtrit(n_fortunes - 1, (1 + confidence) / 2) * gains.std(ddof=1) / np.sqrt(n_fortunes)
    score = table.set_index("policy")["score"]
    of_possible = (score["your plans"] - score["nobody"]) / (score["oracle"] - score["nobody"])
    told = {"gain": mean, "low": mean - half, "high": mean + half, "of_possible": of_possible}
    for name, value in told.items():
        table[name] = np.where(table["policy"] == "your plans", value, np.nan)
    return table.sort_values("score", ascending=False, ignore_index=True)


def read_plans(folder: Path) -> list[pd.DataFrame]:
    """The plans that a game has kept, in order, up to the first that is missing.

    Raises:
        DataError: When a file is not a table.
    """
    plans = []
    for number in range(1, QUARTERS + 1):
        file = folder / f"quarter_{number}.parquet"
        if not file.exists():
            break
        try:
            plans.append(pd.read_parquet(file))
        except (pa.ArrowInvalid, OSError) as error:
            raise DataError(f"{file} is not a table of actions: {error}") from None
    return plans


def league(folder: Path, n_fortunes: int = 5) -> pd.DataFrame:
    """The games of a class, one in each folder of `folder`, played again from their plans and ranked.

    Returns:
        DataFrame: ``player``, ``quarters``, ``score`` in currency, ``gain`` over leaving everybody alone (mean over
            other fortunes), and ``of_possible``, that gain as a share of what somebody gains who knows what is planted,
            which makes games on different customers and difficulties comparable; ``note`` says why a game could not be
            played again.
    Raises:
        DataError: When no folder holds a game.
    """
    games = sorted(file.parent for file in Path(folder).glob("*/game.json"))
    if not games:
        raise DataError(f"No folder in {str(folder)!r} holds a game: there is no */game.json.")
    rows, known = [], {}
    for place in games:
        row = {"player": place.name, "note": ""}
        try:
            told = json.loads((place / "game.json").read_text(encoding="utf-8"))
            plans = read_plans(place)
            key = (json.dumps(told, sort_keys=True), len(plans))
            if key not in known:
                begun = World(**told)
                (alone,) = replayed([[policies.actions()] * len(plans)], begun, range(n_fortunes + 1))
                best = played("oracle", n_quarters=len(plans), world=begun.again()).score()["score"]
                known[key] = begun, alone["score"], best - alone["score"][0]
            begun, alone, possible = known[key]
            scores = replayed([plans], begun, range(n_fortunes + 1))[0]["score"]
            gain = (scores - alone).to_numpy()[1:].mean()
            share = gain / possible if plans else 0.0
            row |= {"quarters": len(plans), "score": scores[0], "gain": gain, "of_possible": share}
        except (LabError, TypeError, ValueError) as error:
            row["note"] = f"not counted: {error}"
        rows.append(row)
    order = ["player", "quarters", "score", "gain", "of_possible", "note"]
    return pd.DataFrame(rows).reindex(columns=order).sort_values("of_possible", ascending=False, ignore_index=True)

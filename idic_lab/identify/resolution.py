"""From records to people: joined one link at a time, the surest first; what is doubtful goes to a person."""

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from idic_lab import tables
from idic_lab.errors import DataError
from idic_lab.identify.linking_model import COMPARISONS, estimate, score
from idic_lab.identify.standardising import MOST_SURNAMES, standardise

NUMBER, MODEL, SINGLE = "number", "model", "single"
TWO_NUMBERS, TWO_PEOPLE, DOUBTFUL = "two customer numbers", "records that contradict each other", "doubtful"
THRESHOLD = 0.8


def merges(prepared: pd.DataFrame, pairs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join records into people, the most probable pair first.

    Records with one customer number are joined before anything else. After that each pair, in order of probability,
    joins the groups its two records are in, unless somewhere in the two groups

    - there are two customer numbers: the organisation has dealt with two customers, and joining their accounts is for
      a person to decide; or
    - two records contradict each other: first name and date of birth both differ, or one of them does and no e-mail
      address agrees. This keeps apart twins, spouses, father and son, whom everything else about a household brings
      together, an e-mail address they share included.

    The same merges serve every threshold: a higher one takes fewer of them.

    Returns:
        made (DataFrame): One row per joining of two groups, in order: record_a, record_b, probability, method ("number"
            or "model").
        refused (DataFrame): Pairs whose groups were not joined: record_a, record_b, probability, reason.

    >>> records = pd.DataFrame({"record_id": list("ab"), "touchpoint": "app", "customer_id": ["7", "7"],
    ...     "first_name": "Ada", "last_name": "Example", "email": None, "phone": None}).astype("str")
    >>> made, refused = merges(standardise(records), resolve(records).pairs)
    >>> made["method"].tolist(), len(refused)
    (['number'], 0)
    """
    ids = prepared["record_id"].to_numpy(dtype=object)
    row = pd.Series(np.arange(len(ids)), index=ids)
    number = pd.factorize(prepared["number"])[0]
    order = np.argsort(number, kind="stable")
    of_one = (number[order][1:] == number[order][:-1]) & (number[order][1:] >= 0)
    same = zip(order[:-1][of_one].tolist(), order[1:][of_one].tolist(), strict=True)  # neighbours with one number
    left, right = row.loc[pairs["record_a"]].to_numpy(), row.loc[pairs["record_b"]].to_numpy()
    # First name or date of birth speak against a pair and no e-mail address for it; no two members of one household
    # agree in both.
    against = ((pairs["first_name"] < 0) | (pairs["birth_date"] < 0)) & (pairs["email"] <= 0)
    against = against.to_numpy() | _two_people(prepared, left, right)
    groups = _Groups(number, left[against], right[against])
    made = [(a, b, 1.0, NUMBER) for a, b in same if groups.join(a, b) is None]
    refused = []
    probability = pairs["probability"].to_numpy()
    sure = (((pairs["first_name"] > 0) & (pairs["birth_date"] > 0)).to_numpy() & ~against).tolist()
    for a, b, chance, certain in zip(left.tolist(), right.tolist(), probability.tolist(), sure, strict=True):
        why = groups.join(a, b, certain)
        if why is None:
            made.append((a, b, chance, MODEL))
        elif why:
            refused.append((a, b, chance, why))
    return _named(made, ids, "method"), _named(refused, ids, "reason")


def _two_people(prepared: pd.DataFrame, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Pairs written differently in first name and in date of birth, whatever the two records share besides."""
    first, last, forms, born, swapped = (
        prepared[name].to_numpy(dtype=object)
        for name in ("first_name", "last_name", "first_forms", "birth_date", "birth_swapped")
    )
    known = pd.notna(first[left]) & pd.notna(first[right]) & pd.notna(born[left]) & pd.notna(born[right])
    differ = known & (born[left] != born[right]) & (born[left] != swapped[right]) & (first[left] != first[right])
    differ &= (first[left] != last[right]) | (last[left] != first[right])  # the two names exchanged
    for at in np.flatnonzero(differ):
        differ[at] = first[right[at]] not in forms[left[at]]
    return differ


def links(prepared: pd.DataFrame, made: pd.DataFrame, threshold: float = THRESHOLD) -> pd.DataFrame:
    """Which customer each record belongs to: the table ``identity_links``.

    Parameters:
        made: As :func:`merges` returns it.
        threshold: Links less probable than this are not taken.
    Returns:
        DataFrame: One row per record, in the order of `prepared`: record_id, customer_id (the group's customer number,
            or "P-" and a code for people without one), touchpoint, probability (the weakest link on the strongest chain
            from the record to the one that carries the number, or to the group's first record; 1 for that one itself),
            method ("number": a customer number says so, "model": the linking model does, "single": nothing else is
            known).

    >>> records = pd.DataFrame({"record_id": list("ab"), "touchpoint": "app", "customer_id": ["7", "7"],
    ...     "first_name": "Ada", "last_name": "Example", "email": None, "phone": None}).astype("str")
    >>> links(standardise(records), resolve(records).merges)["customer_id"].tolist()
    ['7', '7']
    """
    from scipy.sparse import coo_array, csgraph

    ids = prepared["record_id"].to_numpy(dtype=object)
    row = pd.Series(np.arange(len(ids)), index=ids)
    taken = made[made["probability"] >= threshold]
    left, right = row.loc[taken["record_a"]].to_numpy(), row.loc[taken["record_b"]].to_numpy()
    graph = coo_array((np.ones(len(left)), (left, right)), shape=(len(ids), len(ids)))
    group = csgraph.connected_components(graph, directed=False)[1]
    number = prepared["number"].to_numpy(dtype=object)
    known = prepared["number"].notna().to_numpy()
    # A group is named by a record with a number, else by the first by record_id.
    order = np.lexsort((ids.astype(str), ~known, group))
    anchor = order[np.flatnonzero(np.diff(group[order], prepend=-1))]
    customer = np.array([number[a] if known[a] else pseudonym(ids[a]) for a in anchor], dtype=object)[group]
    size = np.bincount(group)[group]
    method = np.where(known, NUMBER, np.where(size > 1, MODEL, SINGLE))
    weakest = _weakest_links(len(ids), left, right, taken["probability"].to_numpy(), anchor)
    linked = {"record_id": ids, "customer_id": customer, "touchpoint": prepared["touchpoint"].to_numpy()}
    linked |= {"probability": np.where(known, 1.0, weakest), "method": method}
    return pd.DataFrame(linked).astype(dict.fromkeys(("record_id", "customer_id", "touchpoint", "method"), "str"))


def pseudonym(record_id: str) -> str:
    """The customer_id of somebody without a customer number: the same for the same record, and no name in it.

    >>> pseudonym("R0000001")
    'P-21ce6aa50b'
    """
    return "P-" + hashlib.sha256(str(record_id).encode()).hexdigest()[:10]


class _Groups:
    """Groups of records that grow by joining, and know what they may not be joined with."""

    def __init__(self, number: np.ndarray, left: np.ndarray, right: np.ndarray):
        self.parent = list(range(len(number)))
        self.number = number.tolist()  # -1: none
        self.size = [1] * len(number)
        self.enemies: defaultdict[int, set[int]] = defaultdict(set)
        for a, b in zip(left.tolist(), right.tolist(), strict=True):
            self.enemies[a].add(b)
            self.enemies[b].add(a)

    def find(self, record: int) -> int:
        parent = self.parent
        while parent[record] != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    def join(self, a: int, b: int, despite_enemies: bool = False) -> str | None:
        """Join two records' groups: None when done, "" when they were one already, else why not."""
        a, b = self.find(a), self.find(b)
        if a == b:
            return ""
        if self.number[a] >= 0 and self.number[b] >= 0 and self.number[a] != self.number[b]:
            return TWO_NUMBERS
        if b in self.enemies[a] and not despite_enemies:
            return TWO_PEOPLE
        if self.size[a] < self.size[b]:
            a, b = b, a
        self.parent[b] = a
        self.size[a] += self.size[b]
        self.number[a] = max(self.number[a], self.number[b])
        self.enemies[a].discard(b)
        for enemy in self.enemies.pop(b, set()) - {a}:
            self.enemies[enemy].discard(b)
            self.enemies[enemy].add(a)
            self.enemies[a].add(enemy)
        return None


def _named(rows: list[tuple], ids: np.ndarray, last: str) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["record_a", "record_b", "probability", last])
    for name in ("record_a", "record_b"):
        table[name] = ids[table[name].astype("int64")]
    return table.astype({"record_a": "str", "record_b": "str", "probability": "float64", last: "str"})


def _weakest_links(n: int, left, right, probability, anchor: np.ndarray) -> np.ndarray:
    """Weakest link on the way from each record to its group's anchor; the merges form a tree, so there is one way."""
    from scipy.sparse import coo_array, csgraph

    start = np.full(len(anchor), n)  # one point before all anchors, so that one walk reaches every group
    rows, columns = np.concatenate([left, start]), np.concatenate([right, anchor])
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(n + 1, n + 1)).tocsr()
    order, before = csgraph.breadth_first_order(graph, n, directed=False)
    strength = dict(zip(zip(left.tolist(), right.tolist(), strict=True), probability.tolist(), strict=True))
    weakest = np.ones(n + 1)
    for record in order[1:].tolist():
        step = int(before[record])
        if step != n:
            link = strength.get((step, record), strength.get((record, step)))
            weakest[record] = min(weakest[step], link)
    return weakest[:n]


DOUBT_FROM = 0.2


def review_queue(pairs: pd.DataFrame, refused: pd.DataFrame, links: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Pairs for a person to decide on: the table ``identity_review``.

    Three kinds come here: records that look like one person but lead to two customer numbers, records that are alike but
    contradict each other, and pairs whose probability is below the threshold and above 0.2 ("doubtful"). Two customers are
    asked about once, by their most probable pair. There are record numbers and no names, so it may be shown.

    >>> records = pd.DataFrame({"record_id": list("ab"), "touchpoint": "app", "customer_id": ["7", "7"],
    ...     "first_name": "Ada", "last_name": "Example", "email": None, "phone": None}).astype("str")
    >>> found = resolve(records)
    >>> review_queue(found.pairs, found.merges.rename(columns={"method": "reason"}), found.links, 0.8).empty
    True
    """
    found = pairs[pairs["probability"] >= DOUBT_FROM].merge(
        refused[["record_a", "record_b", "reason"]], on=["record_a", "record_b"], how="left"
    )
    customer = links.set_index("record_id")["customer_id"]
    for side in "ab":
        found[f"customer_{side}"] = found[f"record_{side}"].map(customer).astype("str")
    found = found[found["customer_a"] != found["customer_b"]]
    known = found["reason"].isin([TWO_NUMBERS, TWO_PEOPLE]) & (found["probability"] >= threshold)
    found["reason"] = found["reason"].where(known, DOUBTFUL).astype("str")
    both = [frozenset(pair) for pair in zip(found["customer_a"], found["customer_b"], strict=True)]
    found = found[~pd.Series(both, index=found.index, dtype=object).duplicated()]  # the most probable comes first
    columns = ["record_a", "record_b", "customer_a", "customer_b", "probability", "reason", *COMPARISONS]
    return found[columns].astype(dict.fromkeys(COMPARISONS, "float64")).reset_index(drop=True)


@dataclass(frozen=True)
class Resolution:
    """Who is who among the records, and how it was found out.

    Attributes:
        links, review: The tables ``identity_links`` and ``identity_review``.
        pairs, merges: As :func:`score` and :func:`merges` return them.
        model: The estimated model; None when there was nothing to learn from.
        notes: What a reader has to know.
    """

    links: pd.DataFrame
    review: pd.DataFrame
    pairs: pd.DataFrame
    merges: pd.DataFrame
    model: dict | None
    notes: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        people, records = self.links["customer_id"].nunique(), len(self.links)
        return f"Resolution({records:,} records of {people:,} people, {len(self.review):,} pairs to review)"


def resolve(
    source_records: pd.DataFrame,
    threshold: float = THRESHOLD,
    random_state: int = 1,
    tell: Callable[[str], None] | None = None,
    connect: Callable | None = None,
) -> Resolution:
    """Recognise the records that belong to one person.

    Parameters:
        source_records: As in the contract ``source_records``.
        threshold: Links less probable than this are not made; between 0 and 1.
        random_state: Of the sample from which agreement by chance is learnt. Same records and random_state, same
            result.
        tell: Receives one line per step, to show progress.
        connect: Returns a Splink database API to compute with; DuckDB in memory by default. For Spark: ``lambda:
            splink.SparkAPI(spark_session=session, break_lineage_method="persist")``.
    Raises:
        ContractError: When a column is missing or has the wrong type, or two records have one record_id.
        DataError: When the threshold is not a probability.

    Where there is nothing to learn from (few records, or no two that share an e-mail address, or a full name with date
    of birth or telephone), records are joined by customer number alone and `notes` says so.

    >>> records = pd.DataFrame({"record_id": list("ab"), "touchpoint": "app", "customer_id": ["7", "7"],
    ...     "first_name": "Ada", "last_name": "Example", "email": None, "phone": None}).astype("str")
    >>> resolve(records)
    Resolution(2 records of 1 people, 0 pairs to review)
    """
    if not 0 < threshold <= 1:
        raise DataError(f"The threshold is a probability above 0 and up to 1, found {threshold!r}.")
    tell = tell or (lambda line: None)
    tables.check("source_records", source_records)
    prepared = standardise(source_records)
    tell(f"{len(prepared):,} records standardised")
    notes: list[str] = []
    left_out = int(prepared["placeholder"].sum())
    if left_out:
        notes.append(
            f"In {left_out:,} records a customer number, e-mail address or telephone number that people of more than "
            f"{MOST_SURNAMES} surnames have given, or the number 0, is taken for a placeholder and not compared."
        )
    try:
        model = estimate(prepared, random_state=random_state, connect=connect)
        tell("linking model estimated")
        pairs = score(prepared, model, connect=connect)
        tell(f"{len(pairs):,} pairs scored")
    except DataError as error:
        kinds = {"record_a": "str", "record_b": "str"} | dict.fromkeys(("probability", *COMPARISONS), "float64")
        model, pairs = None, pd.DataFrame(columns=list(kinds)).astype(kinds)
        notes.append(f"Records were joined by customer number alone. {error}")
        tell(notes[-1])
    made, refused = merges(prepared, pairs)
    linked = links(prepared, made, threshold)
    tell(f"{linked['customer_id'].nunique():,} people found")
    return Resolution(linked, review_queue(pairs, refused, linked, threshold), pairs, made, model, notes)

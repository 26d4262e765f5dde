"""What answers say about a customer's need segment, and the question worth asking next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from idic_lab import figures, tables
from idic_lab.dataframes import of_customers
from idic_lab.errors import DataError, UnknownName
from idic_lab.inference.resampling import draws_of

SUREST_ANSWER = 0.98  # no share of yes estimated from a sample is taken to be nearer to 0 or 1 than this allows


def item_probabilities(need_profiles: pd.DataFrame) -> pd.DataFrame:
    """Probability of a yes, segments × questions, kept between 0.02 and 0.98: no single answer may rule a segment out.

    Parameters:
        need_profiles: ``segment``, ``question_id``, ``share``.

    >>> known = pd.DataFrame({"segment": ["price", "advice"], "question_id": "N01", "share": [1.0, 0.2]})
    >>> item_probabilities(known)["N01"].to_dict()
    {'advice': 0.2, 'price': 0.98}
    """
    table = need_profiles.set_index(["segment", "question_id"])["share"].unstack("question_id")  # noqa: PD010
    if table.isna().to_numpy().any():
        raise DataError("need_profiles: a segment lacks the share of a question that another segment has.")
    return table.clip(1 - SUREST_ANSWER, SUREST_ANSWER)


def items_from_answers(answers: pd.DataFrame, segments: pd.Series) -> pd.DataFrame:
    """As :func:`item_probabilities`, from answers (1 or 0) in known segments, one yes and one no added.

    >>> said = pd.DataFrame({"N01": [1, 1, 0]}, index=["ann", "bob", "cem"])
    >>> items_from_answers(said, pd.Series({"ann": "price", "bob": "price", "cem": "advice"})).round(2)["N01"].tolist()
    [0.33, 0.75]
    """
    groups = answers.groupby(segments.reindex(answers.index))
    return ((groups.sum() + 1) / (groups.count() + 2)).clip(1 - SUREST_ANSWER, SUREST_ANSWER)


def segment_shares(need_profiles: pd.DataFrame) -> pd.Series:
    """Size of each segment, summing to 1: what is believed of somebody who has not answered anything.

    >>> segment_shares(pd.DataFrame({"segment": ["price", "advice"], "share_of_customers": [0.6, 0.2]})).round(2).to_dict()
    {'advice': 0.25, 'price': 0.75}
    """
    sizes = need_profiles.groupby("segment")["share_of_customers"].first()
    return sizes / sizes.sum()


def starting_beliefs(customer_ids, shares: pd.Series, need_segments: pd.DataFrame | None = None) -> pd.DataFrame:
    """Belief in each segment before the first answer: the :func:`segment_shares`, where nothing is known of a customer.

    Parameters:
        need_segments: ``customer_id``, ``segment``, ``probability``, inferred from behaviour; the rest of the probability
            goes to the other segments by their size.

    >>> typed = pd.DataFrame({"customer_id": ["ann"], "segment": ["price"], "probability": [0.9]})
    >>> starting_beliefs(["ann", "bob"], pd.Series({"price": 0.5, "advice": 0.5}), typed).round(2).to_numpy().tolist()
    [[0.9, 0.1], [0.5, 0.5]]
    """
    ids = pd.Index(customer_ids, name="customer_id")
    beliefs = pd.DataFrame(np.tile(shares.to_numpy(float), (len(ids), 1)), index=ids, columns=shares.index)
    if need_segments is None:
        return beliefs
    known = need_segments.set_index("customer_id").reindex(ids)
    own = shares.index.to_numpy() == known["segment"].fillna("").to_numpy()[:, None]
    others = beliefs.to_numpy() * ~own
    total, chance = others.sum(axis=1, keepdims=True), known["probability"].to_numpy(float)[:, None]
    told = np.where(own, chance, others * (1 - chance) / np.where(total > 0, total, 1.0))
    told = np.where(total > 0, told, 1.0 * own)
    return beliefs.mask(own.any(axis=1)[:, None] & np.ones_like(own), told)


def updated_beliefs(beliefs: pd.DataFrame, items: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Beliefs after answers (1 = yes, 0 = no, missing = not asked), by Bayes' rule, independent given the segment.

    >>> beliefs = pd.DataFrame([[0.5, 0.5]], index=["ann"], columns=["price", "advice"])
    >>> items = pd.DataFrame({"I wait for the sales.": [0.9, 0.1]}, index=["price", "advice"])
    >>> said = pd.DataFrame({"I wait for the sales.": [1.0]}, index=["ann"])
    >>> updated_beliefs(beliefs, items, said).round(2).to_dict("records")
    [{'price': 0.9, 'advice': 0.1}]
    """
    unknown = [name for name in answers.columns if name not in items.columns]
    if unknown:
        raise UnknownName("question", unknown[0], items.columns)
    chance = items.loc[beliefs.columns, answers.columns].to_numpy()
    said = answers.reindex(beliefs.index).to_numpy(dtype=float)
    yes, no = np.nan_to_num(said == 1), np.nan_to_num(said == 0)
    score = np.log(np.maximum(beliefs.to_numpy(), 1e-300)) + yes @ np.log(chance).T + no @ np.log1p(-chance).T
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    return pd.DataFrame(weight / weight.sum(axis=1, keepdims=True), index=beliefs.index, columns=beliefs.columns)


def uncertainty(beliefs: np.ndarray) -> np.ndarray:
    """Entropy of each row of probabilities, in bits: 0 when sure, log2 of the number of segments when all are equal.

    >>> uncertainty(np.array([[0.25, 0.25, 0.25, 0.25], [1.0, 0.0, 0.0, 0.0]])).tolist()
    [2.0, 0.0]
    """
    return -(beliefs * np.log2(np.where(beliefs > 0, beliefs, 1.0))).sum(axis=-1) + 0.0


def expected_information(beliefs: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """How much each question is expected to tell about the segment, customers × questions, in bits.

    The uncertainty now, less the mean uncertainty after a yes and after a no: the mutual information between answer and
    segment. It is never negative, although a single answer may leave one less sure than before.

    Source: Lindley (1956), On a measure of the information provided by an experiment, Annals of Mathematical
    Statistics 27(4).

    >>> beliefs = pd.DataFrame([[0.5, 0.5]], index=["ann"], columns=["price", "advice"])
    >>> items = pd.DataFrame({"telling": [0.9, 0.1], "idle": [0.5, 0.5]}, index=["price", "advice"])
    >>> expected_information(beliefs, items).round(2).to_dict("records")
    [{'telling': 0.53, 'idle': 0.0}]
    """
    b, p = beliefs.to_numpy(), items.loc[beliefs.columns].to_numpy()
    # Information is symmetric: the uncertainty about the answer, less what is left of it once the segment is known.
    yes = b @ p
    answer = uncertainty(np.stack([yes, 1 - yes], axis=-1))
    given = b @ uncertainty(np.stack([p, 1 - p], axis=-1))
    return pd.DataFrame(np.maximum(answer - given, 0.0), index=beliefs.index, columns=items.columns)


CERTAINTY = 0.90


def next_question(beliefs: pd.DataFrame, items: pd.DataFrame, asked: Sequence[str] = ()) -> str | None:
    """The question that tells most about one customer, of those not asked; None when all are."""
    left = items.drop(columns=list(asked))
    return str(expected_information(beliefs, left).iloc[0].idxmax()) if left.size else None


def ask(
    answers: pd.DataFrame,
    items: pd.DataFrame,
    beliefs: pd.DataFrame,
    order: Sequence[str] | None = None,
    certainty: float = CERTAINTY,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put the questions to customers whose answers are on file, one at a time, and see when one would have been sure.

    Parameters:
        answers: 1 = yes, 0 = no; complete.
        order: The same order for everybody; without it, the most informative question for each customer next.
        certainty: Probability of the leading segment at which the questionnaire ends.
    Returns:
        outcome (DataFrame): ``customer_id``, ``questions`` (asked until sure; all when never sure), ``sure``,
            ``segment`` (the leading one at the end).
        path (DataFrame): ``questions`` (0, 1, ...), ``certainty`` (mean probability of the leading segment).

    >>> items = pd.DataFrame({"N01": [0.5, 0.5], "N02": [0.95, 0.05]}, index=["price", "advice"])
    >>> beliefs = pd.DataFrame([[0.5, 0.5]], index=["ann"], columns=["price", "advice"])
    >>> said = pd.DataFrame([[1, 1]], index=["ann"], columns=["N01", "N02"])
    >>> [ask(said, items, beliefs, order)[0]["questions"].item() for order in (None, ["N01", "N02"])]
    [1, 2]
    """
    names = list(items.columns)
    said = answers[names].to_numpy(dtype=float)
    if np.isnan(said).any():
        raise DataError("Questionnaires can only be replayed on customers who answered every question.")
    n, total = said.shape
    rows, asked = np.arange(n), np.zeros((n, total), dtype=bool)
    questions, sure = np.full(n, total), np.zeros(n, dtype=bool)
    leading, path = np.zeros(n, dtype=int), []
    for number in range(total + 1):
        now = beliefs.to_numpy()
        path.append(now.max(axis=1).mean())
        leading = np.where(sure, leading, now.argmax(axis=1))
        arrived = ~sure & (now.max(axis=1) >= certainty)
        questions[arrived], sure = number, sure | arrived
        if number == total:
            break
        if order is None:
            following = np.where(asked, -1.0, expected_information(beliefs, items)).argmax(axis=1)
        else:
            following = np.full(n, names.index(order[number]))
        asked[rows, following] = True
        reply = np.full((n, total), np.nan)
        reply[rows, following] = said[rows, following]
        beliefs = updated_beliefs(beliefs, items, pd.DataFrame(reply, index=beliefs.index, columns=names))
    outcome = pd.DataFrame({"customer_id": beliefs.index.astype("str"), "questions": questions, "sure": sure})
    outcome["segment"] = beliefs.columns[leading].astype("str")
    return outcome, pd.DataFrame({"questions": range(total + 1), "certainty": path})


def best_fixed_order(items: pd.DataFrame, shares: pd.Series, people: int = 2_000, random_state: int = 0) -> list[str]:
    """The best single order for everybody: each next question tells imagined customers most on average.

    >>> items = pd.DataFrame({"idle": [0.5, 0.5], "telling": [0.9, 0.1]}, index=["price", "advice"])
    >>> best_fixed_order(items, pd.Series({"price": 0.5, "advice": 0.5}), people=50)
    ['telling', 'idle']
    """
    rng = np.random.default_rng(random_state)
    segment = rng.choice(len(shares), people, p=shares.to_numpy())
    chance = items.loc[shares.index].to_numpy()[segment]
    said = pd.DataFrame((rng.random(chance.shape) < chance).astype(float), columns=items.columns)
    beliefs, order = starting_beliefs(range(people), shares), []
    for _ in items.columns:
        left = [name for name in items.columns if name not in order]
        order.append(str(expected_information(beliefs, items[left]).mean().idxmax()))
        beliefs = updated_beliefs(beliefs, items, said[[order[-1]]])
    return order


def compare_orders(
    answers: pd.DataFrame,
    items: pd.DataFrame,
    beliefs: pd.DataFrame,
    orders: dict[str, Sequence[str]],
    certainty: float = CERTAINTY,
    random_state: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The adaptive questionnaire beside fixed orders, on the same customers.

    Parameters:
        items: Not estimated from these customers' answers.
    Returns:
        table (DataFrame): ``order``, ``questions`` (mean), ``sure`` (share of customers), ``saving`` (share of
            questions that adapting saves against it), ``low``, ``high`` (95%, resampling customers).
        paths (DataFrame): ``order``, ``questions``, ``certainty``.

    >>> items = pd.DataFrame({"idle": [0.5, 0.5], "telling": [0.95, 0.05]}, index=["price", "advice"])
    >>> beliefs = starting_beliefs(["ann", "bob"], pd.Series({"price": 0.5, "advice": 0.5}))
    >>> said = pd.DataFrame([[1, 1], [0, 0]], index=["ann", "bob"], columns=["idle", "telling"])
    >>> compare_orders(said, items, beliefs, {"printed": ["idle", "telling"]})[0]["questions"].tolist()
    [1.0, 2.0]
    """
    results = {"adaptive": ask(answers, items, beliefs, None, certainty)}
    results |= {name: ask(answers, items, beliefs, order, certainty) for name, order in orders.items()}
    drawn = draws_of(len(answers), 2_000, random_state)
    adaptive = results["adaptive"][0]["questions"].to_numpy()
    rows = []
    for name, (outcome, _) in results.items():
        asked = outcome["questions"].to_numpy()
        savings = 1 - (drawn @ adaptive) / np.maximum(drawn @ asked, 1e-12)
        low, high = np.quantile(savings, [0.025, 0.975])
        saving = 1 - adaptive.sum() / max(asked.sum(), 1e-12)
        rows.append((name, asked.mean(), outcome["sure"].mean(), saving, low, high))
    table = pd.DataFrame(rows, columns=["order", "questions", "sure", "saving", "low", "high"])
    paths = pd.concat([path.assign(order=name) for name, (_, path) in results.items()], ignore_index=True)
    return table.astype({"order": "str"}), paths[["order", "questions", "certainty"]].astype({"order": "str"})


class Replay(NamedTuple):
    """Orders ``compared`` and their ``paths``, and the share of sure answers in ``agreement`` with the whole battery."""

    compared: pd.DataFrame
    paths: pd.DataFrame
    agreement: float


def replay(answers: pd.DataFrame, segment: pd.Series, certainty: float = CERTAINTY, random_state: int = 0) -> Replay:
    """Let half of the customers teach how segments answer, and put the questions to the other half one at a time.

    >>> said = pd.DataFrame(np.tile([[1, 1], [0, 0]], (20, 1)), columns=["a", "b"], index=[str(n) for n in range(40)])
    >>> replay(said, pd.Series(["price", "advice"] * 20, index=said.index)).agreement
    1.0
    """
    teach = np.random.default_rng(random_state).permutation(len(answers)) < len(answers) // 2
    learnt = items_from_answers(answers[teach], segment)
    sizes = segment.loc[answers.index[teach]].value_counts(normalize=True).reindex(learnt.index)
    tested = answers[~teach]
    beliefs = starting_beliefs(tested.index, sizes)
    orders = {"as printed": list(learnt.columns), "best single order": best_fixed_order(learnt, sizes)}
    compared, paths = compare_orders(tested, learnt, beliefs, orders, certainty, random_state)
    stopped = ask(tested, learnt, beliefs, certainty=certainty)[0].query("sure").set_index("customer_id")
    return Replay(compared, paths, float((stopped["segment"] == segment.loc[stopped.index]).mean()))


def battery_answers(survey_responses: pd.DataFrame, identity_links: pd.DataFrame, questions: list[str]) -> pd.DataFrame:
    """The latest answer of each customer to each question, customers × questions; missing where never answered.

    >>> said = pd.DataFrame({"record_id": ["r1"], "date": pd.to_datetime(["2025-01-01"]), "question_id": "N01", "answer": [1.0]})
    >>> battery_answers(said, pd.DataFrame({"record_id": ["r1"], "customer_id": ["ann"]}), ["N01"]).loc["ann", "N01"].item()
    1.0
    """
    mine = survey_responses[survey_responses["question_id"].isin(questions)]
    said = of_customers(mine, identity_links).sort_values(["date", "record_id"], kind="stable")
    said = said.drop_duplicates(["customer_id", "question_id"], keep="last")
    wide = said.set_index(["customer_id", "question_id"])["answer"].unstack("question_id")  # noqa: PD010
    return wide.reindex(columns=questions)


def next_questions(
    survey_responses: pd.DataFrame,
    identity_links: pd.DataFrame,
    need_profiles: pd.DataFrame,
    need_segments: pd.DataFrame,
    certainty: float = CERTAINTY,
) -> pd.DataFrame:
    """The questions worth asking each customer next.

    What is known of a customer is what their behaviour suggests and what they have answered, which is not asked again.
    Customers whose leading segment has the probability `certainty` are not asked.

    Returns:
        DataFrame: The table ``next_questions``, three questions per customer at most.

    >>> profiles = pd.DataFrame({"segment": ["price", "advice"] * 2, "question_id": ["N01", "N01", "N02", "N02"],
    ...     "share": [0.9, 0.1, 0.5, 0.4], "share_of_customers": 0.5})
    >>> typed = pd.DataFrame({"customer_id": ["ann"], "segment": ["price"], "probability": [0.6], "basis": "behaviour"})
    >>> said = pd.DataFrame({"record_id": ["r1"], "date": pd.to_datetime(["2025-01-01"]), "question_id": "N01", "answer": [0.0]})
    >>> links = pd.DataFrame({"record_id": ["r1"], "customer_id": ["ann"]})
    >>> next_questions(said, links, profiles, typed)["question_id"].tolist()  # N01 was answered
    ['N02']
    """
    items, shares = item_probabilities(need_profiles), segment_shares(need_profiles)
    typed = need_segments[need_segments["basis"] != "answers"]
    said = battery_answers(survey_responses, identity_links, list(items.columns))
    said = said.reindex(pd.Index(need_segments["customer_id"]).union(said.index))
    beliefs = updated_beliefs(starting_beliefs(said.index, shares, typed), items, said)
    values, tells = beliefs.to_numpy(), expected_information(beliefs, items).to_numpy()
    tells = np.where(said.notna().to_numpy(), -1.0, tells)
    unsure = np.flatnonzero((values.max(axis=1) < certainty) & (tells > 0).any(axis=1))
    if not len(unsure):
        return tables.get("next_questions").empty()
    order = np.argsort(-tells[unsure], axis=1, kind="stable")[:, :3]
    row, rank = np.divmod(np.arange(order.size), order.shape[1])
    question, who = order.ravel(), unsure[row]
    table = pd.DataFrame({"customer_id": beliefs.index[who], "rank": rank + 1, "question_id": items.columns[question]})
    table["information"], table["segment"] = tells[who, question], beliefs.columns[values.argmax(axis=1)[who]]
    table["certainty"] = values.max(axis=1)[who]
    table = table[table["information"] >= 0].reset_index(drop=True)
    return table.astype({"customer_id": "str", "question_id": "str", "segment": "str", "rank": "int64"})


def plot_certainty(paths: pd.DataFrame, certainty: float = CERTAINTY, ax: figures.Axes | None = None) -> figures.Axes:
    """How fast certainty grows with the number of questions, by order, from :func:`compare_orders`.

    >>> paths = pd.DataFrame({"order": ["adaptive", "printed"] * 2, "questions": [0, 0, 1, 1], "certainty": [0.3, 0.3, 0.8, 0.5]})
    >>> plot_certainty(paths).get_title()
    'After 1 questions: adaptive 80% sure, printed 50%'
    """
    ax = figures.axes(ax)
    for mark, (order, part) in zip("os^D" * 9, paths.groupby("order", sort=False), strict=False):
        ax.plot(part["questions"], part["certainty"], marker=mark, markersize=4, label=order)
    ax.axhline(certainty, color="black", linestyle="--", linewidth=1)
    ax.xaxis.get_major_locator().set_params(integer=True)
    after = min(5, int(paths["questions"].max()))
    level = paths[paths["questions"] == after].set_index("order")["certainty"]
    slowest = level.idxmin()
    title = f"After {after} questions: adaptive {level['adaptive']:.0%} sure, {slowest} {level[slowest]:.0%}"
    up, legend = "mean probability of the leading segment", {"loc": "lower right"}
    return figures.finish(ax, title, "questions asked", up, y_format="percent", ylim=(0, 1), legend=legend)


def plot_information(information: pd.Series, questions: dict[str, str], ax: figures.Axes | None = None) -> figures.Axes:
    """What the most telling questions are expected to tell about one customer; `questions` is the wording by id.

    >>> plot_information(pd.Series({"N01": 0.37, "N02": 0.1}), {"N01": "I wait for the sales."}).get_title()
    'The best question is worth 0.37 bits, the worst 0.10'
    """
    ax = figures.axes(ax, figsize=(8.5, 4.08))
    best = information.sort_values(ascending=False, kind="stable").head(8)[::-1]
    ax.barh(range(len(best)), best, color=figures.BLUE)
    ax.set_yticks(range(len(best)), [questions.get(name, name) for name in best.index])
    ax.grid(axis="y", visible=False)
    title = f"The best question is worth {best.iloc[-1]:.2f} bits, the worst {information.min():.2f}"
    return figures.finish(ax, title, x="expected information about the need segment (bits)")


def plot_questionnaire(
    replies: Sequence[str],
    items: pd.DataFrame,
    shares: pd.Series,
    questions: dict[str, str],
    certainty: float = CERTAINTY,
    ax: figures.Axes | None = None,
) -> figures.Axes:
    """An adaptive questionnaire in progress: the segments' probabilities after the replies so far, and what to ask next.

    Parameters:
        replies: "yes" or "no" to the first question, the second, and so on; anything else ends the replies.
        questions: Wording by question id.

    >>> items = pd.DataFrame({"N01": [0.95, 0.05]}, index=["price", "advice"])
    >>> plot_questionnaire(["yes"], items, pd.Series({"price": 0.5, "advice": 0.5}), {}).get_title()
    'Sure enough after 1 questions: price'
    """
    beliefs, asked, trail = starting_beliefs(["you"], shares), [], []
    for reply in replies:
        question = next_question(beliefs, items, asked)
        if question is None or reply not in ("yes", "no"):
            break
        said = pd.DataFrame({question: [float(reply == "yes")]}, index=beliefs.index)
        beliefs = updated_beliefs(beliefs, items, said)
        asked.append(question)
        trail.append(f"{len(asked)}. {questions.get(question, question)}  {reply}")
    belief = beliefs.iloc[0].sort_values()
    sure = belief.iloc[-1] >= certainty
    following = next_question(beliefs, items, asked)
    title = "All questions asked, and still not sure"
    if sure:
        title = f"Sure enough after {len(asked)} questions: {belief.index[-1]}"
    elif following is not None:
        bits = expected_information(beliefs, items[[following]]).iloc[0, 0]
        title = f"Next: “{questions.get(following, following)}”  ({bits:.2f} bits)"
    ax = figures.axes(ax, figsize=(8.5, 4.6))
    colours = [figures.SKY] * (len(belief) - 1) + [figures.GREEN if sure else figures.BLUE]
    ax.barh(range(len(belief)), belief, color=colours)
    for place, value in enumerate(belief):
        ax.annotate(f"{value:.0%}", (value, place), xytext=(4, 0), textcoords="offset points", va="center")
    ax.axvline(certainty, color="black", linestyle="--", linewidth=1)
    ax.set_yticks(range(len(belief)), belief.index)
    ax.grid(axis="y", visible=False)
    look = {"ha": "right", "va": "bottom", "fontsize": 9, "color": "#333333"}
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.9}
    ax.text(0.98, 0.04, "\n".join(trail[-8:]), transform=ax.transAxes, bbox=box if trail else None, **look)
    named = "probability of the need segment (dashed: sure enough)"
    return figures.finish(ax, title, x=named, x_format="percent", xlim=(0, 1.06))

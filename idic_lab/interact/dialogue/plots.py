"""Pictures of the questionnaire; every title is computed from the numbers it heads."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.ticker import PercentFormatter

from idic_lab import figures
from idic_lab.interact.dialogue.beliefs import expected_information, starting_beliefs, updated_beliefs
from idic_lab.interact.dialogue.questionnaires import CERTAINTY, next_question

_PERCENT = PercentFormatter(1, decimals=0)


def plot_certainty(
    paths: pd.DataFrame, certainty: float = CERTAINTY, ax: figures.Axes | None = None
) -> figures.Axes:
    """How fast certainty grows with the number of questions, by order.

    Parameters
    ----------
    paths : DataFrame
        ``order``, ``questions``, ``certainty``, as :func:`compare_orders` gives.
    certainty : float
        Drawn as a line.
    ax : matplotlib.axes.Axes, optional
    """
    ax = figures.axes(ax)
    marks = ("o", "s", "^", "D")
    for number, (order, part) in enumerate(paths.groupby("order", sort=False)):
        ax.plot(part["questions"], part["certainty"], marker=marks[number % 4], markersize=4, label=order)
    ax.axhline(certainty, color="black", linestyle="--", linewidth=1)
    ax.set(xlabel="questions asked", ylabel="mean probability of the leading segment", ylim=(0, 1))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.legend(loc="lower right")
    after = min(5, int(paths["questions"].max()))
    level = paths[paths["questions"] == after].set_index("order")["certainty"]
    slowest = level.idxmin()
    ax.set_title(
        f"After {after} questions: adaptive {level['adaptive']:.0%} sure, {slowest} {level[slowest]:.0%}"
    )
    return ax


def plot_information(
    information: pd.Series, questions: dict[str, str], rows: int = 8, ax: figures.Axes | None = None
) -> figures.Axes:
    """What each question is expected to tell about one customer, most telling first.

    Parameters
    ----------
    information : Series by question id, bits
    questions : dict of str to str
        Wording by question id.
    rows : int
        So many questions at most.
    ax : matplotlib.axes.Axes, optional
    """
    ax = figures.axes(ax, figsize=(8.5, 0.36 * rows + 1.2))
    best = information.sort_values(ascending=False, kind="stable").head(rows)[::-1]
    ax.barh(range(len(best)), best, color=figures.BLUE)
    ax.set_yticks(range(len(best)), [questions.get(name, name) for name in best.index])
    ax.set(xlabel="expected information about the need segment (bits)")
    ax.grid(axis="y", visible=False)
    ax.set_title(f"The best question is worth {best.iloc[-1]:.2f} bits, the worst {information.min():.2f}")
    return ax


def plot_questionnaire(
    replies: Sequence[str],
    items: pd.DataFrame,
    shares: pd.Series,
    questions: dict[str, str],
    certainty: float = CERTAINTY,
    ax: figures.Axes | None = None,
) -> figures.Axes:
    """An adaptive questionnaire in progress: the segments' probabilities after the replies so far, and what to ask next.

    Parameters
    ----------
    replies : sequence of str
        "yes" or "no" to the first question, the second, and so on; anything else ends the replies. Which question
        that was follows from the replies before it.
    items : DataFrame, segments × questions
    shares : Series by segment
    questions : dict of str to str
        Wording by question id.
    certainty : float
    ax : matplotlib.axes.Axes, optional
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
    return _draw_state(beliefs.iloc[0], items, questions, asked, trail, certainty, ax)


def _draw_state(belief, items, questions, asked, trail, certainty, ax) -> figures.Axes:
    ax = figures.axes(ax, figsize=(8.5, 4.6))
    belief = belief.sort_values()
    sure = belief.iloc[-1] >= certainty
    colours = [figures.SKY] * (len(belief) - 1) + [figures.GREEN if sure else figures.BLUE]
    ax.barh(range(len(belief)), belief, color=colours)
    for place, value in enumerate(belief):
        ax.annotate(f"{value:.0%}", (value, place), xytext=(4, 0), textcoords="offset points", va="center")
    ax.axvline(certainty, color="black", linestyle="--", linewidth=1)
    ax.set_yticks(range(len(belief)), belief.index)
    ax.set(xlim=(0, 1.06), xlabel="probability of the need segment (dashed: sure enough)")
    ax.xaxis.set_major_formatter(_PERCENT)
    ax.grid(axis="y", visible=False)
    following = next_question(pd.DataFrame([belief]), items, asked)
    if sure:
        title = f"Sure enough after {len(asked)} questions: {belief.index[-1]}"
    elif following is None:
        title = "All questions asked, and still not sure"
    else:
        bits = expected_information(pd.DataFrame([belief]), items[[following]]).iloc[0, 0]
        title = f"Next: “{questions.get(following, following)}”  ({bits:.2f} bits)"
    ax.set_title(title)
    if trail:
        ax.text(
            0.98,
            0.04,
            "\n".join(trail[-8:]),
            transform=ax.transAxes,
            ha="right",
            va="bottom",
            fontsize=9,
            color="#333333",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.9},
        )
    return ax

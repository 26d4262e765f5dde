"""The IDIC loop as a picture."""

from __future__ import annotations

from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from idic_lab import figures
from idic_lab.pipeline import stages

_QUESTIONS = {
    "Identify": "Who is this customer,\nwherever we meet them?",
    "Differentiate": "What is each one worth,\nand what does each need?",
    "Interact": "What to say or ask next,\nand where?",
    "Customize": "What should be different\nfor this customer?",
    "Implement and monitor": "Did it work,\nand what have we learnt?",
}
_COLOURS = [figures.BLUE, figures.GREEN, "#B87A00", figures.VERMILION, "#555555"]


def plot_cycle(ax: figures.Axes | None = None) -> figures.Axes:
    """Draw the five steps of IDIC as a loop, each with its question and the notebooks that teach it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> plot_cycle().get_title(loc="left")
    'IDIC is a loop: what monitoring learns changes the next round'
    """
    ax = figures.axes(ax, figsize=(10, 2.9))
    width, height, gap = 1.0, 0.62, 0.22
    for position, (step, question) in enumerate(_QUESTIONS.items()):
        left = position * (width + gap)
        colour = _COLOURS[position]
        ax.add_patch(
            FancyBboxPatch(
                (left, 0),
                width,
                height,
                boxstyle="round,pad=0.03",
                facecolor="white",
                edgecolor=colour,
                linewidth=2,
            )
        )
        middle = left + width / 2
        ax.text(
            middle,
            height - 0.1,
            step.replace(" and ", "\nand "),
            ha="center",
            va="center",
            weight="bold",
            color=colour,
        )
        ax.text(middle, 0.26, question, ha="center", va="center", fontsize=8)
        ax.text(middle, 0.04, _numbers(step), ha="center", va="center", fontsize=7, color="#555555")
        if position:
            arrow = FancyArrowPatch(
                (left - gap + 0.04, height / 2),
                (left - 0.04, height / 2),
                arrowstyle="-|>",
                mutation_scale=14,
                color="#555555",
            )
            ax.add_patch(arrow)
    last = (len(_QUESTIONS) - 1) * (width + gap) + width / 2
    back = FancyArrowPatch(
        (last, -0.04),
        (width / 2, -0.04),
        connectionstyle="arc3,rad=-0.12",
        arrowstyle="-|>",
        mutation_scale=14,
        color="#555555",
    )
    ax.add_patch(back)
    ax.set_xlim(-0.08, last + width / 2 + 0.08)
    ax.set_ylim(-0.3, height + 0.08)
    ax.set_title("IDIC is a loop: what monitoring learns changes the next round", loc="left")
    ax.axis("off")
    return ax


def _numbers(step: str) -> str:
    """Numbers of the notebooks of a step, as in "notebooks 21, 22"; empty when there are none."""
    found = [stage.notebook[:2] for stage in stages.STAGES if stage.step.lower() in step.lower()]
    if not found:
        return ""
    return f"notebook{'s' if len(found) > 1 else ''} {', '.join(found)}"

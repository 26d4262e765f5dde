"""The look shared by every figure: one colour-blind-safe palette, one set of matplotlib settings.

Plot functions live beside the numbers they draw; this module holds only what they share. Colours are those of Okabe
and Ito (2008), ordered so that neighbours also differ in lightness and so can be told apart in grey print.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from idic_lab.errors import pick

if TYPE_CHECKING:  # matplotlib takes half a second to load, and whoever fits a model need not wait for it
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, YELLOW, BLACK = "#CC79A7", "#56B4E9", "#F0E442", "#000000"
GREY = "#8C8C8C"
CYCLE = [BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, BLACK]
SEQUENTIAL = "cividis"  # perceptually even, and the same to readers with colour vision deficiency
DIVERGING = "PuOr"

_SETTINGS = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,  # a line of TITLE_WIDTH letters fits into a figure of the usual width
    "axes.titleweight": "bold",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E5E5E5",
    "grid.linewidth": 0.8,
    "image.cmap": SEQUENTIAL,
    "figure.figsize": (7.5, 4.2),
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "legend.frameon": False,
    "svg.hashsalt": "idic-lab",  # the same figure gives the same file
}


def _settings() -> dict:
    import matplotlib as mpl

    return _SETTINGS | {"axes.prop_cycle": mpl.cycler(color=CYCLE)}


def use_style() -> None:
    """Set the shared look for every figure drawn from now on."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    # Loads the backend now. A notebook's backend switches to showing figures when it is loaded; were that to happen
    # within the rc_context of the first axes(), it would be undone with the settings, and later figures not shown.
    plt.switch_backend(mpl.get_backend())
    if "inline" in mpl.get_backend():
        plt.uninstall_repl_displayhook()  # a notebook shows a figure itself; the hook draws it before, for a window
    mpl.rcParams.update(_settings())


_currency = ""


def use_currency(code: str) -> None:
    """Name the currency on the money axes of every figure drawn from now on.

    Parameters:
        code: As on a data set's card, such as ``"EUR"``; empty where the card does not say.

    >>> use_currency("EUR")
    >>> in_currency("spent ({currency})"), money(1234.5), use_currency("")
    ('spent (EUR)', '1,234 EUR', None)
    """
    global _currency
    _currency = code


def in_currency(label: str) -> str:
    """A label with the unit of money where it says ``{currency}``, and without one where none is known.

    >>> in_currency("spent ({currency})"), in_currency("spent ({currency} a year)"), in_currency("{currency} a year")
    ('spent', 'spent (a year)', 'money a year')
    """
    if not _currency:
        label = label.replace("{currency}", "money", 1) if label.startswith("{currency}") else label
        for unit in (" ({currency})", ", {currency}", "{currency}; ", "{currency} "):
            label = label.replace(unit, "")
    return label.replace("{currency}", _currency)


def money(amount: float) -> str:
    """An amount in words for a title, with its currency where one is known."""
    return f"{amount:,.0f} {_currency}".rstrip()


def __getattr__(name: str):
    """``figures.plt`` is matplotlib's pyplot, loaded when it is asked for."""
    if name == "plt":
        import matplotlib.pyplot

        return matplotlib.pyplot
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def described(figure: Figure) -> str:
    """What a figure shows, in words, for whoever cannot see it: its titles and what its axes are.

    >>> ax = axes()
    >>> _ = ax.set(title="Orders double", xlabel="month", ylabel="orders")
    >>> described(ax.get_figure())
    'Orders double. Shown: orders, by month.'
    """
    titles, shown = [], []
    for ax in figure.axes:
        title = " ".join((ax.get_title(loc="left") or ax.get_title()).split())
        across, up = (" ".join(label.split()) for label in (ax.get_xlabel(), ax.get_ylabel()))
        titles += [title] if title else []
        shown += [f"{up}, by {across}" if up and across else up or across] if title and (up or across) else []
    words = [*titles, *([f"Shown: {'; '.join(dict.fromkeys(shown))}"] if shown else [])]
    return " ".join(f"{part.rstrip('.')}." for part in words).replace(r"\$", "$")  # escaped, or it would be a formula


def axes(ax: Axes | None = None, **figure_options) -> Axes:
    """The Axes given, or a new one in the shared look; options go to ``plt.subplots``."""
    if ax is not None:
        return ax
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    with mpl.rc_context(_settings()):
        return plt.subplots(**figure_options)[1]


def in_cells(ax: Axes, image, form, **look) -> None:
    """Each number of an image written in its cell, as `form` says, white where the cell is dark; no grid lies over them.

    >>> ax = axes()
    >>> in_cells(ax, ax.imshow([[0.0, 1.0]]), "{:.0%}".format)
    >>> [(text.get_text(), text.get_color()) for text in ax.texts]
    [('0%', 'white'), ('100%', 'black')]
    """
    for (row, column), number in np.ndenumerate(image.get_array().filled(np.nan)):
        if np.isfinite(number):
            colour = "white" if image.norm(number) < 0.55 else "black"
            ax.text(column, row, form(number), ha="center", va="center", color=colour, **look)
    ax.grid(False)


def spread(table: pd.DataFrame, value: str, prefix: str = "") -> np.ndarray:
    """How far the columns ``low`` and ``high``, after a prefix, lie from a value: what matplotlib's error bars are drawn by.

    >>> import pandas as pd
    >>> spread(pd.DataFrame({"mean": [2.0], "low": [1.5], "high": [4.0]}), "mean").tolist()
    [[0.5], [2.0]]
    """
    return table[[f"{prefix}low", f"{prefix}high"]].sub(table[value], axis=0).abs().to_numpy().T


def lines(ax: Axes, series: dict[str, pd.DataFrame], x: str, y: str) -> None:
    """A line for each table, named at its end, about nought; the first with its band, where it has ``<y>_low`` and ``<y>_high``.

    >>> import pandas as pd
    >>> lines(axes(), {"ours": pd.DataFrame({"week": [1, 2], "orders": [3, 5]})}, "week", "orders")
    """
    ax.axhline(0, color=BLACK, lw=1)
    for number, (name, table) in enumerate(series.items()):
        colour = CYCLE[number % len(CYCLE)]
        ax.plot(table[x], table[y], color=colour, marker="osD^v"[number % 5], ms=5)
        if not number and f"{y}_low" in table:
            ax.fill_between(table[x], table[f"{y}_low"], table[f"{y}_high"], color=colour, alpha=0.15, lw=0)
        ax.annotate(name, table[[x, y]].iloc[-1], xytext=(8, 0), textcoords="offset points", va="center", color=colour)


BESIDE = {"loc": "center left", "bbox_to_anchor": (1, 0.5)}  # a legend to the right of what is drawn
TITLE_WIDTH = 66  # characters; what is wider than the figure would be cut off
# As many digits as the tick needs: one at 2.5% must not read 2%.
_FORMATS = {"percent": lambda value, _: f"{100 * value:.4g}%", "count": lambda value, _: f"{value:,.10g}"}


def finish(
    ax: Axes,
    title: str,
    x: str = "",
    y: str = "",
    x_format: str | None = None,
    y_format: str | None = None,
    legend: bool | dict = False,
    **settings,
) -> Axes:
    """What nearly every plot ends with: a title that states the finding, labels with units, readable ticks.

    Parameters:
        title: Broken into lines where it is wider than the figure.
        x, y: Labels of the axes; ``{currency}`` in them becomes the unit of money of the data set at hand.
        x_format, y_format ({"percent", "count"}): How ticks are written: a share as a percentage, or a number in
            thousands. Anything else with ``{x}`` in it is taken as matplotlib takes it.
        legend: Show a legend; a dict is passed on to ``ax.legend``.
        **settings: Passed to ``ax.set``, as in ``ylim=(0, None)``.

    >>> ax = finish(axes(), "One customer in five buys again", y="revenue ({currency})", y_format="count", ylim=(0, 9))
    >>> ax.get_ylabel(), ax.yaxis.get_major_formatter()(1200)
    ('revenue', '1,200')
    """
    ax.set_title(textwrap.fill(title, TITLE_WIDTH))
    named = {"xlabel": x, "ylabel": y}
    ax.set(**{key: in_currency(text) for key, text in named.items() if text}, **settings)
    for axis, form in ((ax.xaxis, x_format), (ax.yaxis, y_format)):
        if form:
            axis.set_major_formatter(form if "{x" in form else pick("format of ticks", form, _FORMATS))
    if legend:
        ax.legend(**(legend if isinstance(legend, dict) else {}))
    return ax

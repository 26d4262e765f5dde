"""What a notebook shows: tables as a reader wants them, figures with controls that redraw them, and the IDIC loop.

A widget wraps a plot function and computes nothing of its own.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import re
from collections.abc import Callable

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import HTML, display
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from pandas.io.formats.style import Styler

from idic_lab import figures
from idic_lab.errors import LabError
from idic_lab.notebook.lab import FIGURE, WIDGET
from idic_lab.pipeline import stages


def show(
    table: pd.DataFrame, formats: dict | None = None, index: bool = False, rows: int = 30, units: str | None = None
) -> Styler:
    """A table formatted for reading.

    Parameters:
        formats (dict of str to str, optional): Format per column in the manner of ``str.format``, as in ``{"share":
            "{:.0%}"}``. Without one, whole numbers get thousands separators (counts stored as decimals too, and what is
            1,000 or more throughout), other numbers two decimals, dates their day.
        index: Show the index too.
        rows: At most so many rows; the caption says how many there are when some are left out.
        units: Column that names the unit of each row: numbers without a format of their own are then written as their
            row's unit asks, shares in percent and customers whole.
    Returns:
        pandas Styler: Its HTML is the same every time, so that a saved notebook does not change.

    >>> table = pd.DataFrame({"segment": ["loyal"], "customers": [1200], "share": [0.125]})
    >>> "1,200" in show(table, {"share": "{:.1%}"}).to_html()
    True
    >>> measures = pd.DataFrame({"kpi": ["churn", "revenue"], "value": [0.25, 9000.0], "unit": ["share", "currency"]})
    >>> page = show(measures, units="unit").to_html()
    >>> "25.0%" in page and ">9,000<" in page
    True
    """
    shown, given = table.head(rows), formats or {}
    style = _Shown(shown, cell_ids=False).format(_formats(shown, given), na_rep="–", escape="html")
    style = style.format_index(escape="html", axis="columns").format_index(escape="html", axis="index")
    if units:
        style = _in_units(style, shown, units, given)
    rules = []
    for position, name in enumerate(shown):
        if not pd.api.types.is_numeric_dtype(shown[name]):
            long = shown[name].astype(str).str.len().max() > 50  # else squeezed to a word a line
            props = f"text-align: left{'; min-width: 14em' if long else ''}"
            rules.append({"selector": f".col{position}", "props": props})
    rules.append({"selector": "caption", "props": "caption-side: bottom; text-align: left; font-style: italic"})
    style = style.set_table_styles(rules)
    if len(table) > rows or table.empty:
        style = style.set_caption(f"The first {rows:,} of {len(table):,} rows." if len(table) else "No rows.")
    style = style if index else style.hide(axis="index")
    return style.set_uuid(hashlib.sha256(repr(style).encode()).hexdigest()[:8])


_UNIT_FORMATS = {"customers": "{:,.0f}", "points": "{:+z,.1f}"}


class _Shown(Styler):
    """A Styler whose plain text is the table as it is shown: no address in memory, no digit that a reader does not see."""

    def __repr__(self) -> str:
        if self.data.empty:
            return "No rows."
        lines = html.unescape(self.to_string(delimiter="\t", sparse_index=False)).split("\n")[:-1]
        beyond, rows = lines[0].count("\t"), []
        for line in lines:
            if line.count("\t") < beyond:  # it stood within a cell of the row before
                line = f"{rows.pop()} {line}"
            rows.append(line)
        return pd.DataFrame([row.split("\t", beyond) for row in rows]).to_string(index=False, header=False)


def _in_units(style: Styler, table: pd.DataFrame, units: str, given: dict[str, str]) -> Styler:
    numbers = [name for name in table if pd.api.types.is_float_dtype(table[name].dtype) and name not in given]
    for unit in table[units].unique():
        form = (
            "{:.1%}"
            if unit.startswith("share")
            else _UNIT_FORMATS.get(unit, lambda number: f"{number:,.{0 if abs(number) >= 1_000 else 2}f}")
        )
        of_unit = table.index[table[units] == unit]
        style = style.format(dict.fromkeys(numbers, form), na_rep="–", subset=(of_unit, numbers))
    return style


def _formats(table: pd.DataFrame, given: dict[str, str]) -> dict:
    chosen = {}
    for name, dtype in table.dtypes.items():
        if pd.api.types.is_integer_dtype(dtype):
            chosen[name] = "{:,}"
        elif pd.api.types.is_float_dtype(dtype):
            chosen[name] = "{:,.0f}" if _are_counts(table[name]) else "{:,.2f}"
        elif pd.api.types.is_datetime64_any_dtype(dtype):
            chosen[name] = "{:%Y-%m-%d}"
    chosen |= {name: form for name, form in given.items() if name in table}
    return {name: re.sub(r"{:(\+?)(?=,?\.\d+[f%])", r"{:\1z", form) for name, form in chosen.items()}  # no -0.00


def _are_counts(numbers: pd.Series) -> bool:
    """Whole numbers, not all 0 or 1: counts that became decimals; or numbers so large that nobody reads their decimals."""
    known = np.abs(numbers.dropna().to_numpy(float))
    return bool(len(known) and known.max() > 1 and ((known == np.round(known)).all() or known.min() >= 1_000))


def explore(draw: Callable, **controls: widgets.Widget) -> None:
    """Show a figure with controls that redraw it.

    The figure stands in the notebook as an ordinary output, drawn with the controls' first values, so that it is also
    there in a saved notebook, a web page or print; moving a control redraws it in place.

    Parameters:
        draw: Takes the controls' values as keyword arguments and returns a matplotlib ``Axes`` (or ``Figure``).
        **controls (ipywidgets widget): One control per argument of `draw`, with a ``description``.
    """
    named = ", ".join(control.description or name for name, control in controls.items())
    words = f"Controls: {named}. Run this cell in JupyterLab to move them."
    display(live(_row(controls), {"text/html": f"<p><em>{words}</em></p>", "text/plain": words}), raw=True)
    handle = display(_drawn(draw, controls), display_id=True)
    for control in controls.values():
        control.observe(lambda change: handle.update(_drawn(draw, controls)), names="value")


def panel(draw: Callable, **controls: widgets.Widget) -> None:
    """Show a figure, or a table, with controls that redraw it, as part of a page of its own.

    What is drawn is itself a widget, so that it also changes where no notebook is: on a page served by Voilà. A saved
    notebook, a report and print show it as it was first drawn. As :func:`explore`; `draw` may
    also return what shows itself as HTML, such as the result of :func:`show`.
    """
    drawn = _drawn(draw, controls)
    shown = widgets.HTML(value=_page(drawn))
    for control in controls.values():
        control.observe(lambda change: setattr(shown, "value", _page(_drawn(draw, controls))), names="value")
    if isinstance(drawn, Figure):
        still = {"image/png": _written(drawn, "png")}
        words = f"{FIGURE}{figures.described(drawn)}"
    else:
        still, words = {"text/html": _page(drawn)}, "A table with controls; run this cell to move them."
    box = widgets.VBox([_row(controls), shown] if controls else [shown])
    display(live(box, {**still, "text/plain": words}), raw=True)


def _row(controls: dict[str, widgets.Widget]) -> widgets.HBox:
    return widgets.HBox(list(controls.values()), layout=widgets.Layout(flex_flow="row wrap"))


def live(widget: widgets.Widget, still: dict[str, str]) -> dict:
    """A widget as something to display, with what stands in its place where no kernel answers."""
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    return {WIDGET: view, **still}


def _drawn(draw: Callable, controls: dict[str, widgets.Widget]):
    """What is drawn for the values of the controls, a figure or a table, or in words why nothing can be."""
    try:
        drawn = draw(**{name: control.value for name, control in controls.items()})
    except LabError as error:  # the figure of another choice must not stay under this one
        return HTML(f'<p role="status">{html.escape(str(error))}</p>')
    if isinstance(drawn, plt.Axes):
        drawn = drawn.get_figure()
    if isinstance(drawn, Figure):  # else the inline backend would show it a second time at the end of the cell
        plt.close(drawn)
    return drawn


def _page(drawn) -> str:
    """What was drawn as HTML: a figure as a drawing that is sharp at every size, told in words."""
    if not isinstance(drawn, Figure):
        return drawn._repr_html_() if hasattr(drawn, "_repr_html_") else str(drawn)
    words = html.escape(figures.described(drawn))
    svg = _written(drawn, "svg")
    return f'<img alt="{words}" style="width:100%;max-width:56rem" src="data:image/svg+xml;base64,{svg}">'


def _written(figure: Figure, kind: str) -> str:
    picture = io.BytesIO()
    metadata = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    figure.savefig(picture, format=kind, dpi=100, metadata=metadata)
    return base64.b64encode(picture.getvalue()).decode("ascii")


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

    >>> plot_cycle().get_title(loc="left")
    'IDIC is a loop: what monitoring learns changes the next round'
    """
    ax = figures.axes(ax, figsize=(10, 2.9))
    width, height, gap = 1.0, 0.62, 0.22
    centred = {"ha": "center", "va": "center"}
    arrow = {"arrowstyle": "-|>", "mutation_scale": 14, "color": "#555555"}
    for position, (step, question) in enumerate(_QUESTIONS.items()):
        left = position * (width + gap)
        box = {"boxstyle": "round,pad=0.03", "facecolor": "white", "edgecolor": _COLOURS[position], "linewidth": 2}
        ax.add_patch(FancyBboxPatch((left, 0), width, height, **box))
        middle, title = left + width / 2, step.replace(" and ", "\nand ")
        ax.text(middle, height - 0.1, title, weight="bold", color=_COLOURS[position], **centred)
        ax.text(middle, 0.26, question, fontsize=8, **centred)
        taught = [stage.notebook[:2] for stage in stages.STAGES if stage.step == step]
        ax.text(middle, 0.04, f"notebooks {taught[0]} to {taught[-1]}", fontsize=7, color="#555555", **centred)
        if position:
            ax.add_patch(FancyArrowPatch((left - gap + 0.04, height / 2), (left - 0.04, height / 2), **arrow))
    last = (len(_QUESTIONS) - 1) * (width + gap) + width / 2
    ax.add_patch(FancyArrowPatch((last, -0.04), (width / 2, -0.04), connectionstyle="arc3,rad=-0.12", **arrow))
    ax.set(xlim=(-0.08, last + width / 2 + 0.08), ylim=(-0.3, height + 0.08))
    ax.set_title("IDIC is a loop: what monitoring learns changes the next round", loc="left")
    ax.axis("off")
    return ax

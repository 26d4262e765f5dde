"""Controls for a figure: a widget wraps a plot function and computes nothing of its own."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

import ipywidgets as widgets
import matplotlib.pyplot as plt
from IPython.display import display

from idic_lab import figures
from idic_lab.notebook.lab import FIGURE


def explore(draw: Callable, **controls: widgets.Widget) -> None:
    """Show a figure with controls that redraw it.

    The figure stands in the notebook as an ordinary output, drawn with the controls' first values, so that it is also
    there in a saved notebook, a web page or print; moving a control redraws it in place.

    Parameters
    ----------
    draw : callable
        Takes the controls' values as keyword arguments and returns a matplotlib ``Axes`` (or ``Figure``).
    **controls : ipywidgets widget
        One control per argument of `draw`, with a ``description``.
    """
    box = widgets.HBox(list(controls.values()), layout=widgets.Layout(flex_flow="row wrap"))
    named = ", ".join(control.description or name for name, control in controls.items())
    display(
        {
            "application/vnd.jupyter.widget-view+json": {
                "version_major": 2,
                "version_minor": 0,
                "model_id": box.model_id,
            },
            "text/html": f"<p><em>Controls: {named}. Run this cell in JupyterLab to move them.</em></p>",
            "text/plain": f"Controls: {named}. Run this cell in JupyterLab to move them.",
        },
        raw=True,
    )

    def figure():
        made = _figure(draw(**{name: control.value for name, control in controls.items()}))
        plt.close(made)  # else the inline backend would show it a second time at the end of the cell
        return made

    handle = display(figure(), display_id=True)
    for control in controls.values():
        control.observe(lambda change: handle.update(figure()), names="value")


def panel(draw: Callable, **controls: widgets.Widget) -> None:
    """Show a figure, or a table, with controls that redraw it, as part of a page of its own.

    What is drawn is itself a widget, so that it also changes where no notebook is: on a page served by Voilà. A saved
    notebook, a report and print show it as it was first drawn.

    Parameters
    ----------
    draw : callable
        Takes the controls' values as keyword arguments; returns a matplotlib ``Axes`` or ``Figure``, or anything that
        shows itself as HTML, such as the result of :func:`idic_lab.course.show`.
    **controls : ipywidgets widget
        One control per argument of `draw`, with a ``description``.
    """
    drawn = draw(**{name: control.value for name, control in controls.items()})
    first, kind = _rendered(drawn)
    shown = widgets.Image(value=first, format="png") if kind == "image/png" else widgets.HTML(value=first)

    def redraw(change) -> None:
        shown.value = _rendered(draw(**{name: control.value for name, control in controls.items()}))[0]

    for control in controls.values():
        control.observe(redraw, names="value")
    row = widgets.HBox(list(controls.values()), layout=widgets.Layout(flex_flow="row wrap"))
    box = widgets.VBox([row, shown] if controls else [shown])
    still = base64.b64encode(first).decode("ascii") if kind == "image/png" else first
    display(
        {
            "application/vnd.jupyter.widget-view+json": {
                "version_major": 2,
                "version_minor": 0,
                "model_id": box.model_id,
            },
            kind: still,
            "text/plain": (
                f"{FIGURE}{figures.described(_figure(drawn))}"
                if kind == "image/png"
                else "A table with controls; run this cell to move them."
            ),
        },
        raw=True,
    )


def _figure(drawn):
    return drawn if hasattr(drawn, "savefig") else drawn.get_figure()


def _rendered(drawn) -> tuple[bytes | str, str]:
    """What was drawn as a picture or as HTML, and its type."""
    if not hasattr(drawn, "savefig") and not hasattr(drawn, "get_figure"):
        return drawn._repr_html_() if hasattr(drawn, "_repr_html_") else str(drawn), "text/html"
    made = _figure(drawn)
    plt.close(made)
    picture = io.BytesIO()
    made.savefig(picture, format="png", dpi=100, metadata={"Software": None})
    return picture.getvalue(), "image/png"

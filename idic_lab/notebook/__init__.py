"""What a notebook touches: start, tables, headlines, formatted tables and controls."""

from idic_lab.notebook.lab import Lab as Lab, start as start
from idic_lab.notebook.questions import ask as ask
from idic_lab.notebook.showing import explore as explore, panel as panel, plot_cycle as plot_cycle, show as show

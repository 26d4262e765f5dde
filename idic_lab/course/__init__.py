"""Running the course: notebooks, reports and the controls inside them."""

from idic_lab.course.lab import Lab, start
from idic_lab.course.showing import show
from idic_lab.course.widgets import explore

__all__ = ["Lab", "explore", "show", "start"]

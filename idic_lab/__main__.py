"""``python -m idic_lab`` is ``idic-lab``."""

from idic_lab.cli import main

main()

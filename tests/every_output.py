"""For ``pytest --nbval -p every_output``: a semicolon at a cell's end hides its value, as it does in JupyterLab.

nbval executes cells without keeping their source, and IPython looks for the semicolon in what it kept.
"""

from nbval.kernel import RunningKernel


def execute_cell_input(self, cell_input: str, allow_stdin: bool | None = None) -> str:
    """Execute one cell as JupyterLab does; the id of the request."""
    return self.kc.execute(cell_input, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)


RunningKernel.execute_cell_input = execute_cell_input

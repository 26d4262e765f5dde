"""How `make lab` starts JupyterLab: on this machine only, behind a token, and without fetching anything."""

import warnings

c = get_config()  # noqa: F821 (given by Jupyter)
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.log_level = c.LabApp.log_level = "WARN"  # the address to open is still shown
# No pings on one machine; the default time is longer than tornado allows, and it says so.
c.ServerApp.tornado_settings = {"ws_ping_interval": 0, "ws_ping_timeout": 0}
# The address to copy from the terminal leads there too; a file named on the command line would not be in it.
c.LabApp.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"  # the other one asks the package index
c.KernelManager.transport_encryption = "auto"  # else each kernel warns that it talks in clear
# Of Jupyter to its own extensions; nothing a reader can act on.
warnings.filterwarnings("ignore", message="ServerApp.token config is deprecated", category=DeprecationWarning)

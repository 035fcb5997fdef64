"""HTTP probes that Tocsin runs itself."""

from tocsin.plugins.probes.http.probe import HttpProbe, read_probes
from tocsin.plugins.probes.http.running import run_due

__all__ = ["HttpProbe", "read_probes", "run_due"]

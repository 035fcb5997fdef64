"""Where exporters are registered; apart from what loads them, so that a check of the configuration needs no Django."""

EXPORTERS = "tocsin.exporters"
"""The entry-point group of exporters: callables without arguments that return a `status_site.ports.Exporter`."""

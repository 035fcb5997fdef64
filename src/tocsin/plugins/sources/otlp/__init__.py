"""OTLP/HTTP: metrics and traces of instrumented services and clients become transactions."""

from tocsin.plugins.sources.otlp.decoding import Decoded, decode_metrics, decode_traces, response

__all__ = ["Decoded", "decode_metrics", "decode_traces", "response"]

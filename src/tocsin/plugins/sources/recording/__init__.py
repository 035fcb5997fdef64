"""Recorded scenarios: a folder of what monitoring saw over some hours."""

from tocsin.plugins.sources.recording.model import Recording
from tocsin.plugins.sources.recording.reader import open_recording

__all__ = ["Recording", "open_recording"]

"""Writes numbered records to the intake log of a folder, and says each number once it is acknowledged, until killed."""

import sys
from pathlib import Path

from tocsin.observations.intake_log import IntakeWriter

writer = IntakeWriter(Path(sys.argv[1]))
number = 0
while True:
    writer.append(f"{sys.argv[2]}:{number}:".encode() + bytes(number % 5000))
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()
    number += 1

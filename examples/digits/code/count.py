"""Prints numbered lines for a while: what a log store must have exactly once."""

import sys
import time

lines, width, pause = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
for number in range(lines):
    print(f"line {number} {'x' * width}", flush=True)
    time.sleep(pause)

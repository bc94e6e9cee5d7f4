"""``make fuzz``: a hundred thousand cases, a table, and exit code 1 if any broke the promise."""

from __future__ import annotations

import argparse
import sys

from tests.fuzz.run import run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    outcomes = run(arguments.cases, arguments.seed)
    print(f"{'door':18}{'cases':>8}{'refused':>9}{'slowest':>10}{'memory':>9}{'time':>9}")
    for o in outcomes:
        print(f"{o.target:18}{o.cases:8}{o.refused:9}{o.slowest:8.3f} s{o.memory:6} MB{o.seconds:7.0f} s")
    print(f"{'all':18}{sum(o.cases for o in outcomes):8}{sum(o.refused for o in outcomes):9}")
    for o in outcomes:
        for fault in o.faults:
            print(f"\n{o.target}: {fault}")
    sys.exit(any(o.faults for o in outcomes))

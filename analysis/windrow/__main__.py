"""`python -m windrow`: commands."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .errors import WindrowError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; the exit status is 0, or 2 for a wrong input."""
    parser = argparse.ArgumentParser(prog="windrow", description="Reads result files of Windrow.")
    commands = parser.add_subparsers(dest="command", required=True)
    report = commands.add_parser(
        "report",
        help="one self-contained HTML page of a sweep",
        description="Writes one HTML page that needs nothing beside it: figures, results to sort and filter.",
    )
    report.add_argument("file", metavar="FILE", help="a result file; a sweep may still be running")
    report.add_argument("-o", "--output", metavar="PAGE", help="where the page goes; FILE with .html without it")
    report.add_argument("--metric", metavar="M[,M]", default="", help="metrics that have figures")
    report.add_argument("--x", metavar="AXIS", help="the axis that figures are drawn against")
    report.add_argument("--by", metavar="AXIS", help="the axis that tells curves apart")
    options = parser.parse_args(arguments)

    import matplotlib as mpl

    mpl.use("Agg")
    from . import report as pages

    metrics = [name for name in options.metric.split(",") if name]
    try:
        page = pages.write(options.file, options.output, metrics=metrics, x=options.x, by=options.by)
    except WindrowError as error:
        print(error, file=sys.stderr)
        return 2
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())

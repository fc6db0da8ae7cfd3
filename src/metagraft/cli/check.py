"""`metagraft check FILE`: what of a model can run here."""

from __future__ import annotations

import argparse
import json
from typing import Final

from metagraft.cli.command import DONE, NOT_SO, Command
from metagraft.cli.terminal import console, is_terminal, table, write
from metagraft.saved_model.readiness import check
from metagraft.saved_model.readiness_report import (
    GraphReadiness,
    ReadinessReport,
    shown_nodes,
    shown_outputs,
    shown_signature,
    title,
    verdict,
)

_DESCRIPTION: Final = (
    "Say whether the graphs of a model can run here: which ops have no kernel, which "
    "outputs need them and where they come from; which nodes cannot be imported; and "
    "which ops reach beyond the graph, such as those that read files. Nothing is run. "
    "Exit code: 0 if it can run, 1 if not, 2 if the file cannot be read."
)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        metavar="FILE",
        help="a MetaGraph, GraphDef or SavedModel; the prefix of a checkpoint with a "
        ".meta file; or a folder with one of these",
    )
    parser.add_argument(
        "--output",
        action="append",
        metavar="NAME",
        help="a tensor or operation that shall be computed, in the place of the "
        "outputs of the signatures; may be repeated",
    )
    parser.add_argument(
        "--feed",
        action="append",
        default=[],
        metavar="NAME",
        help="with --output: a tensor that will be fed; may be repeated",
    )
    parser.add_argument("--all", action="store_true", help="name all nodes and outputs")
    parser.add_argument("--json", action="store_true", help="write the report as JSON")


def _run(parsed: argparse.Namespace) -> int:
    if parsed.feed and not parsed.output:
        raise ValueError("--feed goes with --output")
    report = check(parsed.file, outputs=parsed.output, feeds=parsed.feed)
    if parsed.json:
        write(json.dumps(report.as_dict(), indent=2))
    elif is_terminal():
        for graph in report.graphs:
            _show(report, graph, parsed.all)
    else:
        write("\n".join(report.lines(all_names=parsed.all)))
    return DONE if report.ready else NOT_SO


def _show(report: ReadinessReport, graph: GraphReadiness, all_names: bool) -> None:
    """Show one graph in tables."""
    out = console()
    out.print(title(report, graph), style="bold")
    out.print(verdict(graph), style="green" if graph.ready else "red")
    if graph.missing:
        rows = [
            (
                op.op_type,
                shown_nodes(op.nodes, all_names),
                shown_outputs(op.needed_by, graph, all_names),
                op.origin,
            )
            for op in graph.missing
        ]
        out.print()
        out.print(table(("No kernel", "Nodes", "Needed by", "Origin"), rows))
        signatures = [(op.op_type, shown_signature(op)) for op in graph.missing]
        out.print()
        out.print(table(("No kernel", "Signature"), signatures))
    if graph.refusals:
        refused = [(r.node, r.op_type, r.reason) for r in graph.refusals]
        out.print()
        out.print(table(("Cannot be imported", "Op type", "Reason"), refused))
    if graph.effects:
        effects = [
            (effect.op_type, effect.effect, shown_nodes(effect.nodes, all_names))
            for effect in graph.effects
        ]
        out.print()
        out.print(table(("Reaches out", "Does", "Nodes"), effects))


COMMAND: Final = Command(_DESCRIPTION, _add_arguments, _run)

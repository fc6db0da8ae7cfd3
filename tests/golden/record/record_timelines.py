"""Records the traces that TensorFlow makes of `tests.programs.step_stats`.

Usage: python -m tests.golden.record.record_timelines
"""

from __future__ import annotations

from pathlib import Path

from tests.golden.record import tensorflow_v1
from tests.programs.step_stats import fill

FOLDER = Path(__file__).resolve().parent.parent / "timelines"


def main() -> None:
    """Write the trace with arrows and the one without."""
    tf = tensorflow_v1.load()
    from tensorflow.python.client import timeline

    FOLDER.mkdir(exist_ok=True)
    for name, shows_flow in (("with_flow", True), ("without_flow", False)):
        made = timeline.Timeline(fill(tf.RunMetadata().step_stats))
        text = made.generate_chrome_trace_format(show_dataflow=shows_flow)
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(FOLDER.name)


if __name__ == "__main__":
    main()

"""Profiles of a small network, as `tf.profiler` shows and returns them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# What can be shown of a node in every view.
EVERYTHING = (
    "params float_ops bytes micros device op_types occurrence input_shapes peak_bytes "
    "residual_bytes output_bytes"
).split()
_GPU = "/job:localhost/replica:0/task:0/device:GPU:0"
_CPU = "/job:localhost/replica:0/task:0/device:CPU:0"


def network(tf: Any) -> None:
    """Add nodes of nearly all op types whose float operations are counted."""
    x = tf.placeholder(tf.float32, [2, 16, 16, 3], name="x")
    with tf.variable_scope("net"):
        w = tf.get_variable("w", [3, 3, 3, 8])
        b = tf.get_variable("b", [8])
        h = tf.nn.bias_add(tf.nn.conv2d(x, w, [1, 2, 2, 1], "SAME"), b, name="ba")
        h = tf.nn.max_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
        h = tf.nn.avg_pool(tf.nn.relu(h), [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
        depth = tf.get_variable("dw", [3, 3, 8, 1], use_resource=True)
        h = tf.nn.depthwise_conv2d(h, depth, [1, 1, 1, 1], "SAME")
        m = tf.get_variable("m", [32, 10])
        logits = tf.matmul(tf.reshape(h, [2, -1]), m)
        _ = logits + tf.placeholder(tf.float32, [None, 10], name="u")
    p = tf.nn.softmax(logits)
    loss = tf.reduce_mean(tf.square(p)) + tf.nn.l2_loss(m)
    loss += tf.reduce_sum(tf.log(p + 1e-3)) + tf.reduce_sum(tf.add_n([logits] * 3))
    loss += tf.cast(tf.reduce_sum(tf.argmax(logits, 1)), tf.float32)
    bent = tf.squared_difference(logits, p) / tf.rsqrt(p)
    _ = bent - tf.negative(tf.reciprocal(tf.maximum(p, logits) ** 2.0))
    tf.matmul(tf.ones([4, 2, 3]), tf.ones([4, 5, 3]), transpose_b=True)
    tf.matmul(tf.ones([3, 2]), tf.ones([3, 2]), transpose_a=True)
    ones = [1, 1, 1, 1]
    tf.nn.dilation2d(x, tf.ones([3, 3, 3]), ones, ones, "SAME")
    tf.nn.conv3d(
        tf.ones([1, 4, 4, 4, 2]), tf.ones([2, 2, 2, 2, 3]), [1, *ones], "VALID"
    )
    tf.layers.batch_normalization(h, name="BatchNorm", fused=False)
    step = tf.train.get_or_create_global_step()
    tf.train.GradientDescentOptimizer(0.1).minimize(loss, global_step=step)


def run_metadata(tf: Any, names: list[str]) -> Any:
    """Return what a run of some nodes reports, convolutions on an accelerator."""
    run = tf.RunMetadata()
    add = run.step_stats.dev_stats.add
    cpu, gpu, stream = (
        add(device=one) for one in (_CPU, _GPU, "/device:GPU:0/stream:all")
    )
    for i, name in enumerate([*names, "RecvTensor", "extra"]):
        is_gpu = "Conv2D" in name
        stats = (gpu if is_gpu else cpu).node_stats.add(
            node_name=name,
            all_start_micros=1000 + 40 * i + i % 3,
            op_end_rel_micros=(i * 37) % 211,
            all_end_rel_micros=220,
        )
        memory = stats.memory.add(
            allocator_name="GPU_0_bfc" if is_gpu else "cpu",
            total_bytes=1000 * i,
            peak_bytes=500 * i,
            live_bytes=100 * i,
            allocator_bytes_in_use=7_000_000 + i,
        )
        stats.memory_stats.temp_memory_size = 8 * (i % 5)
        stats.memory_stats.persistent_memory_size = 4 * (i % 7)
        output = stats.output.add(slot=0)
        output.tensor_description.allocation_description.requested_bytes = 64 * i
        if is_gpu:
            start = stats.all_start_micros
            memory.allocation_records.add(alloc_micros=start, alloc_bytes=4_000_000)
            memory.allocation_records.add(alloc_micros=start + 150, alloc_bytes=-300)
            stream.node_stats.add(
                node_name=f"{name}:Conv2D",
                all_start_micros=start + 5,
                op_end_rel_micros=90,
            )
    return run


def options(tf: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the view and the options of each profile of a graph."""
    builder = tf.profiler.ProfileOptionBuilder
    shown = ["params", "float_ops", "occurrence"]
    found = {}
    for view in ("scope", "graph", "op"):
        found[f"flops_{view}"] = (view, builder.float_operation())
        found[f"parameters_{view}"] = (view, builder.trainable_variables_parameter())
        found[f"everything_{view}"] = (view, builder().select(EVERYTHING).build())
        found[f"names_{view}"] = (
            view,
            (
                builder()
                .select(shown)
                .with_max_depth(40)
                .with_node_names(
                    start_name_regexes=["net.*", "Conv2D", ".*net/Mat.*"],
                    show_name_regexes=[".*net.*", ".*Max.*", "Mul|Sub"],
                    hide_name_regexes=[".*/b.*"],
                    trim_name_regexes=[".*_grad", "Ran.*", ".*pool.*"],
                )
                .build()
            ),
        )
        found[f"types_{view}"] = (
            view,
            (
                builder()
                .select(shown)
                .with_accounted_types(["Conv.*", ".*Mul", "Mat.*"])
                .account_displayed_op_only(True)
                .with_min_occurrence(2 if view == "op" else 0)
                .with_min_parameters(0)
                .with_min_float_operations(3)
                .order_by("float_ops" if view == "op" else "params")
                .build()
            ),
        )
    found["shallow"] = "scope", builder().select(shown).with_max_depth(2).build()
    return found


def run_options(tf: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the view and the options of each profile of a run."""
    builder = tf.profiler.ProfileOptionBuilder
    found = {}
    for view in ("scope", "graph", "op"):
        found[f"run_{view}"] = (
            view,
            (
                builder(builder.time_and_memory(min_micros=20))
                .select(["micros", "bytes", "peak_bytes", "op_types", "input_shapes"])
                .with_min_memory(min_bytes=1, min_output_bytes=64)
                .build()
            ),
        )
        found[f"run_on_accelerator_{view}"] = (
            view,
            (
                builder()
                .select(["micros", "occurrence", "device"])
                .order_by("name")
                .with_accounted_types([".*gpu:0.*"])
                .build()
            ),
        )
        found[f"run_step_{view}"] = (
            view,
            (
                builder()
                .select(["accelerator_micros", "cpu_micros", "float_ops"])
                .with_min_execution_time(min_cpu_micros=50)
                .with_step(0)
                .build()
            ),
        )
    return found


def answers(tf: Any, folder: Path) -> dict[str, list[str]]:
    """Return what each profile shows, and the message that it returns.

    Args:
        tf: The library.
        folder: Where files can be written.
    """
    found: dict[str, list[str]] = {}
    with tf.Graph().as_default() as graph:
        network(tf)
        run = run_metadata(tf, sorted(op.name for op in graph.get_operations())[::5])
        cases = [(options(tf), {}), (run_options(tf), {"run_meta": run})]
        for table, given in cases:
            for name, (view, chosen) in table.items():
                path = folder / "profile.txt"
                chosen["output"] = f"file:outfile={path}"
                shown = tf.profiler.profile(graph, cmd=view, options=chosen, **given)
                text = path.read_text(encoding="utf-8").partition("Profile:\n")[2]
                # Messages of profiles of runs are long, and all made alike.
                is_long = name.startswith("run_step")
                found[name] = [text, "" if is_long else str(shown)]
        for view in ("scope", "graph"):
            chosen = tf.profiler.ProfileOptionBuilder().with_step(0)
            chosen = chosen.with_timeline_output(str(folder / "timeline")).build()
            tf.profiler.profile(graph, cmd=view, options=chosen, run_meta=run)
            text = (folder / "timeline_0").read_text(encoding="utf-8")
            found[f"timeline_{view}"] = [text, ""]
        checkers = tf.profiler.advise(graph, run).checkers
        for name in ("AcceleratorUtilizationChecker", "OperationChecker"):
            found[name] = list(checkers[name].reports)
        # What follows is about lines of this program, and of the library.
        found["expensive"] = list(checkers["ExpensiveOperationChecker"].reports)[:2]
    return found

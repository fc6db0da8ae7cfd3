"""Programs that make mistakes with SavedModels; each raises an error."""

from __future__ import annotations

import os
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tests.programs.saved_models import FOLDER, SOURCE, made, plain, source

if TYPE_CHECKING:
    from collections.abc import Callable


def _builder(tf: ModuleType) -> Any:
    return tf.saved_model.Builder(FOLDER)


def folder_is_not_empty(tf: ModuleType) -> None:
    source("words.txt", "a")
    tf.saved_model.Builder(SOURCE)


def graph_before_variables(tf: ModuleType) -> None:
    _builder(tf).add_meta_graph(["serve"])


def variables_twice(tf: ModuleType) -> None:
    v = tf.get_variable("v", initializer=1.0)
    builder = _builder(tf)
    with tf.Session() as sess:
        sess.run(v.initializer)
        builder.add_meta_graph_and_variables(sess, ["serve"])
        builder.add_meta_graph_and_variables(sess, ["train"])


def _with_signatures(tf: ModuleType, **signatures: Any) -> None:
    with tf.Session() as sess:
        _builder(tf).add_meta_graph_and_variables(sess, ["serve"], signatures)


def reserved_for_init(tf: ModuleType) -> None:
    _with_signatures(tf, __saved_model_init_op=tf.saved_model.build_signature_def())


def reserved_for_train(tf: ModuleType) -> None:
    _with_signatures(tf, __saved_model_train_op=tf.saved_model.build_signature_def())


def _info(tf: ModuleType) -> Any:
    return tf.saved_model.build_tensor_info(tf.constant(1.0, name="c"))


def info_without_name(tf: ModuleType) -> None:
    info = _info(tf)
    info.ClearField("name")
    _with_signatures(tf, s=tf.saved_model.build_signature_def({"x": info}))


def info_without_type(tf: ModuleType) -> None:
    info = _info(tf)
    info.ClearField("dtype")
    _with_signatures(tf, s=tf.saved_model.build_signature_def(None, {"y": info}))


def part_without_type(tf: ModuleType) -> None:
    info = _info(tf)
    info.composite_tensor.components.add().name = "c:0"
    _with_signatures(tf, s=tf.saved_model.build_signature_def({"x": info}))


def _with_asset(tf: ModuleType, asset: Any) -> None:
    with tf.Session() as sess:
        _builder(tf).add_meta_graph_and_variables(
            sess, ["serve"], assets_collection=[asset]
        )


def asset_is_no_tensor(tf: ModuleType) -> None:
    _with_asset(tf, "words.txt")


def asset_is_no_constant(tf: ModuleType) -> None:
    _with_asset(tf, tf.identity(tf.constant("words.txt")))


def asset_is_no_text(tf: ModuleType) -> None:
    _with_asset(tf, tf.constant(1.0))


def asset_is_no_scalar(tf: ModuleType) -> None:
    _with_asset(tf, tf.constant(["a", "b"]))


def asset_is_empty(tf: ModuleType) -> None:
    _with_asset(tf, tf.constant(""))


def main_op_is_a_tensor(tf: ModuleType) -> None:
    with tf.Session() as sess:
        _builder(tf).add_meta_graph_and_variables(
            sess, ["serve"], main_op=tf.constant(1.0)
        )


def main_op_twice(tf: ModuleType) -> None:
    tf.add_to_collection("legacy_init_op", tf.no_op())
    with tf.Session() as sess:
        _builder(tf).add_meta_graph_and_variables(sess, ["serve"], main_op=tf.no_op())


def no_session(tf: ModuleType) -> None:
    tf.get_variable("v", initializer=1.0)
    _builder(tf).add_meta_graph_and_variables("session", ["serve"])


def chunks(tf: ModuleType) -> None:
    _builder(tf).save(experimental_image_format=True)


def load_other_tags(tf: ModuleType) -> None:
    plain(tf)
    with tf.Session() as sess:
        tf.saved_model.load(sess, ["serve", "gpu"], FOLDER)


def load_tags_as_text(tf: ModuleType) -> None:
    plain(tf)
    with tf.Session() as sess:
        tf.saved_model.load(sess, "serve", FOLDER)


def load_nothing(tf: ModuleType) -> None:
    with tf.Session() as sess:
        tf.saved_model.load(sess, ["serve"], "nothing")


def _write_file(name: str, content: bytes) -> None:
    os.makedirs(FOLDER)  # noqa: PTH103
    with open(f"{FOLDER}/{name}", "wb") as file:  # noqa: PTH123
        file.write(content)


def load_damaged(tf: ModuleType) -> None:
    _write_file("saved_model.pb", b"\x08\x01\x12\x05")
    with tf.Session() as sess:
        tf.saved_model.load(sess, ["serve"], FOLDER)


def load_damaged_text(tf: ModuleType) -> None:
    _write_file("saved_model.pbtxt", b"meta_graphs { nonsense")
    with tf.Session() as sess:
        tf.saved_model.load(sess, ["serve"], FOLDER)


def load_without_checkpoint(tf: ModuleType) -> None:
    plain(tf)
    os.remove(f"{FOLDER}/variables/variables.index")  # noqa: PTH107
    with tf.Session() as sess:
        tf.saved_model.load(sess, ["serve"], FOLDER)


def load_two_main_ops(tf: ModuleType) -> None:
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.add_to_collection("saved_model_main_op", tf.no_op(name="first"))
        tf.add_to_collection("saved_model_main_op", tf.no_op(name="second"))
        builder = _builder(tf)
        builder.add_meta_graph_and_variables(sess, ["serve"])
        builder.save()
    with tf.Session() as sess:
        tf.saved_model.load(sess, ["serve"], FOLDER)


def default_is_no_constant(tf: ModuleType) -> None:
    tf.saved_model.build_signature_def(defaults={"x": tf.placeholder(tf.float32)})


def info_of_nothing(tf: ModuleType) -> None:
    info = _info(tf)
    info.ClearField("name")
    tf.saved_model.get_tensor_from_tensor_info(info)


def info_of_another_graph(tf: ModuleType) -> None:
    info = _info(tf)
    info.name = "d:0"
    tf.saved_model.get_tensor_from_tensor_info(info)


def method_of_no_signature(tf: ModuleType) -> None:
    plain(tf)
    updater = tf.saved_model.signature_def_utils.MethodNameUpdater(FOLDER)
    updater.replace_method_name("other", "a/b")


def method_of_no_graph(tf: ModuleType) -> None:
    plain(tf)
    updater = tf.saved_model.signature_def_utils.MethodNameUpdater(FOLDER)
    updater.replace_method_name("serving_default", "a/b", tags="train")


def method_without_name(tf: ModuleType) -> None:
    plain(tf)
    updater = tf.saved_model.signature_def_utils.MethodNameUpdater(FOLDER)
    updater.replace_method_name("serving_default", "")


def restore_op_by_name(tf: ModuleType) -> None:
    tf.saved_model.main_op_with_restore("save/restore_all")


MISTAKES: dict[str, Callable[[ModuleType], Any]] = {
    program.__name__: program
    for program in (
        folder_is_not_empty,
        graph_before_variables,
        variables_twice,
        reserved_for_init,
        reserved_for_train,
        info_without_name,
        info_without_type,
        part_without_type,
        asset_is_no_tensor,
        asset_is_no_constant,
        asset_is_no_text,
        asset_is_no_scalar,
        asset_is_empty,
        main_op_is_a_tensor,
        main_op_twice,
        no_session,
        chunks,
        load_other_tags,
        load_tags_as_text,
        load_nothing,
        load_damaged,
        load_damaged_text,
        load_without_checkpoint,
        load_two_main_ops,
        default_is_no_constant,
        info_of_nothing,
        info_of_another_graph,
        method_of_no_signature,
        method_of_no_graph,
        method_without_name,
        restore_op_by_name,
    )
}
MISTAKES.update(
    regression_without_examples=made("regression_signature_def", None, 1),
    regression_of_numbers=made("regression_signature_def", 1, 1),
    regression_of_text=made("regression_signature_def", 0, 2),
    regression_of_nothing=made("regression_signature_def", 0, None),
    classification_without_examples=made("classification_signature_def", None, 2, 1),
    classification_of_nothing=made("classification_signature_def", 0, None, None),
    classification_of_numbers=made("classification_signature_def", 1, 2, 1),
    classification_labels_are_numbers=made("classification_signature_def", 0, 1, 1),
    classification_scores_are_text=made("classification_signature_def", 0, 2, 2),
    prediction_without_inputs=made("predict_signature_def", None, None),
)

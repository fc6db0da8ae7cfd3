"""What functions of `tf.image` compute, from the same images with either library."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np


def _image(shape: list[int], seed: int = 0) -> Any:
    values = np.random.RandomState(seed).uniform(0, 1, shape)
    return np.round(values, 2).astype(np.float32)


def measures(tf: ModuleType) -> dict[str, Any]:
    """Differences within images and between them, and a slope."""
    a, b = tf.constant(_image([2, 24, 24, 3])), tf.constant(_image([2, 24, 24, 3], 1))
    similarity = tf.image.ssim(a, b, 1.0)
    return {
        "psnr": tf.image.psnr(a, b, 1.0),
        "same": tf.image.psnr(a, a, 1.0),
        "ssim": similarity,
        "slope": tf.gradients(similarity, a)[0],
        "map": tf.image.ssim(a, b, 1.0, filter_size=5, return_index_map=True),
        "scales": tf.image.ssim_multiscale(a, b, 1.0, (0.5, 0.5), filter_size=4),
        "odd": tf.image.ssim_multiscale(
            a[:, :23, :21], b[:, :23, :21], 1.0, (0.5, 0.3), filter_size=4
        ),
        "edges": tf.image.sobel_edges(a[:, :5, :6]),
        "variation": tf.image.total_variation(a),
        "gradients": tf.concat(tf.image.image_gradients(a[:, :4, :4]), 0),
    }


def colors(tf: ModuleType) -> dict[str, Any]:
    """Conversions of colours and types, and the slope of one."""
    x = tf.constant(_image([2, 3, 4, 3]))
    pixels = tf.image.convert_image_dtype(x, tf.uint8)
    hsv = tf.image.rgb_to_hsv(x)
    results = {
        "bytes": pixels,
        "wide": tf.image.convert_image_dtype(pixels, tf.int32),
        "narrow": tf.image.convert_image_dtype(tf.cast(pixels, tf.uint16), tf.uint8),
        "saturated": tf.image.convert_image_dtype(x * 2, tf.int16, saturate=True),
        "slope": tf.gradients(hsv, x, grad_ys=tf.constant(_image([2, 3, 4, 3], 3)))[0],
        "gray": tf.image.rgb_to_grayscale(pixels),
        "rgb": tf.image.grayscale_to_rgb(x[..., :1]),
        "standard": tf.image.per_image_standardization(pixels),
        "gamma": tf.image.adjust_gamma(pixels, 0.4, 1.3),
        "bright": tf.image.adjust_brightness(pixels, 0.3),
        "contrast": tf.image.adjust_contrast(pixels, 1.7),
        "hue": tf.image.adjust_hue(pixels, -0.2),
        "saturation": tf.image.adjust_saturation(pixels, 2.5),
    }
    for name in ("rgb_to_yiq", "yiq_to_rgb", "rgb_to_yuv", "yuv_to_rgb", "hsv_to_rgb"):
        results[name] = getattr(tf.image, name)(x)
    return results


def shapes(tf: ModuleType) -> dict[str, Any]:
    """Parts and sizes of images, with sizes that are fed."""
    x = tf.placeholder_with_default(_image([1, 5, 7, 2]), [None, None, None, 2])
    size = tf.placeholder_with_default(4, [])
    results = {
        "middle": tf.image.central_crop(x, 0.6),
        "crop": tf.image.crop_to_bounding_box(x, 1, 2, size, 3),
        "pad": tf.image.pad_to_bounding_box(x, 1, 2, 9, size + 7),
        "either": tf.image.resize_image_with_crop_or_pad(x, size, 9),
        "fitted": tf.image.resize_images(x, [11, 9], preserve_aspect_ratio=True),
        "framed": tf.image.resize_image_with_pad(x, 9, 8),
        "up": tf.image.flip_up_down(x[0]),
        "left": tf.image.flip_left_right(x),
        "turned": tf.image.rot90(x, k=size - 1),
        "transposed": tf.image.transpose(x),
    }
    for method in range(4):
        y = tf.image.resize_images(x, [8, 4], method, align_corners=True)
        results[f"method {method}"] = y
        if method != tf.image.ResizeMethod.AREA:
            results[f"slope {method}"] = tf.gradients(y, x, grad_ys=y)[0]
    return results


def boxes(tf: ModuleType) -> dict[str, Any]:
    """Boxes cut out, with slopes, chosen one by one and by tiles, and sampled."""
    image = tf.constant(_image([2, 6, 7, 2]))
    corners = tf.constant([[0.1, 0.2, 0.7, 0.83], [0.52, 0.1, 1.2, 0.4]])
    crops = tf.image.crop_and_resize(image, corners, [1, 0], [3, 4])
    slopes = tf.gradients(crops, [image, corners], grad_ys=crops)
    middles = _image([2, 30, 2], 5) * np.float32(0.6) + np.float32(0.2)
    halves = _image([2, 30, 2], 6) * np.float32(0.1) + np.float32(0.05)
    found = np.concatenate([middles - halves, middles + halves], axis=-1)
    scores = _image([2, 30], 7) + np.linspace(0, 0.005, 30, dtype=np.float32)
    results = {
        "crops": crops,
        "image slope": slopes[0],
        "box slope": slopes[1],
        "drawn": tf.image.draw_bounding_boxes(
            image[..., :1], corners[None] + [[[0.0]]] * 2
        ),
        "chosen": tf.image.non_max_suppression(found[0], scores[0], 9),
    }
    padded = {"pad_to_max_output_size": True}
    for number, given in enumerate(
        (
            {**padded, "tile_size": 8},
            {**padded, "score_threshold": 0.4, "iou_threshold": 0.2},
        )
    ):
        pair = tf.image.non_max_suppression_padded(found, scores, 12, **given)
        results[f"tiles {number}"], results[f"count {number}"] = pair
    tf.set_random_seed(4)
    sample = tf.image.sample_distorted_bounding_box(
        [60, 50, 3], corners[None, :1], seed=1, seed2=5
    )
    results.update(zip(("begin", "size", "box"), sample, strict=True))
    results["random"] = tf.image.random_crop(image[0], [3, 3, 2], seed=2)
    results["noisy"] = tf.image.random_saturation(_image([3, 3, 3]), 0.5, 2.0, seed=3)
    return results


def files(tf: ModuleType) -> dict[str, Any]:
    """Files written and read again."""
    pixels = tf.image.convert_image_dtype(tf.constant(_image([9, 11, 3])), tf.uint8)
    jpeg, png = tf.image.encode_jpeg(pixels), tf.image.encode_png(pixels)
    return {
        "jpeg": tf.io.decode_jpeg(jpeg),
        "png": tf.image.decode_image(png, dtype=tf.float32),
        "shape": tf.image.extract_jpeg_shape(jpeg),
        "is_jpeg": tf.stack([tf.image.is_jpeg(jpeg), tf.image.is_jpeg(png)]),
        "quality": tf.image.adjust_jpeg_quality(pixels, 30),
    }


RUNS: dict[str, Callable[[ModuleType], dict[str, Any]]] = {
    function.__name__: function for function in (measures, colors, shapes, boxes, files)
}


def run(tf: ModuleType, name: str) -> dict[str, Any]:
    """Build one of the programs and return what a session computes."""
    with tf.Graph().as_default(), tf.Session() as session:
        results: dict[str, Any] = session.run(RUNS[name](tf))
    return results

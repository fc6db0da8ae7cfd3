"""Programs about the functions of `tf.image`, argument by argument."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def _images(tf: ModuleType) -> list[Any]:
    """Return images whose shapes are known, partly known and not known."""
    return [
        tf.placeholder(tf.float32, [6, 8, 3], name="one"),
        tf.placeholder(tf.float32, [2, 6, 8, 3], name="batch"),
        tf.placeholder(tf.float32, [None, None, 3], name="fed"),
        tf.placeholder(tf.uint8, [None, 6, None, 3], name="bytes"),
    ]


def image_flips(tf: ModuleType) -> None:
    """Turns and mirrors of images, of batches, and of either."""
    tf.set_random_seed(3)
    for image in [*_images(tf), tf.placeholder(tf.float32, name="any")]:
        tf.image.flip_left_right(image)
        tf.image.flip_up_down(image)
        tf.image.transpose_image(image)
        tf.image.transpose(image, name="mine")
        tf.image.rot90(image)
        tf.image.rot90(image, k=tf.placeholder(tf.int32, []), name="turned")
        tf.image.random_flip_left_right(image)
        tf.image.random_flip_up_down(image, seed=5)


def image_crops(tf: ModuleType) -> None:
    """Parts of images and margins, with known sizes and fed ones."""
    size = tf.placeholder(tf.int32, [], name="size")
    for image in _images(tf):
        tf.image.central_crop(image, 0.5)
        tf.image.central_crop(image, 1.0)
        tf.image.central_crop(image, tf.placeholder(tf.float32, []))
        tf.image.crop_to_bounding_box(image, 1, 2, 3, 4)
        tf.image.crop_to_bounding_box(image, 0, size, size, 1)
        tf.image.pad_to_bounding_box(image, 1, 2, 9, 12)
        tf.image.pad_to_bounding_box(image, size, 1, size, 12)
        tf.image.resize_image_with_crop_or_pad(image, 4, 10)
        tf.image.resize_with_crop_or_pad(image, 7, size)
    tf.image.pad_to_bounding_box(tf.placeholder(tf.float32), 1, 2, 9, 12)
    tf.image.crop_to_bounding_box(tf.placeholder(tf.float32), 1, 2, 3, 4)


def image_resizes(tf: ModuleType) -> None:
    """Every way to resize, with known sizes and fed ones, and its gradient."""
    size = tf.placeholder(tf.int32, [2], name="size")
    methods = tf.image.ResizeMethod
    for image in _images(tf):
        for method in (
            methods.BILINEAR,
            methods.NEAREST_NEIGHBOR,
            methods.BICUBIC,
            methods.AREA,
            "nearest",
        ):
            y = tf.image.resize_images(image, [9, 5], method)
            if image.dtype == tf.float32 and method != methods.AREA:
                tf.gradients(y, image)
        tf.image.resize(image, size, align_corners=True, name="mine")
        tf.image.resize(image, [6, 8])
        tf.image.resize_images(image, (12, 5), preserve_aspect_ratio=True)
        tf.image.resize_images(image, size, preserve_aspect_ratio=True)
        tf.image.resize_image_with_pad(image, 7, 11)
        tf.image.resize_image_with_pad(image, 7, 11, methods.BICUBIC, True)
    batch = tf.placeholder(tf.float32, [None, 4, 4, 2])
    for function in (
        tf.image.resize_bilinear,
        tf.image.resize_nearest_neighbor,
        tf.image.resize_bicubic,
    ):
        y = function(batch, [7, 3], align_corners=True, name="corners")
        z = function(batch, size, half_pixel_centers=True)
        tf.gradients([y, z], batch)
    tf.image.resize_area(batch, [7, 3], name="area")
    y = tf.raw_ops.ScaleAndTranslate(
        images=batch, size=[5, 5], scale=[2.0, 1.0], translation=[0.0, 0.5]
    )
    tf.gradients(y, batch)


def image_colors(tf: ModuleType) -> None:
    """Colours, brightness and types."""
    for image in [*_images(tf), tf.placeholder(tf.float16, [4, 4, 3])]:
        tf.image.adjust_brightness(image, 0.2)
        tf.image.adjust_contrast(image, 1.5)
        tf.image.adjust_gamma(image, 0.5, 2)
        tf.image.adjust_hue(image, 0.1)
        tf.image.adjust_saturation(image, 2.0, name="mine")
        tf.image.per_image_standardization(image)
        tf.image.rgb_to_grayscale(image)
        for dtype in (tf.uint8, tf.int16, tf.float32, tf.float64, tf.int32, tf.int64):
            tf.image.convert_image_dtype(image, dtype)
            tf.image.convert_image_dtype(image, dtype, saturate=True, name="mine")
    image = tf.placeholder(tf.float32, [None, 4, 4, 3])
    for name in "rgb_to_yiq yiq_to_rgb rgb_to_yuv yuv_to_rgb hsv_to_rgb".split():
        getattr(tf.image, name)(image)
    tf.gradients(tf.image.rgb_to_hsv(image), image)
    tf.image.adjust_gamma(image, tf.placeholder(tf.float32, []))
    tf.image.grayscale_to_rgb(tf.placeholder(tf.float32, [4, 4, 1]))
    tf.image.grayscale_to_rgb(tf.placeholder(tf.float32, [None, 4, 1]), name="mine")
    tf.image.grayscale_to_rgb(tf.placeholder(tf.float32))


def image_randomness(tf: ModuleType) -> None:
    """Random changes of images."""
    tf.set_random_seed(7)
    for image in _images(tf):
        tf.image.random_brightness(image, 0.3)
        tf.image.random_contrast(image, 0.5, 1.5, seed=2)
        tf.image.random_hue(image, 0.1)
        tf.image.random_saturation(image, 0.5, 1.5)
    tf.image.random_crop(tf.placeholder(tf.float32, [8, 8, 3]), [4, 4, 3])
    tf.image.random_jpeg_quality(tf.placeholder(tf.float32, [8, 8, 3]), 20, 90, seed=1)


def image_boxes(tf: ModuleType) -> None:
    """Boxes drawn, cut out, chosen and sampled."""
    image = tf.placeholder(tf.float32, [None, 8, 9, 3])
    boxes = tf.placeholder(tf.float32, [None, 4])
    of_images = tf.placeholder(tf.float32, [None, 5, 4])
    tf.image.draw_bounding_boxes(image, of_images, name="drawn")
    tf.image.draw_bounding_boxes(image, of_images, colors=[[1.0, 0.0, 0.0]])
    crops = tf.image.crop_and_resize(image, boxes, [0, 1, 0], [3, 4])
    other = tf.image.crop_and_resize(
        tf.placeholder(tf.float32, [2, 8, 9, 3]),
        boxes,
        crop_size=[3, 4],
        method="nearest",
        box_indices=[0, 1, 0],
        name="nearest",
    )
    tf.gradients([crops, other], [image, boxes])
    tf.image.extract_glimpse(image, [3, 3], tf.zeros([2, 2]), centered=False)
    scores = tf.placeholder(tf.float32, [None])
    tf.image.non_max_suppression(boxes, scores, 5)
    tf.image.non_max_suppression(boxes, scores, 5, 0.3, score_threshold=0.1, name="n")
    tf.image.non_max_suppression_with_scores(boxes, scores, 5, soft_nms_sigma=0.5)
    tf.image.non_max_suppression_overlaps(
        tf.placeholder(tf.float32, [None, None]), scores, 3, 0.4
    )
    tf.image.combined_non_max_suppression(
        tf.placeholder(tf.float32, [2, 7, 1, 4]),
        tf.placeholder(tf.float32, [2, 7, 3]),
        4,
        9,
        pad_per_class=True,
    )
    tf.image.combined_non_max_suppression(
        tf.placeholder(tf.float32, [None, 7, 1, 4]),
        tf.placeholder(tf.float32, [None, 7, 3]),
        4,
        tf.placeholder(tf.int32, []),
    )
    tf.image.sample_distorted_bounding_box(
        [8, 9, 3], tf.zeros([1, 1, 4]), seed=3, seed2=4, area_range=[0.2, 0.9]
    )
    tf.image.sample_distorted_bounding_box(
        tf.shape(image[0]),
        of_images,
        min_object_covered=0.5,
        max_attempts=10,
        use_image_if_no_bounding_boxes=True,
        name="sampled",
    )
    tf.image.generate_bounding_box_proposals(
        tf.placeholder(tf.float32, [2, 4, 4, 3]),
        tf.placeholder(tf.float32, [2, 4, 4, 12]),
        tf.placeholder(tf.float32, [2, 5]),
        tf.placeholder(tf.float32, [4, 4, 12]),
    )


def image_transforms(tf: ModuleType) -> None:
    """Projections with their gradients."""
    image = tf.placeholder(tf.float32, [2, 5, 6, 3], name="image")
    moves = tf.placeholder(tf.float32, [None, 8], name="moves")
    y = tf.raw_ops.ImageProjectiveTransformV2(
        images=image,
        transforms=moves,
        output_shape=[4, 7],
        interpolation="BILINEAR",
    )
    z = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.placeholder(tf.float32, [None, None, None, 1], name="fed"),
        transforms=tf.ones([1, 8]),
        output_shape=tf.placeholder(tf.int32, [2]),
        fill_value=1.0,
        interpolation="NEAREST",
        fill_mode="WRAP",
    )
    tf.gradients(y, image)
    tf.gradients(z, z.op.inputs[0])


def image_files(tf: ModuleType) -> None:
    """Images as files, with every argument of their functions."""
    contents = tf.placeholder(tf.string, [], name="contents")
    tf.image.decode_jpeg(contents)
    tf.image.decode_jpeg(
        contents,
        channels=3,
        ratio=2,
        fancy_upscaling=False,
        try_recover_truncated=True,
        acceptable_fraction=0.5,
        dct_method="INTEGER_ACCURATE",
        name="jpeg",
    )
    tf.io.decode_and_crop_jpeg(contents, [1, 2, 3, 4], channels=1)
    tf.io.decode_png(contents, dtype=tf.uint16)
    tf.image.decode_gif(contents)
    tf.image.decode_bmp(contents, channels=3)
    tf.image.decode_image(contents)
    tf.image.decode_image(contents, 3, tf.float32, expand_animations=False)
    tf.image.decode_image(contents, dtype=tf.int32, expand_animations=False)
    tf.image.decode_webp(contents)
    tf.image.extract_jpeg_shape(contents)
    tf.image.is_jpeg(contents)
    image = tf.placeholder(tf.uint8, [None, None, 3])
    tf.image.encode_jpeg(image, quality=80, progressive=True, x_density=10)
    tf.image.encode_png(image, compression=3)
    tf.image.adjust_jpeg_quality(image, 70)
    tf.image.adjust_jpeg_quality(tf.placeholder(tf.float32, [4, 4, 1]), 70, name="q")


def image_measures(tf: ModuleType) -> None:
    """Differences within images and between them."""
    a = tf.placeholder(tf.float32, [None, 32, 32, 3], name="a")
    b = tf.placeholder(tf.float32, [None, 32, 32, 3], name="b")
    tf.image.image_gradients(a)
    tf.image.sobel_edges(a)
    tf.image.total_variation(a)
    tf.image.total_variation(a[0], name="one")
    tf.image.psnr(a, b, max_val=1.0)
    tf.image.psnr(tf.cast(a, tf.uint8), tf.cast(b, tf.uint8), max_val=255, name="p")
    tf.gradients(tf.image.ssim(a, b, 1.0), a)
    tf.image.ssim(a, b, 1.0, filter_size=7, return_index_map=True)
    tf.image.ssim_multiscale(a, b, 1.0, power_factors=(0.5, 0.5), filter_size=4)
    tf.image.extract_image_patches(a, [1, 3, 3, 1], [1, 2, 2, 1], [1] * 4, "SAME")
    tf.image.extract_patches(a, [1, 3, 3, 1], [1, 2, 2, 1], [1] * 4, "VALID")


PROGRAMS = (
    image_flips,
    image_crops,
    image_resizes,
    image_colors,
    image_randomness,
    image_boxes,
    image_transforms,
    image_files,
    image_measures,
)

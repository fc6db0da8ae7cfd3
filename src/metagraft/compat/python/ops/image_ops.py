"""`tensorflow.python.ops.image_ops`: images."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1.image",
        "adjust_brightness adjust_contrast adjust_gamma adjust_hue "
        "adjust_jpeg_quality adjust_saturation central_crop "
        "combined_non_max_suppression convert_image_dtype crop_to_bounding_box "
        "draw_bounding_boxes encode_png extract_glimpse flip_left_right flip_up_down "
        "generate_bounding_box_proposals grayscale_to_rgb hsv_to_rgb image_gradients "
        "non_max_suppression non_max_suppression_padded "
        "non_max_suppression_with_scores pad_to_bounding_box "
        "per_image_standardization psnr random_brightness random_contrast "
        "random_flip_left_right random_flip_up_down random_hue random_jpeg_quality "
        "random_saturation resize_area resize_bicubic resize_bilinear "
        "resize_image_with_crop_or_pad resize_images resize_nearest_neighbor "
        "rgb_to_grayscale rgb_to_hsv rgb_to_yiq rgb_to_yuv rot90 "
        "sample_distorted_bounding_box sobel_edges ssim ssim_multiscale "
        "total_variation transpose yiq_to_rgb yuv_to_rgb",
    ),
    **from_module(
        "metagraft.compat.v1.io",
        "decode_and_crop_jpeg decode_bmp decode_gif decode_image decode_jpeg "
        "decode_jxl decode_png decode_webp encode_jpeg extract_jpeg_shape is_jpeg",
    ),
    "ResizeMethodV1": "metagraft.compat.v1.image:ResizeMethod",
    "crop_and_resize_v1": "metagraft.compat.v1.image:crop_and_resize",
    "non_max_suppression_with_overlaps": (
        "metagraft.compat.v1.image:non_max_suppression_overlaps"
    ),
    "resize_image_with_pad_v1": "metagraft.compat.v1.image:resize_image_with_pad",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)

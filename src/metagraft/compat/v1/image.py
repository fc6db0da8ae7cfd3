"""`tf.image`: functions of images."""

from __future__ import annotations

from metagraft.api.ragged_dispatch import with_ragged
from metagraft.lazy_names import from_module, lazy_names

_API = "metagraft.api"

CODECS = from_module(
    f"{_API}.image_codecs",
    "decode_and_crop_jpeg decode_bmp decode_gif decode_image decode_jpeg decode_jxl"
    " decode_png decode_webp encode_jpeg encode_png extract_jpeg_shape is_jpeg",
)

_NAMES = {
    **CODECS,
    "adjust_jpeg_quality": f"{_API}.image_codecs:adjust_jpeg_quality",
    **from_module(
        f"{_API}.image_boxes",
        "combined_non_max_suppression draw_bounding_boxes"
        " generate_bounding_box_proposals non_max_suppression"
        " non_max_suppression_overlaps non_max_suppression_with_scores"
        " sample_distorted_bounding_box",
    ),
    **from_module(
        f"{_API}.image_color",
        "adjust_brightness adjust_contrast adjust_gamma adjust_hue adjust_saturation"
        " convert_image_dtype grayscale_to_rgb hsv_to_rgb per_image_standardization"
        " rgb_to_grayscale rgb_to_hsv rgb_to_yiq rgb_to_yuv yiq_to_rgb yuv_to_rgb",
    ),
    **from_module(
        f"{_API}.image_crop",
        "central_crop crop_and_resize crop_to_bounding_box extract_glimpse"
        " pad_to_bounding_box resize_image_with_crop_or_pad",
    ),
    "resize_with_crop_or_pad": f"{_API}.image_crop:resize_image_with_crop_or_pad",
    **from_module(
        f"{_API}.image_filters", "image_gradients sobel_edges total_variation"
    ),
    **from_module(
        f"{_API}.image_flips",
        "flip_left_right flip_up_down random_flip_left_right random_flip_up_down rot90"
        " transpose",
    ),
    "transpose_image": f"{_API}.image_flips:transpose",
    "non_max_suppression_padded": (
        f"{_API}.image_padded_suppression:non_max_suppression_padded"
    ),
    **from_module(f"{_API}.image_quality", "psnr ssim ssim_multiscale"),
    **from_module(
        f"{_API}.image_random",
        "random_brightness random_contrast random_hue random_jpeg_quality"
        " random_saturation",
    ),
    **from_module(
        f"{_API}.image_resize",
        "ResizeMethod resize_area resize_bicubic resize_bilinear resize_image_with_pad"
        " resize_images resize_nearest_neighbor",
    ),
    "resize": f"{_API}.image_resize:resize_images",
    "random_crop": f"{_API}.random:random_crop",
    **from_module(f"{_API}.space_depth", "extract_image_patches extract_patches"),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES, with_ragged)

"""The still of a first project: a morning sky in which the sun comes up, drawn so that no image need be shipped."""

import io

SIZE = (1366, 768)
_HORIZON, _ZENITH, _SUN = "#f4c7a1", "#38507a", "#fff3da"


def draw_first_still() -> bytes:
    """A JPEG that every gateway takes as a first frame."""
    from PIL import Image, ImageDraw, ImageFilter, ImageOps

    sky = ImageOps.colorize(Image.linear_gradient("L"), black=_ZENITH, white=_HORIZON).resize(SIZE)
    glow = Image.new("L", SIZE)
    ImageDraw.Draw(glow).circle((SIZE[0] / 2, SIZE[1] * 0.72), 110, fill=255)
    sky.paste(_SUN, mask=glow.filter(ImageFilter.GaussianBlur(14)))
    file = io.BytesIO()
    sky.save(file, "JPEG", quality=90)
    return file.getvalue()

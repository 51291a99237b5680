"""Drawn pictures of marks that fade: no real person is in the demo."""

from io import BytesIO
from random import Random

from PIL import Image, ImageDraw, ImageFilter

SIZE = (480, 360)
SKIN = {
    1: (246, 221, 204),
    2: (239, 208, 184),
    3: (224, 184, 150),
    4: (190, 142, 106),
    5: (143, 98, 68),
    6: (94, 62, 45),
}
RED, PALE = (182, 84, 84), (250, 238, 228)


def draw_marks(skin_type: int, *, is_red: bool, strength: float, seed: int) -> bytes:
    """A JPEG of skin with wavy lines; `strength` 1 as at first, towards 0 as they fade."""
    random = Random(seed)  # noqa: S311 (a drawing, not a secret)
    skin = SKIN[skin_type]
    picture = Image.new("RGB", SIZE, skin)
    pen = ImageDraw.Draw(picture)
    line = _between(skin, RED if is_red else PALE, 0.25 + 0.6 * strength)
    for _ in range(9):
        x, y, length = random.randint(40, 440), random.randint(10, 120), random.randint(120, 220)
        points = [(x + random.randint(-7, 7) + step // 4, y + step) for step in range(0, length, 18)]
        pen.line(
            points,
            fill=line,
            width=max(2, round(random.uniform(5, 10) * (0.5 + strength / 2))),
            joint="curve",
        )
    out = BytesIO()
    picture.filter(ImageFilter.BoxBlur(2)).save(out, "JPEG", quality=82)
    return out.getvalue()


def _between(a: tuple[int, int, int], b: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    mixed = [round(x + (y - x) * share) for x, y in zip(a, b, strict=True)]
    return (mixed[0], mixed[1], mixed[2])

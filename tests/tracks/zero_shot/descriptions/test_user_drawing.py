"""A user's SVG file: a square of any size, and what lies outside it or is moved."""

import re
from pathlib import Path

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.tracks.zero_shot.descriptions.description import describe_svg
from glyphlens.tracks.zero_shot.descriptions.user_drawing import describe_user_svg

STROKES = ((72, 14, 64, 44, 46, 74, 16, 94), (22, 46, 48, 52, 70, 64, 88, 82))


def drawn(path: Path, scale: float = 1, shift: float = 0, root: str = "", group: str = "") -> Path:
    moved = [[scale * number + shift for number in stroke] for stroke in STROKES]
    paths = "".join(
        f'<path kvg:type="㇒" d="M{m[0]},{m[1]}C{m[2]},{m[3]} {m[4]},{m[5]} {m[6]},{m[7]}"/>' for m in moved
    )
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:kvg="http://kanjivg.tagaini.net"'
    path.write_text(f'<svg {names} {root}><g><g kvg:element="〆" {group}>{paths}</g></g></svg>', encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("scale", "shift", "root"),
    [
        (1, 0, ""),
        (1, 0, 'viewBox="0 0 109 109"'),
        (10, 0, 'viewBox="0 0 1090 1090"'),
        (0.5, -20, 'viewBox="-20,-20,54.5,54.5"'),
    ],
)
def test_a_square_of_any_size_is_the_same_drawing(tmp_path: Path, scale: float, shift: float, root: str) -> None:
    found = describe_user_svg(drawn(tmp_path / "a.svg", scale, shift, root))
    plain = describe_svg(drawn(tmp_path / "plain.svg"))
    assert (found.types, found.names) == (plain.types, plain.names)
    np.testing.assert_allclose(found.points_SP2, plain.points_SP2, atol=1.5 / 255)


def test_a_wide_box_keeps_the_shape(tmp_path: Path) -> None:
    found = describe_user_svg(drawn(tmp_path / "a.svg", root='viewBox="0 0 218 109"')).points_SP2
    plain = describe_svg(drawn(tmp_path / "plain.svg")).points_SP2
    np.testing.assert_allclose(found[..., 0], plain[..., 0] / 2, atol=1.5 / 255)
    np.testing.assert_allclose(found[..., 1], plain[..., 1] / 2 + 0.25, atol=1.5 / 255)


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ({"scale": 10}, "stroke 1 runs through .*outside the square of side 109"),
        ({"shift": -500}, "stroke 1 runs through .*outside the square"),
        ({"scale": 1e306}, "outside the square"),
        ({"root": 'viewBox="0 0 0 0"'}, "viewBox='0 0 0 0': expected"),
        ({"root": 'viewBox="a"'}, "viewBox='a': expected"),
        ({"root": 'viewBox="0 0 1e400 9"'}, "viewBox=.*: expected"),
        ({"group": 'transform="scale(.1)"'}, re.escape("transform='scale(.1)' is not read")),
    ],
)
def test_what_is_not_in_the_square_is_refused(tmp_path: Path, how: dict[str, float], named: str) -> None:
    with pytest.raises(InputError, match=f"a.svg: .*{named}"):
        describe_user_svg(drawn(tmp_path / "a.svg", **how))  # type: ignore[arg-type]

import json

import numpy as np
import pytest
from hypothesis import given, settings

from glyphlens.core.errors import InputError
from glyphlens.imaging.contours import ContourError, Outline, format_contours, parse_contours
from tests.imaging.shapes import box, circle, outline, outlines

SQUARE = '["moveTo",[0,0]],["lineTo",[10,0]],["lineTo",[10,10]]'


def same(first: Outline, second: Outline) -> bool:
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(first, second, strict=True))


@settings(deadline=None)
@given(outlines)
def test_parsing_inverts_formatting(original: Outline) -> None:
    assert same(parse_contours(format_contours(original)), original)


def test_the_commands_of_the_project_plan() -> None:
    text = """[[["moveTo", [0, 0]], ["lineTo", [10, 0]], ["qCurveTo", [[12, 5], [8, 9], [4, 10]]],
               ["cubicTo", [[3, 10.5], [1, 9], [0, 5]]], ["closePath", null]]]"""
    parsed = parse_contours(text)
    assert parsed.points_P2.tolist() == [[0, 0], [10, 0], [12, 5], [8, 9], [4, 10], [3, 10.5], [1, 9], [0, 5]]
    assert parsed.tags_P.tolist() == [1, 1, 0, 0, 1, 2, 2, 1]
    assert parsed.ends_C.tolist() == [7]


def test_one_flat_subpath_is_a_list_of_one() -> None:
    assert same(parse_contours(f'[{SQUARE},["closePath",null]]'), parse_contours(f'[[{SQUARE},["closePath",null]]]'))


def test_integral_values_are_written_as_integers_without_spaces() -> None:
    text = format_contours(outline([(0, -0.0, 1), (10, 2.5, 1), (3, 4, 0)]))
    assert text == '[[["moveTo",[0,0]],["lineTo",[10,2.5]],["qCurveTo",[[3,4],[0,0]]],["closePath",null]]]'


def test_a_contour_without_on_curve_points_has_no_move() -> None:
    ring = outline(circle(0, 0, 100, cubic=False))
    (commands,) = json.loads(format_contours(ring))
    assert [name for name, _ in commands] == ["qCurveTo", "closePath"]
    assert commands[0][1][-1] is None
    assert same(parse_contours(format_contours(ring)), ring)


def test_a_contour_that_starts_off_curve_is_turned() -> None:
    turned = parse_contours(format_contours(outline([(5, 5, 0), (10, 0, 1), (0, 0, 1)])))
    assert turned.points_P2.tolist() == [[10, 0], [0, 0], [5, 5]]
    assert turned.tags_P.tolist() == [1, 1, 0]


def test_a_repeated_closing_point_and_a_lone_point_are_dropped() -> None:
    text = f'[[["moveTo",[7,7]],["closePath",null]],[{SQUARE},["lineTo",[0,0]],["closePath",null]]]'
    assert same(parse_contours(text), outline([(0, 0, 1), (10, 0, 1), (10, 10, 1)]))


def test_several_contours_keep_their_order() -> None:
    nested = outline(box(0, 0, 10, 10), box(2, 2, 8, 8, hole=True))
    assert same(parse_contours(format_contours(nested)), nested)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid JSON"),
        ("[[[", "not valid JSON"),
        ('[[["moveTo",[NaN,0]],["closePath",null]]]', "not valid JSON"),
        ('[[["moveTo",[1e999,0]],["closePath",null]]]', "not valid JSON"),
        ("[]", "no closed path"),
        ("[[]]", "no closed path"),
        ('[[["moveTo",[0,0]],["closePath",null]]]', "no closed path"),
        ("null", "no list of commands"),
        ('{"moveTo":[0,0]}', "no list of commands"),
        ("[[1,2],[3,4]]", "no list of commands"),
        ('[[["moveTo"]]]', "no list of commands"),
        ('[[["moveTo",[0,0]],["cubicTo",[[1,1],[2,2]]],["closePath",null]]]', "no list of commands"),
        ('[[["moveTo",[0,0]],["qCurveTo",[]],["closePath",null]]]', "no list of commands"),
        (f"[[{SQUARE}]]", "not closed"),
        (f'[[{SQUARE},["moveTo",[0,0]],["lineTo",[1,1]],["closePath",null]]]', "not closed before"),
        (f'[[{SQUARE}],[["lineTo",[0,10]],["closePath",null]]]', "not closed"),
        (f'[[{SQUARE},["endPath",null]]]', "unknown command 'endPath'"),
        ('[[["lineTo",[0,0]],["closePath",null]]]', "begin with moveTo"),
        ('[[["closePath",null]]]', "closePath without a path"),
        ('[[["moveTo",[0,null]],["lineTo",[1,1]],["closePath",null]]]', "no pair of numbers"),
        ('[[["moveTo",[0,"1"]],["lineTo",[1,1]],["closePath",null]]]', "no pair of numbers"),
        ('[[["moveTo",[0,1,2]],["lineTo",[1,1,2]],["closePath",null]]]', "no pair of numbers"),
        ('[[["moveTo",[0,1,2]],["lineTo",[1,1]],["closePath",null]]]', "no pair of numbers"),
        ('[[["moveTo",[0,0]],["qCurveTo",[[1,1],null]],["closePath",null]]]', "no pair of numbers"),
        ('[[["moveTo",[0,0]],["lineTo",[2000000,1]],["closePath",null]]]', "the limit is ±1e"),
    ],
)
def test_bad_contours_are_refused(text: str, message: str) -> None:
    with pytest.raises(ContourError, match=message) as caught:
        parse_contours(text)
    assert isinstance(caught.value, InputError)


def test_too_many_points_are_refused() -> None:
    path = [["moveTo", [0, 0]], *(["lineTo", [number, 1]] for number in range(33_000)), ["closePath", None]]
    with pytest.raises(ContourError, match="33001 points, the limit is 32767"):
        parse_contours(json.dumps([path]))

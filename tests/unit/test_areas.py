"""Two counts in one picture: heights, ends and the axis say what the numbers say, at any width."""

import pytest

from activeseed.cli.areas import HEIGHT, Area, areas

FULL = {"▁": 1, "▂": 2, "▃": 3, "▄": 4, "▅": 5, "▆": 6, "▇": 7, "█": 8}


def heights(lines: list[str], left: int) -> list[int]:
    """Eighths that each column is filled with."""
    width = max(map(len, lines)) - left
    return [sum(FULL.get(line[left + c : left + c + 1], 0) for line in lines) for c in range(width)]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_areas_end_where_their_counts_end(width):
    short = Area("short", tuple((float(n), n) for n in range(1, 11)))
    long = Area("long", tuple((float(n), (n + 3) // 4) for n in range(1, 41)))
    first, second, axis = areas([short, long], 10, width, "answers")
    left = len("10 ┤")
    a, b = heights(first, left), heights(second, left)
    assert max(map(len, [*first, *second, *axis])) <= width
    assert max(a) == max(b) == a[-1] == b[-1] == 8 * HEIGHT
    assert a == sorted(a)
    assert b == sorted(b)
    # ten of forty answers are a quarter of the axis, to the character that an answer may be cut at
    assert abs(len(a) - len(b) / 4) <= 1
    assert axis[1].split()[0] == "0"
    assert axis[-1].strip() == "answers"


def test_a_count_that_never_grew_is_an_empty_area():
    first, second, axis = areas([Area("none", ()), Area("some", ((1.0, 1),))], 3, 60, "answers")
    assert heights(first, 3) == []
    assert max(heights(second, 3)) == round(8 * HEIGHT / 3)
    assert "┬" in axis[0]

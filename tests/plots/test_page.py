"""The page's own typography."""

from __future__ import annotations

import jinja2
import pandas as pd
import pytest

from lexon.plots.page import Section, render_page, table, typeset

NARROW = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("14%", "14_%"),
        ("+4.0 %", "+4.0_%"),
        ("95 % of 3.5%, each", "95_% of 3.5_%, each"),
        ("[0.1, 0.2]", "[0.1,_0.2]"),
        ("[-1.5%, +2 %]", "[-1.5_%,_+2_%]"),
        ("[1, 2, 3]", "[1, 2, 3]"),
        ("a 50%x b", "a 50%x b"),
        ("100% %", "100_% %"),
    ],
)
def test_percentages_and_intervals_have_one_notation(written, shown):
    assert typeset(written) == shown.replace("_", NARROW)
    assert typeset(typeset(written)) == typeset(written)


def test_every_text_of_a_page_is_typeset_and_escaped():
    section = Section(
        "Part", ["5% <b>"], [], [table(pd.DataFrame({"a": ["6 %"]}), {"a": "7%"}, "8%")]
    )
    words = {"headline": "1%", "sentences": ["2 %"], "caveats": ["3%"], "record": [("share", "4%")]}
    page = render_page("t", "d", words, [section], "9%")
    assert all(f"{n}{NARROW}%" in page for n in range(1, 10))
    assert "&lt;b&gt;" in page


def test_links_to_sections_wrap_on_a_narrow_screen():
    page = render_page(
        "t",
        "d",
        {"headline": "", "sentences": [], "caveats": [], "record": []},
        [Section("Part", ["x"])],
        "",
    )
    (rule,) = [line for line in page.splitlines() if line.startswith("nav {")]
    assert "flex-wrap: wrap" in rule


def test_what_is_no_text_stays_as_it_is():
    assert typeset(3) == 3
    marked = jinja2.utils.markupsafe.Markup("5%")
    assert typeset(marked) is marked

"""A layout names what a page shows; whatever the tables hold, the page follows it."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from lexon.pipelines.reporting import page as shown
from lexon.pipelines.reporting.layout import Layout, layout_of
from lexon.pipelines.reporting.page import write_page

KINDS = [
    path.name.removesuffix(".yml")
    for path in (resources.files(shown.__package__) / "layouts").iterdir()
]
FINDINGS = {
    "headline": "Yes.",
    "sentences": [],
    "caveats": [],
    "record": [],
    "selected_by": "AUROC",
    "steps": ["Go on."],
}
TABLE = pd.DataFrame(
    {
        "label": ["a", "b", "c"],
        "kind": ["cell", "baseline", "cell"],
        "status": ["done", "done", "pending"],
        "loss": [1.23456, 2.0, np.nan],
        "loss_low": [1.0, 1.5, np.nan],
        "loss_high": [1.5, 2.5, np.nan],
        "against_ttH": [0.7, 0.8, 0.9],
        "against_ttW": [0.5, 0.6, 0.7],
    }
)


@pytest.fixture
def page(monkeypatch):
    """The page that a layout of one table makes."""

    def make(columns, findings=FINDINGS, **options):
        whole = {name: options.pop(name) for name in ("formats", "intervals") if name in options}
        section = {
            "heading": "Results",
            "text": "steps",
            "tables": [{"of": "summary", "caption": "All", "columns": columns, **options}],
        }
        made = Layout.model_validate(
            {"footer": "By {selected_by}.", "sections": [section], **whole}
        )
        monkeypatch.setattr(shown, "layout_of", lambda _: made)
        return write_page("classifier", findings, "title", "Which?", summary=TABLE)

    return make


@pytest.mark.parametrize("kind", KINDS)
def test_every_layout_is_one_and_names_each_figure_once(kind):
    figures = layout_of(kind).figures
    assert len(set(figures)) == len(figures)


def test_columns_come_in_the_order_of_the_layout_and_those_that_are_not_there_are_left_out(page):
    html = page({"loss": "the loss", "absent": "absent", "label": "cell"})
    assert html.index("the loss") < html.index(">cell<")
    assert "absent" not in html


def test_a_star_stands_for_the_rest_of_a_name(page):
    html = page({"against_*": "AUROC against *"})
    assert "AUROC against ttH" in html
    assert "AUROC against ttW" in html


def test_a_table_of_columns_that_are_not_there_is_left_out(page):
    assert "All" not in page({"label": "cell", "efficiency_*": "rejection *"})
    assert "All" in page({"label": "cell"})


def test_rows_are_chosen_by_kind_and_status(page):
    html = page({"label": "cell"}, kinds=["cell"], statuses=["done"])
    assert [name for name in "abc" if f'<th scope="row">{name}</th>' in html] == ["a"]


def test_numbers_are_written_as_asked_and_a_table_overrides_the_page(page):
    assert ">1.2<" in page({"loss": "loss"}, formats={"fixed_1": ["loss"]})
    section = page({"loss": "loss"}, formats={"short": ["loss"]})
    assert ">1.23<" in section


def test_an_interval_is_one_text(page):
    html = page(
        {"loss_text": "loss"},
        intervals={"*_text": {"of": "*", "low": "*_low", "high": "*_high", "digits": ".2f"}},
    )
    assert "1.23 [1.00,\N{NO-BREAK SPACE}1.50]" in html
    assert ">nan" not in html


def test_text_and_small_tables_come_from_the_findings(page):
    html = page({"label": "cell"}, findings=FINDINGS | {"steps": ["Take more seeds."]})
    assert "<p>Take more seeds.</p>" in html
    assert "By AUROC." in html


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"formats": {"bold": ["loss"]}}, "formats"),
        ({"sectoins": []}, "sectoins"),
        ({"sections": [{"text": "x"}]}, "heading"),
    ],
)
def test_a_mistake_in_a_layout_is_named(change, message):
    with pytest.raises(ValidationError, match=message):
        Layout.model_validate({"footer": "", "sections": []} | change)

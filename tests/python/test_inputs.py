"""docs/inputs.md says what the models do today."""

import pytest

from conftest import ROOT
from counterweight.dev.inputs import PAGE, STEPS, page


@pytest.mark.long
def test_the_page_is_what_the_models_give(demo, tmp_path):
    written = (ROOT / PAGE).read_text()
    assert written.count("\n| `tickets`") >= len(STEPS) - 2
    assert page(demo, tmp_path) == written, "run python -m counterweight.dev.inputs"

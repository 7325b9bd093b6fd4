import pytest

from reports.chapters.training_chapter import training_chapter
from reports.document import Paragraph, Table


@pytest.fixture(scope="module")
def chapter():
    return training_chapter(0)


def test_runs_on_raw_pixels_end_apart_and_those_on_scaled_pixels_alike(chapter):
    """The last digit of the first weights decides how many raw images are right, and of scaled ones never."""
    *_, table = (block for block in chapter.blocks if isinstance(block, Table))
    right = {row[0]: (int(row[1]), int(row[2])) for row in table.rows}
    raw, same_rate, own_rate = right.values()
    assert [name.split(",")[0] for name in right] == ["raw pixels", "pixels/255", "pixels/255"]
    assert raw[0] != raw[1]
    assert same_rate[0] == same_rate[1]
    assert own_rate[0] == own_rate[1]
    assert own_rate[0] > max(raw)


def test_the_chapter_says_what_is_derived_and_what_is_written_by_hand(chapter):
    words = next(block.text for block in chapter.blocks if isinstance(block, Paragraph))
    assert "steps of one image at a time are written out by hand" in words
    for name in ("relu", "sigmoid", "tanh", "softmax minus target"):
        assert name in words


def test_three_methods_uphold_the_assembled_gradient_of_every_network(chapter):
    table, *_ = (block for block in chapter.blocks if isinstance(block, Table))
    assert len(table.rows) == 8
    assert all(row[2:5] == ["agrees"] * 3 for row in table.rows)


def test_wrong_gradients_train_as_well_and_are_refuted(chapter):
    _, table, _ = (block for block in chapter.blocks if isinstance(block, Table))
    assert [row[1] for row in table.rows] == ["50 of 50"] * 3
    assert [row[2].word for row in table.rows] == ["agrees", "refuted", "refuted"]

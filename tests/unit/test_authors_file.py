"""A seed back into its author's Markdown: which line is which item, what is added, and when the file has moved on."""

import pytest

from activeseed.errors import SeedError
from activeseed.files import load_seed, sync, write_into
from activeseed.seed import ABSENT, Item, Text, Variant

CHARTER = (
    "\ufeff# Honesty\r\n\r\nA paragraph that is\r\nwrapped.  \r\n\r\nNever:\r\n\r\n- lie;\r\n- flatter.\r\n\r\n"
    "# Care {authority=root}\r\n\r\nTwice the same.\r\n\r\nTwice the same.\r\n"
)


@pytest.fixture
def charter(tmp_path):
    file = tmp_path / "charter.md"
    file.write_bytes(CHARTER.encode())
    return file


def written(seed, charter, **more):
    out = charter.with_name("out.md")
    write_into(seed, out, charter, **more)
    return out.read_bytes().decode()


def with_edit(seed, at, text, **more):
    """The seed with an annotator's edit that stands."""
    item = seed.items[at]
    edit = Variant(id="edit-1", payload=Text(text=text, prompt=item.payload.prompt, **more), comes_from="edit")
    items = [Item.model_validate({**i.model_dump(), "alternatives": (edit,)}) if i is item else i for i in seed.items]
    return seed.revise(items=items, standing={**seed.standing, item.id: "edit-1"})


def test_without_answers_it_is_the_file_byte_for_byte(charter):
    assert written(load_seed(charter).seed, charter) == CHARTER


def test_answers_change_their_lines_alone(charter):
    seed = load_seed(charter).seed
    assert written(with_edit(seed, 1, "lie, even kindly;"), charter) == CHARTER.replace("lie;", "lie, even kindly;")
    assert written(seed.stand(**{seed.items[0].id: ABSENT}), charter) == CHARTER.replace(
        "A paragraph that is\r\nwrapped.  \r\n\r\n", ""
    )
    both = seed.stand(**{seed.items[1].id: ABSENT, seed.items[2].id: ABSENT})
    assert written(both, charter) == CHARTER.replace("Never:\r\n\r\n- lie;\r\n- flatter.\r\n\r\n", "")
    # Of two copies the one that was dropped goes.
    assert written(seed.stand(**{seed.items[4].id: ABSENT}), charter) == CHARTER.removesuffix("\r\nTwice the same.\r\n")
    # An edit that names no rank keeps the one that the text has; another rank is an attribute.
    assert written(with_edit(seed, 3, "Thrice."), charter) == CHARTER.replace("Twice the same.", "Thrice.", 1)
    assert "Twice the same. {authority=user}" in written(
        with_edit(seed, 3, "Twice the same.", authority="user"), charter
    )


def test_what_annotators_wrote_is_added_at_the_end_of_its_group(charter):
    seed = load_seed(charter).seed
    new = Item(id="new", payload=Text(text="- say so"), group="Honesty", metadata={"answer": "a", "annotator": "ada"})
    out = written(seed.revise(items=[*seed.items, new]), charter)
    assert out == CHARTER.replace("- flatter.\r\n", "- flatter.\r\n\r\n\\- say so\r\n")
    # It is taken in again as the same item.
    charter.write_bytes(out.encode())
    grown = seed.revise(items=[*seed.items[:3], new, *seed.items[3:]])
    result = sync(seed, grown, load_seed(charter).seed)
    assert (result.added, result.removed, result.edited, result.conflicts) == ((), (), (), ())
    assert written(grown, charter) == out


def test_a_file_that_its_author_went_on_editing_is_synced_first(charter):
    seed = load_seed(charter).seed
    for edited, says in (
        (CHARTER.replace("lie;", "deceive;"), "line 8"),
        (CHARTER + "\r\nMore.\r\n", "More."),
        (CHARTER.replace("- lie;\r\n", ""), "no longer has"),
    ):
        charter.write_bytes(edited.encode())
        with pytest.raises(SeedError, match="went on editing") as error:
            written(seed, charter)
        assert says in str(error.value)
        assert "activeseed seed sync" in str(error.value)
        result = sync(seed, seed, load_seed(charter).seed)
        assert written(result.seed, charter) == edited
    # Lines that merely moved are where their author put them.
    moved = CHARTER.replace("- lie;\r\n- flatter.\r\n", "- flatter.\r\n- lie;\r\n")
    charter.write_bytes(moved.encode())
    assert written(with_edit(seed, 1, "lie, ever;"), charter) == moved.replace("lie;", "lie, ever;")


def test_what_the_author_removed_and_annotators_kept_is_written_again(charter):
    seed = load_seed(charter).seed
    kept = seed.items[1].id
    charter.write_bytes(CHARTER.replace("- lie;\r\n", "").encode())
    result = sync(seed, seed, load_seed(charter).seed, answered=[kept])
    assert [c.kind for c in result.conflicts] == ["removed"]
    said = write_into(result.seed, charter.with_name("out.md"), charter, answered=[kept])
    assert kept in said[0]
    assert charter.with_name("out.md").read_bytes().decode() == CHARTER.replace(
        "- lie;\r\n- flatter.\r\n", "- flatter.\r\n- lie;\r\n"
    )


def test_moved_paragraphs_and_an_edited_lead_in_keep_their_items(charter):
    seed = load_seed(charter).seed
    answered = seed.stand(**{seed.items[0].id: ABSENT})
    # The first paragraph moves into a section that says nothing of authority, and the lead-in gets another word.
    moved = CHARTER.replace("A paragraph that is\r\nwrapped.  \r\n\r\n", "").replace("Never:", "Never once:")
    moved = moved.replace("# Care", "# Work\r\n\r\nA paragraph that is wrapped.\r\n\r\n# Care")
    charter.write_bytes(moved.encode())
    result = sync(seed, answered, load_seed(charter).seed, answered=[seed.items[0].id])
    assert {i.id for i in result.seed.items} == {i.id for i in seed.items}
    assert (result.added, result.removed, result.conflicts) == ((), (), ())
    assert result.moved == (seed.items[0].id,)
    assert result.seed.standing == {seed.items[0].id: ABSENT}
    assert result.seed[seed.items[0].id].group == "Work"
    assert [i.payload.prompt for i in result.seed.items[:2]] == ["Never once:"] * 2
    assert written(result.seed, charter) == moved.replace("A paragraph that is wrapped.\r\n\r\n", "")


def test_what_can_not_stand_there_is_refused_and_nothing_is_written(charter):
    seed = load_seed(charter).seed
    with pytest.raises(SeedError, match=r"Write \.jsonl instead"):
        written(with_edit(seed, 0, "[^1]: a footnote"), charter)
    assert not charter.with_name("out.md").exists()

"""Words and files of the pages: both languages complete, nothing from outside, no inline code."""

import io
import json
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import dashboard
from dashboard import words
from dashboard.conditions import State

ROOT = Path(dashboard.__file__).parent
CATALOGUE = ROOT / "translations" / "en" / "LC_MESSAGES" / "messages.po"
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None}
TEMPLATES = sorted((ROOT / "templates").glob("*.html"))
OURS = [
    path
    for path in (*TEMPLATES, *sorted((ROOT / "static").rglob("*")))
    if path.is_file() and "vendor" not in path.parts
]


def sentences() -> set[str]:
    """What the code and the templates say, as it stands there."""
    methods = [("**.py", "python"), ("templates/**.html", "jinja2")]
    found = extract_from_dir(str(ROOT), methods, keywords=KEYWORDS)  # type: ignore[arg-type]
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


@pytest.fixture(scope="module")
def english() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, "en")


def test_every_sentence_has_its_english_and_none_is_left_over(english: Catalog) -> None:
    known = {str(message.id) for message in english if message.id}
    assert sentences() - known == set()
    assert known - sentences() == set()
    assert [message.id for message in english if message.id and not message.string] == []


def test_a_translation_keeps_the_gaps_of_its_sentence(english: Catalog) -> None:
    gaps = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
    for message in english:
        if message.id:
            assert set(gaps.findall(str(message.string))) == set(gaps.findall(str(message.id)))


def test_no_english_sentence_still_has_chinese_in_it(english: Catalog) -> None:
    han = re.compile("[\u4e00-\u9fff]")
    assert [m.id for m in english if m.id and han.search(str(m.string))] == []


def test_the_compiled_catalogue_is_made_from_this_one(english: Catalog) -> None:
    made = io.BytesIO()
    write_mo(made, english)
    assert CATALOGUE.with_suffix(".mo").read_bytes() == made.getvalue(), (
        "compile it: pybabel compile -d dashboard/translations"
    )


def test_every_state_has_its_word_and_its_shape() -> None:
    sprite = (ROOT / "templates" / "_symbols.html").read_text(encoding="utf-8")
    for state in State:
        assert state.value in words.STATES
        assert f'id="sym-{state.value}"' in sprite


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_no_page_asks_for_anything_outside(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|(?:src|href|url)\s*[=(]\s*[\"']?//", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_inline_code_or_unescaped_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|\|\s*safe|autoescape", text)
    for script in re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL):
        assert script == ""


def test_what_is_vendored_has_its_licence_and_version() -> None:
    for folder in (ROOT / "static" / "vendor").iterdir():
        assert (folder / "LICENSE").exists()
        assert re.search(r"\d+\.\d+\.\d+", (folder / "README.md").read_text())


def test_the_words_for_scripts_are_plain_json() -> None:
    assert json.dumps({key: str(value) for key, value in words.BROWSER.items()})

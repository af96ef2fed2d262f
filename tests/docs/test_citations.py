"""Code and pages cite the documentation by page, section and equation label, README and CONTRIBUTING files and make
targets: all of them exist.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "rfrobust").rglob("*.py"))
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("*.py")))
LABELS = set(re.findall(r"^\$\$ \(([\w:-]+)\)", "\n".join(PAGES.values()), re.MULTILINE))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_citations_exist(path):
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"\beq-[A-Za-z0-9-]+\b", text)) <= LABELS
    for page, section in re.findall(r'docs/(\w+),\s+"([^"]+)"', text):
        headings = re.findall(r"^#+ (.+)$", PAGES[page], re.MULTILINE)
        assert " ".join(section.split()) in headings, (page, section)
    for page in re.findall(r"\bdocs/(\w+)", text):
        assert page in PAGES or (ROOT / "docs" / page).is_dir(), page


def test_equations_cited_by_pages_and_tests_exist():
    cited = {label for text in PAGES.values() for label in re.findall(r"\{eq\}`([\w:-]+)`", text)}
    elsewhere = set(re.findall(r"^:label: (\S+)$", "\n".join(PAGES.values()), re.MULTILINE))
    assert cited - elsewhere | set(re.findall(r"\beq-[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\b", TESTS)) <= LABELS


def test_theory_uses_no_symbol_for_two_things():
    """Features are not phi, nor Gaussian vectors g and h; no letter of the printed theorem is one of ours."""
    retired = (r"\\varphi", r"\\phi_i", r"\\mathsf", r"R\^\*", r"\\mathbb P", r"[gh]\^\\top", r"\\mathcal Q")
    assert [symbol for symbol in retired if re.search(symbol, PAGES["theory"])] == []


@pytest.mark.parametrize(
    ("page", "count"),
    [("theory", 100), ("family", 24), ("channel", 60), ("second_comparison", 50), ("penalty_theorem", 12)],
)
def test_every_equation_of_the_theory_has_a_label(page, count):
    blocks = re.findall(r"^\$\$( \([\w-]+\))?$", PAGES[page], re.MULTILINE)
    assert len(blocks) >= count
    closing = blocks[1::2]
    assert all(closing)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/install.md"])
def test_links_and_make_targets_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link]
    assert links
    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"(?:`|^)make ([\w-]+)", text, re.MULTILINE)
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


def test_equation_labels_are_unique_over_all_pages():
    labels = re.findall(r"^\$\$ \(([\w:-]+)\)", "\n".join(PAGES.values()), re.MULTILINE)
    assert [label for label in set(labels) if labels.count(label) > 1] == []

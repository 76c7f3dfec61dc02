"""Counting the visible words of a page."""

from tests.reporting.pages.lengths import Lengths, lengths, main

PAGE = """<html><head><title>not this</title></head><body>
<header class="rm-top"><h1>two words</h1><details><summary>one</summary><p>folded away</p></details>
<details open><summary>one</summary><p>seen</p></details></header>
<nav>contents list</nav>
<main><section><h2>A finding</h2><p>three more words<span class="rm-hidden"> hidden</span></p>
<svg><text>label</text></svg><br><div style="display: none">narrow</div></section>
<section><h2>How far to trust this</h2><p>not counted</p><h3>Nor</h3> this</section>
<section><h2>After it</h2><p>counted</p></section></main></body></html>"""


def test_what_is_seen_is_counted_and_what_is_folded_or_exempt_is_not():
    assert lengths(PAGE) == Lengths(first_screen=5, page=13, exempt=9)


def test_a_page_over_its_budget_is_marked_and_fails_a_check(tmp_path, capsys):
    (tmp_path / "short.html").write_text(PAGE)
    (tmp_path / "long.html").write_text(PAGE.replace("counted</p></section></main>", "word " * 900))
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("over") == 1
    assert main([str(tmp_path), "--check"]) == 1
    assert main([str(tmp_path / "none")]) == 2

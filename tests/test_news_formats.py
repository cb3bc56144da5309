"""ninjs and NewsML-G2, by the structure that the IPTC publishes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dedup.model import Articles
from dedup.readers import read_feeds
from dedup.readers.dates import parse_date
from dedup.readers.fields import TAG_SEPARATOR

NAMESPACE = 'xmlns="http://iptc.org/std/nar/2006-10-01/"'


def read(folder: Path, content: object, name: str = "item.json") -> Articles:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_feeds([path])


def reasons(articles: Articles) -> list[tuple[int, str]]:
    return [(skip.record, skip.reason) for skip in articles.skips]


def fields(articles: Articles, i: int = 0) -> tuple[str, ...]:
    return articles.ids[i], articles.title(i), articles.body(i), articles.sources[i], articles.languages[i]


NINJS_1 = {
    "uri": "http://e.com/1", "type": "text", "versioncreated": "2026-03-02T10:00:00+02:00", "language": "en",
    "headline": "Fog &amp; ferries", "body_text": "First. Second.", "body_xhtml": "<p>First.</p><p>Second.</p>",
    "subject": [{"name": "weather"}, {"code": "x"}], "infosource": [{"name": "Post", "role": "x"}],
}  # fmt: skip
NINJS_1_ROLES = {
    "uri": "http://e.com/1", "versioncreated": "2026-03-02T08:00:00Z", "language": "en", "copyrightholder": "Post",
    "headline_main": "Fog & ferries", "headline_seo": "Fog", "body_main": "First. Second, and longer than the other.",
    "body_richtext": "<p>First.</p><p>Second.</p>", "subject": [{"name": "weather"}],
}  # fmt: skip
NINJS_2 = {
    "uri": "http://e.com/1", "type": "text", "versioncreated": "2026-03-02T08:00:00Z", "language": "en",
    "headlines": [{"role": "seo", "value": "Fog"}, {"role": "main", "value": "Fog & ferries"}],
    "bodies": [{"role": "plain", "contenttype": "text/plain", "value": "First. Second."},
               {"role": "html", "contenttype": "text/html", "value": "<p>First.</p><p>Second.</p>"}],
    "subjects": [{"name": "weather"}], "infosources": [{"name": "Post"}],
}  # fmt: skip
NINJS_3 = {
    **{key: value for key, value in NINJS_2.items() if key != "versioncreated"},
    "versionCreated": "2026-03-02T08:00:00Z", "subjects": [{"names": [{"lang": "en", "value": "weather"}]}],
    "standard": {"name": "ninjs", "version": "3.0"},
}  # fmt: skip


@pytest.mark.parametrize("item", [NINJS_1, NINJS_1_ROLES, NINJS_2, NINJS_3], ids=["1.x", "1.x roles", "2.x", "3.x"])
@pytest.mark.parametrize("form", ["object", "indented", "array", "lines"])
def test_ninjs_of_each_version_is_the_same_article(item, form, tmp_path):
    """The form that has paragraphs is the text, the main headline the title."""
    content = {
        "object": json.dumps(item), "indented": json.dumps(item, indent=2), "array": json.dumps([item, item]),
        "lines": json.dumps(item) + "\n\n" + json.dumps(item) + "\n",
    }[form]  # fmt: skip

    articles = read(tmp_path, content)

    assert ("ninjs",) == articles.formats
    for i in range(len(articles)):
        assert ("http://e.com/1", "Fog & ferries", "First.\n\nSecond.", "Post", "en") == fields(articles, i)
        assert parse_date("2026-03-02T08:00:00Z") == articles.dates[i]
        assert (["weather"], "http://e.com/1") == (articles.tags[i].split(TAG_SEPARATOR), articles.urls[i])
    assert {"array": [1, 2], "lines": [1, 3]}.get(form, [1]) == articles.records.tolist()


def test_pictures_and_broken_items_are_lines(tmp_path):
    picture = {"uri": "p", "type": "picture", "versioncreated": "2026-01-01", "headline": "A quay"}

    articles = read(tmp_path, [NINJS_1, picture, 5, {"uri": "e", "headlines": None}])

    assert 1 == len(articles)
    assert [(2, 'no text: an item of type "picture"'), (3, "not an object"), (4, "empty")] == reasons(articles)


def test_what_is_withdrawn_and_captions_are_no_articles(tmp_path):
    """An item that its provider took back is named, however the status is spelt; so is a caption."""
    text = {"type": "text", "headline": "Fog", "body_text": "Thick fog."}
    picture = text | {"uri": "p", "type": "picture", "pubstatus": "usable"}
    items = [text | {"uri": "a", "pubstatus": "canceled"}, text | {"uri": "b", "pubStatus": "withheld"}, picture]

    articles = read(tmp_path, [*items, text | {"uri": "c", "pubstatus": "usable"}])

    assert ["c"] == list(articles.ids)
    assert [
        (1, "canceled by its provider"),
        (2, "withheld by its provider"),
        (3, 'no text: an item of type "picture"'),
    ] == reasons(articles)


def test_items_before_a_break_are_kept(tmp_path):
    articles = read(tmp_path, json.dumps([NINJS_1, NINJS_2])[:-20])

    assert 1 == len(articles)
    assert reasons(articles)[0][1].startswith("broken ninjs: line 1, column")


def news_item(content: str, *, kind: str = "ninat:text", guid: str = "urn:1", more: str = "") -> str:
    return (
        f'<newsItem guid="{guid}" version="3" xml:lang="en-GB" {NAMESPACE}><itemMeta><itemClass qcode="{kind}"/>{more}'
        '<provider qcode="nprov:POST"><name>Post</name></provider><versionCreated>2026-03-02T08:00:00Z</versionCreated>'
        "</itemMeta><contentMeta><subject><name>weather</name></subject><headline> Fog &amp;\n ferries</headline>"
        f"</contentMeta><contentSet>{content}</contentSet></newsItem>"
    )


NITF = (
    '<inlineXML contenttype="application/nitf+xml"><nitf xmlns="http://iptc.org/std/NITF/2006-10-18/"><body><body.head>'
    "<hedline><hl1>Fog</hl1></hedline><byline>By Jo</byline></body.head><body.content><p>First.</p><media>"
    "<media-caption>Fog.</media-caption></media><p>Second.</p></body.content></body></nitf></inlineXML>"
)
XHTML = (
    '<inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title>'
    "</head><body><p>First.</p><p>Sec<em>ond</em>.</p></body></html></inlineXML>"
)
DATA = '<inlineData contenttype="text/html">&lt;p&gt;First.&lt;/p&gt;&lt;p&gt;Second.</inlineData>'


@pytest.mark.parametrize("content", [NITF, XHTML, DATA, DATA + "<inlineData>F.</inlineData>"])
@pytest.mark.parametrize(
    "wrap", ["{}", "<?xml version='1.0' encoding='latin-1'?>\n<newsMessage><itemSet>{}</itemSet></newsMessage>"]
)
def test_a_news_item_is_an_article(content, wrap, tmp_path):
    """Of NITF the content and not the head, of XHTML the body, of several renditions the longest."""
    articles = read(tmp_path, wrap.format(news_item(content)), "item.xml")

    assert ("urn:1", "Fog & ferries", "First.\n\nSecond.", "Post", "en-GB") == fields(articles)
    assert parse_date("2026-03-02T08:00:00Z") == articles.dates[0]
    assert ("weather", ("newsml",)) == (articles.tags[0], articles.formats)


def test_what_is_no_article_is_skipped_with_its_reason(tmp_path):
    items = [
        f'<packageItem guid="p" {NAMESPACE}/>',
        f'<knowledgeItem guid="k" {NAMESPACE}/>',
        news_item("", kind="ninat:picture"),
        news_item(DATA, more='<pubStatus qcode="stat:canceled"/>'),
        news_item(DATA),
        news_item(DATA, more='<pubStatus qcode="stat:withheld"/>'),
    ]

    articles = read(tmp_path, f"<newsMessage {NAMESPACE}><itemSet>{''.join(items)}</itemSet></newsMessage>", "item.xml")

    assert [5] == articles.records.tolist()
    assert [
        (1, "no article: a packageItem"),
        (2, "no article: a knowledgeItem"),
        (3, "no article: a newsItem of class ninat:picture"),
        (4, "canceled by its provider"),
        (6, "withheld by its provider"),
    ] == reasons(articles)


def test_a_cut_message_keeps_what_came_before(tmp_path):
    message = f"<newsMessage {NAMESPACE}>\n<itemSet>{news_item(DATA)}\n<newsItem guid='2'><itemM"

    articles = read(tmp_path, message, "item.xml")

    assert "urn:1" in list(articles.ids)
    assert reasons(articles)[0][1].startswith("broken XML at line ")


def test_entities_are_refused(tmp_path):
    articles = read(tmp_path, '<!DOCTYPE newsItem [<!ENTITY a SYSTEM "/etc/passwd">]>' + news_item("&a;"), "item.xml")

    assert 0 == len(articles)
    assert [(0, 'refused: XML with the external entity "a"; remove its DOCTYPE')] == reasons(articles)

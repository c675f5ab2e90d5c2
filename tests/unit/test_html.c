/* HTML as a reader sees it, and the links in it and in text. */
#include "config.h"

#include "rule/html.h"
#include "rule/html_entities.h"
#include "rule/uri.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static void
collect(void *context, struct span uri)
{
	struct buf *all = context;

	if (all->len > 0)
		buf_add_byte(all, ' ');
	buf_add_span(all, uri);
}

static void
expect(const char *html, const char *text, const char *links)
{
	struct arena *a = arena_new(0);
	struct buf found = { 0 };
	struct span out = html_text(a, span_str(html), collect, &found);

	assert_string_equal(arena_strndup(a, out), text);
	assert_string_equal(buf_str(&found), links);
	buf_free(&found);
	arena_free(&a);
}

static void
test_tags(void **state)
{
	(void)state;
	expect("plain", "plain", "");
	expect("lot<b></b>t<i x=y>ery", "lottery", "");
	expect("<p>one</p><P>two<br/>three", "one\ntwo\nthree", "");
	expect("a < b > c <3", "a < b > c <3", "");
	expect("a </ x>b <!doctype html>c<?xml ?>d", "a b cd", "");
	expect("x<", "x<", "");
	expect("x</", "x", "");
	expect("x<a", "x", "");
}

static void
test_comments(void **state)
{
	(void)state;
	expect("win<!-- > <b> -->ner", "winner", "");
	expect("a<!-->b<!--->c<!-- x --!>d", "abcd", "");
	expect("a<!-- never closed <b>", "a", "");
	expect("a<!--", "a", "");
}

static void
test_code_is_dropped(void **state)
{
	(void)state;
	expect("a<style>p { x: y }</style>b<SCRIPT>if (a<b) c</scripT >d", "abd", "");
	expect("a<script>never closed", "a", "");
}

static void
test_references(void **state)
{
	(void)state;
	expect("t&#101;st &amp; &lt;b&gt; &eacute; &copy", "test & <b> \xc3\xa9 \xc2\xa9", "");
	expect("&#x41;&#X42&#67 &#128; &#0;", "ABC \xe2\x82\xac \xef\xbf\xbd", "");
	expect("&#99999999999;&#xd800;", "\xef\xbf\xbd\xef\xbf\xbd", "");
	expect("& && &; &# &#x &#; &nosuch; &amp", "& && &; &# &#x &#; &nosuch; &", "");
}

static void
test_white_and_invisible(void **state)
{
	(void)state;
	expect("  a \r\n\t b&nbsp;\xc2\xa0 c  ", "a b c", "");
	expect("vi&shy;ag\xc2\xadra\xe2\x80\x8b! &zwnj;&#8203;x", "viagra! x", "");
	expect("\xc3\xa9\xff\xe2\x80", "\xc3\xa9\xff\xe2\x80", "");
}

static void
test_links(void **state)
{
	(void)state;
	expect("<a href=\"http://a.example/?x=1&amp;y=2&copy=3\">go</a>", "go", "http://a.example/?x=1&y=2&copy=3");
	expect("<img SRC = 'https://b.example/i.png'>", "", "https://b.example/i.png");
	expect("<a href=mailto:c@d.example class=x>", "", "mailto:c@d.example");
	expect("<a href=\"ht\ntp&colon;//e.exa\tmple/\">", "", "http://e.example/");
	expect("<meta content='0;url=http://f.example/'>", "", "http://f.example/");
	expect("<a href='http://g.example/", "", "http://g.example/");
	expect("<a href='/relative' title='a: b'>", "", "");
}

/* Each byte of the input may be the last. */
static void
test_every_cut(void **state)
{
	static const char html[] = "<p class='a'>x&#101;&amp;<!-- c --><a href=\"http://a.example/\">y</a><script>z</script>";

	(void)state;
	for (size_t len = 0; len < sizeof(html); len++) {
		struct arena *a = arena_new(0);
		char *exact = malloc(len + 1);
		struct span out;

		memcpy(exact, html, len);
		out = html_text(a, span_of(exact, len), NULL, NULL);
		assert_true(out.len <= len);
		free(exact);
		arena_free(&a);
	}
}

static void
expect_uris(const char *text, const char *links)
{
	struct buf found = { 0 };

	uri_find(span_str(text), collect, &found);
	assert_string_equal(buf_str(&found), links);
	buf_free(&found);
}

static void
test_uris(void **state)
{
	(void)state;
	expect_uris("see http://a.example/x, or HTTPS://b.example.", "http://a.example/x HTTPS://b.example");
	expect_uris("(ftp://c.example/y) <mailto:d@e.example>;", "ftp://c.example/y mailto:d@e.example");
	expect_uris("xhttp://f.example/?u=http://g.example/", "http://f.example/?u=http://g.example/");
	expect_uris("a: b http: //x ://y mailto: http://", "");
	expect_uris("http://\xc3\xa9.example/\xc3\xa9 z", "http://\xc3\xa9.example/\xc3\xa9");
	expect_uris("::::http://h.example", "http://h.example");
	expect_uris("", "");
}

static void
test_entities_are_short(void **state)
{
	(void)state;
	assert_int_equal(html_entity(SPAN_LITERAL("amp")), '&');
	assert_int_equal(html_entity(SPAN_LITERAL("zwnj")), 0x200c);
	assert_int_equal(html_entity(SPAN_LITERAL("AElig")), 0xc6);
	assert_int_equal(html_entity(SPAN_LITERAL("am")), 0);
	assert_int_equal(html_entity(SPAN_LITERAL("ampx")), 0);
	assert_int_equal(html_entity(SPAN_NONE), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_code_is_dropped),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_white_and_invisible),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_uris),
		cmocka_unit_test(test_entities_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

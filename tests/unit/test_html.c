/* The text of HTML, and the links in it. */
#include "config.h"

#include "rule/html.h"

#include "base/buf.h"
#include "engine/html_entities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static void
collect(void *context, struct span uri, struct span shown)
{
	struct buf *all = context;

	(void)shown;
	if (all->len > 0)
		buf_add_byte(all, ' ');
	buf_add_span(all, uri);
}

static void
expect(const char *html, const char *text, const char *links)
{
	struct arena *a = arena_new(0);
	struct buf found = { 0 };
	const struct html_wanted wanted = { .link = collect, .context = &found };
	struct html_page page = html_page_read(a, span_str(html), &wanted);

	assert_string_equal(arena_strndup(a, page.text), text);
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
	expect("a<!--[if mso]> b -->c<!--[if mso]><p>d-- e -->", "a b c\nd-- e", "");
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
	expect("&notit; &copy=1 &ampx; &order &period;&lpar;", "\xc2\xacit; \xc2\xa9=1 &x; &order .(", "");
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
	static const char html[] =
	    "<style>p{color:#fff;display:none}</style><base href='http://b.example/'><p class='a' style=\"opacity:0\">x&#101;"
	    "&amp;<!-- c --><a href=\"http://a.example/\">y</a><!--[if mso]>z<![endif]--><script>z</script>"
	    "<img srcset='a 1x, b'>";
	const struct html_wanted wanted = { .hiding = true };

	(void)state;
	for (size_t len = 0; len < sizeof(html); len++) {
		struct arena *a = arena_new(0);
		char *exact = malloc(len + 1);
		struct html_page page;

		memcpy(exact, html, len);
		page = html_page_read(a, span_of(exact, len), &wanted);
		assert_true(page.text.len <= len);
		assert_true(html_visible(a, &page).len <= page.text.len);
		free(exact);
		arena_free(&a);
	}
}

static void
test_links_of_attributes(void **state)
{
	(void)state;
	expect("<img srcset='http://a.example/1 1x, //b.example/2 2x'>", "", "http://a.example/1 http://b.example/2");
	expect("<a ping='http://a.example/ http://b.example/' href=http://c.example/>x</a>", "x",
	    "http://a.example/ http://b.example/ http://c.example/");
	expect("<form action=http://a.example/f><button formaction='http://b.example/g'>", "",
	    "http://a.example/f http://b.example/g");
	expect("<object data=http://a.example/o></object><video poster=http://b.example/p><q cite=http://c.example/c>", "",
	    "http://a.example/o http://b.example/p http://c.example/c");
	expect("<td background=http://a.example/b.gif>x", "x", "http://a.example/b.gif");
	expect("<p style=\"background: url('http://a.example/b.gif')\">x", "x", "http://a.example/b.gif");
	expect("<style>@import \"http://a.example/s.css\"; p { background: URL(http://b.example/b) }</style>", "",
	    "http://b.example/b http://a.example/s.css");
	expect("<meta http-equiv=refresh content=\"0; URL='http://a.example/r'\">", "", "http://a.example/r");
	expect("<a onclick=\"location='http://a.example/j'\">x</a>", "x", "http://a.example/j");
	expect("a<!--[if mso]><a href=http://a.example/m>b</a><![endif]-->c", "abc", "http://a.example/m");
}

/* What a browser makes of them. */
static void
test_links_disguised(void **state)
{
	(void)state;
	expect("<a href='http:a.example/x'>", "", "http://a.example/x");
	expect("<a href='http:\\\\a.example\\x'>", "", "http://a.example\\x");
	expect("<a href='https:////a.example/'>", "", "https://a.example/");
	expect("<a href='//a.example/x'>", "", "http://a.example/x");
	expect("<a href='\\/a.example/x'>", "", "http://a.example/x");
	expect("<a href='&#104;ttp&#58;//a.example/'>", "", "http://a.example/");
	expect("<a href=' \001h\tt\nt\rp://a.exa\nmple/'>", "", "http://a.example/");
	expect("<a href='www.a.example/x'>", "", "http://www.a.example/x");
	expect("<base href='http://a.example/b/c'><a href='d'>x</a><a href='/e'>y</a><a href='#f'>", "xy",
	    "http://a.example/b/c http://a.example/b/d http://a.example/e");
	expect("<base href='http://a.example'><img src=i.png>", "", "http://a.example http://a.example/i.png");
	expect("<img src='cid:x@y'><a href='tel:1'><a href='javascript:x()'>", "", "");
}

static void
shown(void *context, struct span uri, struct span text)
{
	struct buf *all = context;

	buf_printf(all, "[%.*s|%.*s]", SPAN_ARG(uri), SPAN_ARG(text));
}

static void
test_what_links_show(void **state)
{
	struct arena *a = arena_new(0);
	struct buf found = { 0 };
	const struct html_wanted wanted = { .link = shown, .context = &found };

	(void)state;
	html_page_read(a, SPAN_LITERAL("<a href=http://a.example/> one <b>two</b> </a>x<a href=http://b.example/>three"
	                          "<a href=http://c.example/><img src=http://d.example/></a>"),
	    &wanted);
	assert_string_equal(buf_str(&found), "[http://a.example/|one two][http://b.example/|three][http://d.example/|]"
	                                     "[http://c.example/|]");
	buf_free(&found);
	arena_free(&a);
}

static void
test_entities(void **state)
{
	size_t len = 0;

	(void)state;
	assert_int_equal(html_entity(SPAN_LITERAL("amp")), '&');
	assert_int_equal(html_entity(SPAN_LITERAL("zwnj")), 0x200c);
	assert_int_equal(html_entity(SPAN_LITERAL("AElig")), 0xc6);
	assert_int_equal(html_entity(SPAN_LITERAL("CounterClockwiseContourIntegral")), 0x2233);
	assert_int_equal(html_entity(SPAN_LITERAL("vscr")), 0x1d4cb);
	assert_int_equal(html_entity(SPAN_LITERAL("ZeroWidthSpace")), 0x200b);
	assert_int_equal(html_entity(SPAN_LITERAL("am")), 0);
	assert_int_equal(html_entity(SPAN_LITERAL("ampx")), 0);
	assert_int_equal(html_entity(SPAN_NONE), 0);
	assert_int_equal(html_entity_at(SPAN_LITERAL("copyright"), &len), 0xa9);
	assert_int_equal(len, 4);
	assert_int_equal(html_entity_at(SPAN_LITERAL("order"), &len), 0);
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
		cmocka_unit_test(test_links_of_attributes),
		cmocka_unit_test(test_links_disguised),
		cmocka_unit_test(test_what_links_show),
		cmocka_unit_test(test_entities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

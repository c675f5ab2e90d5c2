/* What is hidden in HTML: each way to hide text, and what only looks like it. */
#include "config.h"

#include "rule/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void
expect(const char *html, const char *visible, const char *hidden)
{
	struct arena *a = arena_new(0);
	const struct html_wanted wanted = { .hiding = true };
	struct html_page page = html_page_read(a, span_str(html), &wanted);
	const char *seen = arena_strndup(a, html_visible(a, &page)), *unseen = arena_strndup(a, html_hidden(a, &page));

	if (strcmp(seen, visible) != 0 || strcmp(unseen, hidden) != 0)
		fail_msg("%s\n is seen as \"%s\", hidden \"%s\"", html, seen, unseen);
	assert_int_equal(page.hidden > 0, *hidden != '\0');
	/* What is not broken up is a piece of the whole. */
	if (!html_is_broken_up(&page))
		assert_non_null(strstr(arena_strndup(a, page.text), seen));
	arena_free(&a);
}

static void
test_inline_styles(void **state)
{
	static const char *const hiding[] = { "display:none", "display : NONE !important", "visibility:hidden",
		"visibility:collapse", "font-size:0", "font-size:0px", "font-size:1px", "font-size:.5pt", "font-size:0.01em",
		"font-size:1%", "font:0/0 a", "font: bold 1px Arial", "opacity:0", "opacity:0.01", "opacity:1%", "color:#fff",
		"color:#FFFFFF", "color:white", "color:rgb(255, 255, 255)", "color:rgba(0,0,0,0)", "color:#fefefe",
		"color:rgb(100% 99% 100%)", "color:transparent", "color:#0000", "background-color:#000", "background:black none",
		"color:red;background:#f00", "position:absolute;left:-9999px", "position:absolute; top:-1000em",
		"text-indent:-9999px", "margin-left:-5000px", "max-height:0;overflow:hidden", "height:0px;overflow:hidden",
		"width:1px;height:1px;overflow:hidden", "mso-hide:all", "d\\69splay:none", "dis/**/play:none",
		"x:'a;b';display:none", "color:red;;display:none;", "background:url(x:y;z);display:none" };

	(void)state;
	for (size_t i = 0; i < sizeof(hiding) / sizeof(hiding[0]); i++) {
		struct arena *a = arena_new(0);

		expect(arena_printf(a, "vi<span style=\"%s\">xyz</span>agra", hiding[i]), "viagra", "xyz");
		arena_free(&a);
	}
}

/* Styles that are as long as each other, and that come again. */
static void
test_styles_that_come_again(void **state)
{
	(void)state;
	expect("<b style='display:none'>a</b><b style='color:#12ab5'>b</b><b style='display:none'>c</b>", "b", "a\nc");
	expect("<b style='color:#12ab5'>a</b><b style='display:none'>b</b><b style='color:#12ab5'>c</b>", "ac", "b");
	expect("<style>.x{display:block!important}</style><b class=x style='display:none'>a</b><b style='display:none'>b</b>",
	    "a", "b");
	expect("<style>.x{display:none}</style><b class=x style='color:red'>a</b><b style='color:red'>b</b>", "b", "a");
	expect("<style>.x{display:none!important}</style><b class=x style='display:block!important'>a</b>", "a", "");
}

static void
test_what_only_looks_like_hiding(void **state)
{
	static const char *const showing[] = { "display:block", "visibility:visible", "font-size:10px", "font-size:0.9em",
		"font-size:90%", "font-size:small", "font:italic 12px/14px Arial", "opacity:0.5", "color:#333", "color:nosuch",
		"left:-10px", "margin-top:-1px", "height:0", "overflow:hidden", "max-height:100px;overflow:hidden",
		"color:white;background:navy", "color:white;background:url(dark.png)", "background:#eee",
		"display:none;display:block", "display:block!important;display:none", "line-height:0", "width:1px", "mso-hide:none" };

	(void)state;
	for (size_t i = 0; i < sizeof(showing) / sizeof(showing[0]); i++) {
		struct arena *a = arena_new(0);

		expect(arena_printf(a, "a<span style=\"%s\">b</span>c", showing[i]), "abc", "");
		arena_free(&a);
	}
}

static void
test_attributes(void **state)
{
	(void)state;
	expect("a<p hidden>b</p>c", "ac", "b");
	expect("a<font color=white>b</font>c", "ac", "b");
	expect("a<font color=\"FFFFFF\">b</font>c", "ac", "b");
	expect("<body bgcolor=#000000 text=\"#000000\">a", "", "a");
	expect("<body bgcolor=#000000 text=white>a", "a", "");
	expect("<table bgcolor=navy><tr><td><font color=#000080>a</font>b", "b", "a");
	expect("<table><tr bgcolor=black><td>a<td bgcolor=white>b</table>", "b", "a");
	expect("<table background=dark.png><tr><td><font color=white>a", "a", "");
	expect("<a href=x style='color:#fff'>a</a><a href=x>b</a>", "b", "a");
	expect("<body bgcolor=black>a<a href=x>b</a>", "b", "a");
}

static void
test_elements(void **state)
{
	(void)state;
	expect("a<template>b</template>c", "ac", "b");
	expect("<title>a</title>b", "b", "a");
	expect("a<noscript>b</noscript>c", "abc", "");
	expect("a<iframe>b</iframe>c<noframes>d</noframes>", "ac", "b\nd");
	expect("a<!--[if mso]><b>b</b><![endif]-->c", "ac", "b");
	expect("a<!--[if gte mso 9]>b-->c", "ac", "b");
	expect("a<!--[if !mso]><!-->b<!--<![endif]-->c", "abc", "");
	expect("a<![if !mso]>b<![endif]>c", "abc", "");
	expect("a<!-- b -->c", "ac", "");
}

static void
test_sheets(void **state)
{
	(void)state;
	expect("<style>.x{display:none}</style>a<b class=x>b</b>c", "ac", "b");
	expect("<style>#x{display:none}</style>a<b id=x>b</b>c", "ac", "b");
	expect("<style>u{display:none}</style>a<u>b</u>c", "ac", "b");
	expect("<style>*{display:none}</style>a<u>b</u>c", "ac", "b");
	expect("<style>u.x,i{display:none}</style><u>a</u><u class='y x'>b</u><i>c</i>", "a", "bc");
	expect("<style>div > u.x, body div i{display:none}</style><u class=x>b</u><i>c</i>d", "d", "bc");
	expect("<style>.y .x{display:none}</style><u class=x>b</u>", "b", "");
	expect("<style>u:hover, u[a], u::before{display:none}</style><u>b</u>", "b", "");
	expect("<style><!-- .x{display:none} --></style>a<b class=X>b</b>", "a", "b");
	expect("<style>/* } */ .x /* { */ {display:none}</style>a<b class=x>b</b>", "a", "b");
	expect("<style>.x{display:none}</style><b class=x style='display:inline'>b</b>", "b", "");
	expect("<style>.x{display:none!important}</style><b class=x style='display:inline'>b</b>", "", "b");
	expect("<style>.x{display:none} #y{display:block}</style><b class=x id=y>b</b>", "b", "");
	expect("<style>@media (max-width:600px){.x{display:none}} @media print{.x{display:none}}</style><b class=x>b</b>", "b",
	    "");
	expect("<style>@media screen{.x{display:none}}</style>a<b class=x>b</b>", "a", "b");
	expect("<style>@import url(a.css);.x{display:none}</style>a<b class=x>b</b>", "a", "b");
	expect("<style>@font-face{font-family:x}.x{display:none}</style>a<b class=x>b</b>", "a", "b");
	/* A sheet counts for what stands before it, too; one in a comment is for single programs. */
	expect("a<b class=x>b</b><style>.x{display:none}</style>", "a", "b");
	expect("<!--[if mso]><style>.x{display:none}</style><![endif]-->a<b class=x>b</b>", "ab", "");
}

static void
test_inheritance(void **state)
{
	(void)state;
	expect("<div style='display:none'>a<b style='display:inline'>b</b></div>c", "c", "ab");
	expect("<div style='visibility:hidden'>a<b style='visibility:visible'>b</b></div>c", "bc", "a");
	expect("<td style='font-size:0'>a<b style='font-size:12px'>b</b><i style='font-size:90%'>c</i>", "b", "a\nc");
	expect("<div style='color:#fff'>a<b style='color:#000'>b</b><i style='background:#000'>c</i></div>", "bc", "a");
}

static void
test_where_elements_end(void **state)
{
	(void)state;
	expect("<p style='display:none'>a<p>b", "b", "a");
	expect("<p style='display:none'>a<div>b</div>", "b", "a");
	expect("<ul><li hidden>a<li>b</ul>c", "b\nc", "a");
	expect("<table><tr><td hidden>a<td>b<tr><td>c</table>d", "b\nc\nd", "a");
	expect("<table><tr hidden><td>a<td>b<tr><td>c</table>", "c", "a\nb");
	expect("<div hidden><table><tr><td>a</div>b</table>c</div>d", "d", "a\nb\nc");
	expect("<div hidden>a<br>b<img>c<hr>d</div>e", "e", "a\nbc\nd");
	expect("<div><span hidden>a</div>b", "b", "a");
	expect("</span></div><b hidden>a</b>b</b>c", "bc", "a");
}

static void
test_blanks(void **state)
{
	(void)state;
	expect("a <b hidden>b</b> c", "a c", "b");
	expect("a <b hidden>b</b>c", "a c", "b");
	expect("a<b hidden> b </b>c", "ac", "b");
	expect("<b hidden>a</b> b <i hidden>c</i>", "b", "a\nc");
}

static void
expect_broken_up(const char *html, bool broken_up)
{
	struct arena *a = arena_new(0);
	const struct html_wanted wanted = { .hiding = true };
	struct html_page page = html_page_read(a, span_str(html), &wanted);

	assert_int_equal(html_is_broken_up(&page), broken_up);
	arena_free(&a);
}

static void
test_broken_up(void **state)
{
	(void)state;
	expect_broken_up("a", false);
	expect_broken_up("<title>a</title>b", false);
	expect_broken_up("<title>a</title><p hidden>b</p>c", false);
	expect_broken_up("a<b hidden>b</b>", false);
	expect_broken_up("<title>a</title>b<b hidden>c</b>", false);
	expect_broken_up("<b hidden>a</b>", false);
	expect_broken_up("a<b hidden>b</b>c", true);
	expect_broken_up("<title>a</title>b<b hidden>c</b>d", true);
	expect_broken_up("a<b hidden>b</b>c<b hidden>d</b>", true);
}

/* Deep and unclosed elements cost no more than others. */
static void
test_depth(void **state)
{
	enum { DEPTH = 5000 };
	struct arena *a = arena_new(0);
	const struct html_wanted wanted = { .hiding = true };
	char *html = arena_alloc(a, DEPTH * 5 + 64);
	struct html_page page;

	(void)state;
	strcpy(html, "<p hidden>x");
	for (size_t i = 0; i < DEPTH; i++)
		strcat(html + i * 5, "<div>");
	strcat(html, "y");
	page = html_page_read(a, span_str(html), &wanted);
	assert_string_equal(arena_strndup(a, html_visible(a, &page)), "y");
	assert_int_equal(page.hidden, 1);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inline_styles),
		cmocka_unit_test(test_styles_that_come_again),
		cmocka_unit_test(test_what_only_looks_like_hiding),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_sheets),
		cmocka_unit_test(test_inheritance),
		cmocka_unit_test(test_where_elements_end),
		cmocka_unit_test(test_blanks),
		cmocka_unit_test(test_broken_up),
		cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

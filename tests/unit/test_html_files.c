/* T63: files that HTML holds or puts together. */
#include "config.h"

#include "engine/html_files.h"
#include "tests/lib/container_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static const struct archive_limits generous = { .entries = 1000, .depth = 5, .output = 1 << 24, .ratio = 1000 };

static void
tells(const char *html, const char *expected)
{
	struct buf told = { 0 };

	walk_read(&told, html_read, span_str(html), &generous);
	assert_string_equal(buf_str(&told), expected);
	buf_free(&told);
}

static void
files_tell_what_they_hold(void **state)
{
	static const struct {
		const char *file, *told;
	} files[] = {
		{ "plain.html", "" },
		{ "counter.html", "" },
		{ "data.html", "member data.zip: PK....................\ntrait builds-file\n" },
		{ "percent.html", "member data.html: <script>alert(1)</script>\n" },
		{ "blob.html", "member literal.bin: MZ......................................\ntrait builds-file\n" },
		{ "handler.svg", "member literal.bin: x = 1;x = 1;x = 1;x = 1;x = 1;x = 1;x = \ntrait builds-file\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct buf data = { 0 }, told = { 0 };
		char path[128];

		snprintf(path, sizeof(path), "tests/fuzz/corpus/html_files/%s", files[i].file);
		walk_load(&data, path);
		walk_read(&told, html_read, buf_span(&data), &generous);
		assert_string_equal(buf_str(&told), files[i].told);
		buf_free(&told);
		buf_free(&data);
	}
}

static void
data_uris_are_found_wherever_they_stand(void **state)
{
	(void)state;
	tells("<p style=\"background:url(DATA:text/plain;charset=x;BASE64,aGVsbG8=)\">", "member data.txt: hello\n");
	tells("<object data='data:application/pdf;base64,JVBERi0='>", "member data.pdf: %PDF-\n");
	tells("<embed src=data:image/svg+xml,%3Csvg%3E >", "member data.svg: <svg>\n");
	tells("<a href='data:text/html;base64,%61GVsbG8%3D'>", "member data.html: hello\n");
	tells("<a href='data:application/x-y;base64,aGVs\r\nbG8'>", "member data.x-y: hello\n");
}

static void
attributes_are_read_as_a_browser_has_them(void **state)
{
	(void)state;
	tells("<embed src=\"&#100;ata:application/pdf;base64,JVBERi0=\">", "member data.pdf: %PDF-\n");
	tells("<embed src=&#x64;ata&colon;application/pdf;base64,JVBERi0=>", "member data.pdf: %PDF-\n");
	tells("<embed src='da\r\nt&Tab;a:application/pdf;base64,JVB ERi0='>", "member data.pdf: %PDF-\n");
	tells("<p title=it's><embed src='&#100;ata:application/pdf;base64,JVBERi0='>", "member data.pdf: %PDF-\n");
	tells("<a download href='data&#58;application/x-msdownload,MZ'>", "member data.exe: MZ\ntrait builds-file\n");
	tells("<iframe srcdoc='&lt;b>x'>", "member srcdoc.html: <b>x\n");
	tells("<img src=x onerror='&#115;ave(new Blob([&#97;tob(x)])); &#115;aveAs(x)'>", "trait builds-file\n");
	tells("<a href='/?a=1&amp;b=2' title=\"a\tb\">data: 1, 2</a>", "");
}

static void
a_uri_that_fills_its_attribute_has_marks_in_it(void **state)
{
	(void)state;
	tells("<iframe src='data:text/html,<b>\"x y\"</b>'>", "member data.html: <b>\"x y\"</b>\n");
	tells("<script src=\"data:text/javascript,a = b\">", "member data.js: a\nmember data.js: a = b\n");
}

static void
strings_that_a_script_joins_are_one(void **state)
{
	(void)state;
	tells("<script>location.href='data:application/pdf;base64,'+\"JVB\" +\n 'ERi0='</script>", "member data.pdf: %PDF-\n");
	tells("<script>x=new window['Bl'+'ob']; f=\"['\"+\"Blob\"+\"']\"; y=at\"+\"ob(z); saveAs(x)</script>",
	    "trait builds-file\n");
	tells("<p>\"+\" and \"+", "");
}

static void
words_that_end_in_data_are_no_uris(void **state)
{
	(void)state;
	tells("<p>The data: a, b and c", "");
	tells("<p>metadata:<b>x</b>, y", "");
	tells("data:", "");
}

#define BUILDS "f = new File([atob(x)], 'a.exe'); location = URL.createObjectURL(f)"

static void
scripts_are_read_wherever_they_stand(void **state)
{
	static const char *const pages[] = {
		"<body onpageshow = \"" BUILDS "\">",
		"<button\nonclick\t=\n\"" BUILDS "\">",
		"<body/onload=for(i=0;i<9;i++)f=new/**/File([atob(x)],'a.exe');location=URL.createObjectURL(f)>",
		"<a href=\"javascript:" BUILDS "\">",
		"<iframe src=\" \1java\tscript&#58;" BUILDS "\">",
		"<form action=\"JavaScript:f%20=%20new%20File([at%6fb(x)]);location=URL.createObjectURL(f)\">",
		"<svg:svg><svg:script>" BUILDS "</svg:script></svg:svg>",
		"<svg><script>f = new F&#105;le([&#97;tob(x)]); location = URL.createObjectURL(f)</script></svg>",
		"<!DOCTYPE svg [<!ENTITY a \"" BUILDS "\">]><svg><script>&a;</script></svg>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		tells(pages[i], "trait builds-file\n");
}

static void
what_a_script_decodes_is_read(void **state)
{
	static const char *const pages[] = {
		/* eval() of BUILDS, once and twice; a page with it in a handler */
		"<script>eval(atob('ZiA9IG5ldyBGaWxlKFthdG9iKHgpXSwgJ2EuZXhlJyk7IGxvY2F0aW9uID0gVVJMLmNyZWF0ZU9iamVjdFVSTChmKQ=='))</script>",
		"<script>setTimeout(atob('ZXZhbChhdG9iKCdaaUE5SUc1bGR5QkdhV3hsS0Z0aGRHOWlLSGdwWFN3Z0oyRXVaWGhsSnlrN0lHeHZZMkYwYVc5dUlEMGdWVkpN"
		"TG1OeVpXRjBaVTlpYW1WamRGVlNUQ2htS1E9PScpKQ=='))</script>",
		"<script>b.innerHTML = atob('PGltZyBzcmM9eCBvbmVycm9yPSJmID0gbmV3IEZpbGUoW2F0b2IoeCldLCAnYS5leGUnKTsgbG9jYXRpb24gPSBVUkwuY3JlYXRlT2JqZWN0VVJMKGYpIj4=')</script>",
		/* "<script>" BUILDS "</script>" */
		"<script>document.write(unescape('%3c%73%63%72%69%70%74%3e%66%20%3d%20%6e%65%77%20%46%69%6c%65%28%5b%61%74%6f%62%28%78%29%5d%2c%20"
		"%27%61%2e%65%78%65%27%29%3b%20%6c%6f%63%61%74%69%6f%6e%20%3d%20%55%52%4c%2e%63%72%65%61%74%65%4f"
		"%62%6a%65%63%74%55%52%4c%28%66%29%3c%2f%73%63%72%69%70%74%3e'))</script>",
		"<script>f = window['F\\u0069le'], l['\\144ownload'] = x, y = at\\u{6f}b(z), c['createO\\x62jectURL'](y)</script>",
	};
	static const char text[] = "<script>a = '\\u003cb\\u003e"; /* a literal that stands in both texts */
	struct buf html = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		tells(pages[i], "trait builds-file\n");
	buf_add_str(&html, text);
	for (int i = 0; i < 80; i++)
		buf_add_str(&html, i == 0 ? "'; b = '" : "eHgg");
	buf_add_str(&html, "'</script>");
	tells(buf_str(&html), "member literal.bin: xx xx xx xx xx xx xx xx xx xx xx xx xx x\n");
	buf_free(&html);
	tells("<script>a = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ'; l.download = y; n = new Blob(z)</script>", "");
}

/* Each layer may be read in several ways. */
static void
what_scripts_decode_is_bounded(void **state)
{
	struct buf html = { 0 }, told = { 0 };

	(void)state;
	buf_add_str(&html, "<script>");
	for (int i = 0; i < 100000; i++)
		buf_add_str(&html, "%3Ca onload='%253C");
	walk_read(&told, html_read, buf_span(&html), &generous);
	assert_string_equal(buf_str(&told), "");
	buf_free(&told);
	buf_free(&html);
}

static void
two_of_three_steps_are_an_ordinary_page(void **state)
{
	(void)state;
	tells("<script>var b = new Blob([x]); save(b)</script>", "");
	tells("<script>a.href = '/x'; a.click(); y = atob(z)</script>", "");
	tells("<script>f = new File([atob(x)], 'a.exe'); location=URL.createObjectURL(f)</script>", "trait builds-file\n");
	tells("<script>b = new Blob([atob(x)]); navigator.msSaveOrOpenBlob(b, 'a.exe')</script>", "trait builds-file\n");
}

static void
a_link_that_saves_what_it_holds_is_told_in_any_order(void **state)
{
	(void)state;
	tells("<a download=x.exe href='data:application/octet-stream;base64,TVo='>", "member data.bin: MZ\ntrait builds-file\n");
	tells("<a href='data:application/octet-stream;base64,TVo=' download>", "member data.bin: MZ\ntrait builds-file\n");
	tells("<img src='data:image/png;base64,TVo='><a download>", "member data.png: MZ\n");
}

static void
numbers_make_a_file_as_well_as_letters(void **state)
{
	struct buf html = { 0 };

	(void)state;
	buf_add_str(&html, "<script>var b=[");
	for (int i = 0; i < 1000; i++)
		buf_add_str(&html, "77, ");
	buf_add_str(&html, "];f=new File([b],'a');location.href=f</script>");
	tells(buf_str(&html), "trait builds-file\n");
	buf_free(&html);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_tell_what_they_hold),
		cmocka_unit_test(data_uris_are_found_wherever_they_stand),
		cmocka_unit_test(attributes_are_read_as_a_browser_has_them),
		cmocka_unit_test(a_uri_that_fills_its_attribute_has_marks_in_it),
		cmocka_unit_test(strings_that_a_script_joins_are_one),
		cmocka_unit_test(words_that_end_in_data_are_no_uris),
		cmocka_unit_test(what_scripts_decode_is_bounded),
		cmocka_unit_test(what_a_script_decodes_is_read),
		cmocka_unit_test(scripts_are_read_wherever_they_stand),
		cmocka_unit_test(two_of_three_steps_are_an_ordinary_page),
		cmocka_unit_test(a_link_that_saves_what_it_holds_is_told_in_any_order),
		cmocka_unit_test(numbers_make_a_file_as_well_as_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

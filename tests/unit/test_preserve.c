/* Messages changed in place: golden pairs, and what must hold of each message
 * that lies in tests/. Run with GOLDEN_UPDATE=1 to write tests/golden/preserve's
 * .ref files anew, and read the difference. */
#include "config.h"

#include "preserve_check.h"

#include "base/codec.h"
#include "mime/decode.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { CHOICES = 16 };

static int
set_up(void **state)
{
	*state = preserve_checker_new();
	return 0;
}

static int
tear_down(void **state)
{
	struct preserve_checker *c = *state;

	preserve_checker_free(&c);
	return 0;
}

static char *
path_of(const char *folder, const char *name)
{
	const char *top = getenv("srcdir");
	char *path = NULL;

	assert_true(asprintf(&path, "%s/tests/%s/%s", top != NULL ? top : ".", folder, name) > 0);
	return path;
}

static bool
read_whole(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");
	char block[4096];
	size_t len;

	buf_clear(out);
	if (f == NULL)
		return false;
	while ((len = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(out, block, len);
	fclose(f);
	return !out->failed;
}

/* Calls check() for each file of that suffix; returns their number. */
static size_t
each_file(struct preserve_checker *c, const char *folder, const char *suffix,
    void (*check)(struct preserve_checker *c, const char *path, struct span message))
{
	char *place = path_of(folder, "");
	DIR *dir = opendir(place);
	struct dirent *entry;
	struct buf message = { 0 };
	size_t count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');
		char *path = path_of(folder, entry->d_name);

		if (dot != NULL && strcmp(dot, suffix) == 0) {
			assert_true(read_whole(path, &message));
			check(c, path, buf_span(&message));
			count++;
		}
		free(path);
	}
	closedir(dir);
	free(place);
	buf_free(&message);
	return count;
}

/* NAME.in becomes NAME.ref by the policy that strips, NAME.withheld.in by the
 * one that withholds. */
static void
check_golden(struct preserve_checker *c, const char *path, struct span message)
{
	size_t policy = strstr(path, ".withheld.") != NULL ? PRESERVE_WITHHOLD : PRESERVE_TAG_AMBIGUOUS;
	struct buf shown = { 0 }, expected = { 0 };
	const struct scan_answer *r = preserve_scan(c, policy, message);
	char *reference = NULL;

	assert_true(asprintf(&reference, "%.*s.ref", (int)(strlen(path) - strlen(".in")), path) > 0);
	if (r->edit_count == 0)
		fail_msg("%s: not edited", path);
	preserve_apply(&shown, message, r->edits, r->edit_count);
	if (getenv("GOLDEN_UPDATE") != NULL) {
		FILE *f = fopen(reference, "wb");

		assert_non_null(f);
		assert_int_equal(fwrite(shown.data, 1, shown.len, f), shown.len);
		assert_int_equal(fclose(f), 0);
	}
	if (!read_whole(reference, &expected) || !span_eq(buf_span(&shown), buf_span(&expected)))
		fail_msg("%s: became\n%s", path, buf_str(&shown));
	buf_free(&shown);
	buf_free(&expected);
	free(reference);
}

static void
test_golden(void **state)
{
	assert_in_range(each_file(*state, "golden/preserve", ".in", check_golden), 12, SIZE_MAX);
}

static size_t edited_count;

static void
check_message(struct preserve_checker *c, const char *path, struct span message)
{
	const char *wrong;
	bool edited;

	for (size_t policy = 0; policy < PRESERVE_POLICIES; policy++) {
		wrong = preserve_scan_violation(c, policy, message, &edited);
		if (wrong != NULL)
			fail_msg("%s, policy %zu: %s", path, policy, wrong);
		edited_count += edited;
	}
	for (uint32_t chosen = 0; chosen < CHOICES; chosen++) {
		wrong = preserve_leaves_violation(c, message, chosen < CHOICES - 1 ? chosen : UINT32_MAX);
		if (wrong != NULL)
			fail_msg("%s, leaves %x: %s", path, (unsigned)chosen, wrong);
	}
}

/* With its line ends as LF and as CRLF. */
static void
check_both(struct preserve_checker *c, const char *path, struct span message)
{
	struct buf crlf = { 0 };

	check_message(c, path, message);
	for (size_t i = 0; i < message.len; i++) {
		if (message.data[i] == '\n' && (i == 0 || message.data[i - 1] != '\r'))
			buf_add_byte(&crlf, '\r');
		buf_add_byte(&crlf, message.data[i]);
	}
	check_message(c, path, buf_span(&crlf));
	buf_free(&crlf);
}

static void
test_corpus(void **state)
{
	edited_count = 0;
	assert_in_range(each_file(*state, "golden/mime", ".eml", check_both), 40, SIZE_MAX);
	assert_in_range(each_file(*state, "readings/found", ".eml", check_both), 30, SIZE_MAX);
	assert_in_range(each_file(*state, "golden/preserve", ".in", check_both), 12, SIZE_MAX);
	assert_in_range(edited_count, 100, SIZE_MAX);
}

#define EICAR "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
#define HEADER "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: "

enum { LONG = 1024 * 1024, LINE = 76 };

static void
add_lines(struct buf *out, struct span text, size_t line)
{
	for (size_t at = 0; at < text.len; at += line) {
		buf_add_span(out, span_first(span_from(text, at), line));
		buf_add_str(out, "\r\n");
	}
}

/* Of what is removed from a long body little is told, and it is what it should be. */
static void
assert_short_edits(struct preserve_checker *c, struct span message)
{
	const struct scan_answer *r;
	const char *wrong;
	size_t octets = 0;
	bool edited;

	wrong = preserve_scan_violation(c, PRESERVE_TAG_AMBIGUOUS, message, &edited);
	if (wrong != NULL)
		fail_msg("%.60s: %s", message.data, wrong);
	assert_true(edited);
	r = preserve_scan(c, PRESERVE_TAG_AMBIGUOUS, message);
	for (size_t i = 0; i < r->edit_count; i++)
		octets += r->edits[i].replacement.len;
	assert_in_range(octets, 100, 70 * 1024);
}

static void
test_long_bodies(void **state)
{
	static const size_t lines[] = { LINE, LINE - 1, SIZE_MAX / 2 };
	struct buf content = { 0 }, base64 = { 0 }, message = { 0 };

	buf_add_str(&content, EICAR);
	while (content.len < LONG)
		buf_add_str(&content, " =and so= on\tuntil it is ab cd EF -_+/ enough\xe4");
	while (content.len % 3 != 0) /* so that a body of one line is all groups */
		buf_add_byte(&content, ' ');
	base64_encode(&base64, buf_span(&content), 0);
	for (size_t i = 0; i < 3; i++) {
		buf_clear(&message);
		buf_add_str(&message, HEADER "base64\r\n\r\n");
		add_lines(&message, buf_span(&base64), lines[i]);
		assert_short_edits(*state, buf_span(&message));
		buf_clear(&message);
		buf_add_str(&message, HEADER "quoted-printable\r\n\r\n" EICAR);
		add_lines(&message, buf_span(&content), lines[i]);
		assert_short_edits(*state, buf_span(&message));
		buf_clear(&message);
		buf_add_str(&message, HEADER "8bit\r\n\r\n" EICAR "\r\n");
		add_lines(&message, buf_span(&content), lines[i]);
		assert_short_edits(*state, buf_span(&message));
	}
	buf_free(&content);
	buf_free(&base64);
	buf_free(&message);
}

/* Base64 of lines that are alike becomes the notice and spaces. */
static void
test_base64_of_spaces(void **state)
{
	struct buf content = { 0 }, message = { 0 }, shown = { 0 }, decoded = { 0 };
	const struct scan_answer *r;
	struct span body;
	bool strict;

	buf_add_str(&content, EICAR);
	while (content.len < 10000)
		buf_add_byte(&content, (char)content.len);
	buf_add_str(&message, HEADER "base64\r\n\r\n");
	base64_encode(&message, buf_span(&content), LINE);
	buf_add_str(&message, "\r\n");
	r = preserve_scan(*state, PRESERVE_STRIP, buf_span(&message));
	preserve_apply(&shown, buf_span(&message), r->edits, r->edit_count);
	body = span_from(buf_span(&shown), strlen(HEADER "base64\r\n\r\n"));
	decoded.len = base64_decode(body, buf_reserve(&decoded, body.len), &strict);
	assert_true(strict);
	assert_int_equal(decoded.len, content.len);
	assert_true(span_starts(buf_span(&decoded), "The content that was here was removed from this message.\r\n"));
	for (size_t i = 1000; i < decoded.len; i++)
		assert_int_equal(decoded.data[i], ' ');
	buf_free(&content);
	buf_free(&message);
	buf_free(&shown);
	buf_free(&decoded);
}

/* Where next to nothing is base64 the notice would be as long as the body. */
static void
test_base64_of_junk(void **state)
{
	struct buf content = { 0 }, base64 = { 0 }, message = { 0 };
	const struct scan_answer *r;

	buf_add_str(&content, EICAR);
	base64_encode(&base64, buf_span(&content), 0);
	buf_add_str(&message, HEADER "base64\r\n\r\n");
	for (size_t i = 0; i < 1000 * base64.len; i++)
		buf_add_byte(&message, i % 1000 == 0 ? base64.data[i / 1000] : '!');
	r = preserve_scan(*state, PRESERVE_WITHHOLD, buf_span(&message));
	assert_int_equal(r->edit_count, 1);
	assert_int_equal(r->edits[0].replacement.len, 0);
	buf_free(&content);
	buf_free(&base64);
	buf_free(&message);
}

static void
assert_section(const struct scan_answer *r, struct span message, const char *name, const char *begin, const char *end)
{
	for (size_t i = 0; i < r->section_count; i++) {
		const struct scan_section *s = &r->sections[i];
		struct span body = span_first(span_from(message, s->body.offset), s->body.octets);

		if (!span_is(s->section, name))
			continue;
		assert_true(span_starts(body, begin));
		assert_true(span_ends_nocase(body, end));
		return;
	}
	fail_msg("no section %s", name);
}

static void
test_sections(void **state)
{
	static const char message[] =
	    "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	    "--b\r\n\r\none\r\n"
	    "--b\r\nContent-Type: message/rfc822\r\n\r\n"
	    "Subject: y\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
	    "--c\r\n\r\ntwo\r\n--c\r\nContent-Transfer-Encoding: base64\r\n\r\nVEhSRUU=\r\n--c--\r\n"
	    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: z\r\n\r\n" EICAR "\r\n--b--\r\n";
	const struct scan_answer *r = preserve_scan(*state, PRESERVE_STRIP, span_str(message));

	assert_true(r->in_place && !r->sections_doubtful);
	assert_int_equal(r->section_count, 7);
	assert_section(r, span_str(message), "", "Subject: x", "--b--\r\n");
	assert_section(r, span_str(message), "1", "one", "one");
	assert_section(r, span_str(message), "2", "Subject: y", "--c--");
	assert_section(r, span_str(message), "2.1", "two", "two");
	assert_section(r, span_str(message), "2.2", "VEhSRUU=", "VEhSRUU=");
	assert_section(r, span_str(message), "3", "Subject: z", "H*");
	assert_section(r, span_str(message), "3.1", "X5O!", "H*");
	assert_int_equal(r->sections[4].encoding, SCAN_ENCODING_BASE64);
	assert_int_equal(r->sections[4].decoded_octets, 5);
	assert_true(r->sections[2].is_message);
	assert_true(span_starts(span_from(span_str(message), r->sections[2].text.offset), "--c\r\n"));
}

static const struct scan_answer *
scan_of_parts(struct preserve_checker *c, size_t count)
{
	struct buf message = { 0 };
	const struct scan_answer *r;

	buf_add_str(&message, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
	for (size_t i = 0; i < count; i++)
		buf_add_str(&message, i == 5 ? "--b\r\n\r\n" EICAR "\r\n" : "--b\r\n\r\nx\r\n");
	buf_add_str(&message, "--b--\r\n");
	r = preserve_scan(c, PRESERVE_STRIP, buf_span(&message));
	buf_free(&message);
	return r;
}

static void
test_too_many_sections(void **state)
{
	const struct scan_answer *r = scan_of_parts(*state, SCAN_SECTIONS_MAX - 1);

	assert_int_equal(r->section_count, SCAN_SECTIONS_MAX);
	r = scan_of_parts(*state, SCAN_SECTIONS_MAX);
	assert_int_equal(r->section_count, 0);
	assert_int_equal(r->edit_count, 1);
}

/* Spam is told of, and not marked; what is stripped may be spam too. */
static void
test_spam(void **state)
{
	const struct scan_answer *r = preserve_scan(*state, PRESERVE_STRIP,
	    SPAN_LITERAL("X-Spam-Flag: NO\r\nSubject: x\r\n\r\nYou won!\r\n"));

	assert_int_equal(r->verdict, VERDICT_TAG);
	assert_true(r->tagged && !r->allowed);
	assert_int_equal(r->edit_count, 0);
	assert_int_equal(r->section_count, 0);
	r = preserve_scan(*state, PRESERVE_STRIP, SPAN_LITERAL("X-Spam-Flag: NO\r\n\r\nYou won! " EICAR "\r\n"));
	assert_int_equal(r->verdict, VERDICT_STRIP);
	assert_true(r->tagged && r->in_place && r->keep_original);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_golden, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_corpus, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_bodies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_base64_of_spaces, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_base64_of_junk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sections, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_many_sections, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_spam, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("preserve", tests, NULL, NULL);
}

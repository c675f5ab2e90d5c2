/* The encoding of requests and answers: there and back, and every way of
 * being malformed that a hostile scanner may try. */
#include "config.h"

#include "scan/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static struct span recipients[] = { { "b@example.org", 13 }, { "c@example.org", 13 } };

static struct span allowed[] = { { "*@partner.example", 17 }, { "friend@example.net", 18 } };
static struct span denied[] = { { "*@casino.example", 16 } };
static struct span off[] = { { "LOTTERY", 7 } };
static struct threshold thresholds[] = { { 3.5, VERDICT_TAG }, { 9, VERDICT_QUARANTINE } };

static const struct scan_request a_request = {
	.policy = 3,
	.protocol = PROTOCOL_POP3,
	.helo = { "client.example", 14 },
	.sender = { "a@example.org", 13 },
	.recipients = recipients,
	.recipient_count = 2,
	.client = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 1 },
	.user = { "anna", 4 },
	.tls = true,
	.want_parts = false,
	.own = {
		.has_thresholds = true, .thresholds = thresholds, .threshold_count = 2,
		.has_prefix = true, .subject_prefix = { "[JUNK]", 6 },
		.allow = allowed, .allow_count = 2, .deny = denied, .deny_count = 1, .rules_off = off, .rules_off_count = 1,
	},
};

static struct scan_hit hits[] = {
	{ .rule = { "URGENT", 6 }, .score = 1.5 },
	{ .rule = { "BANNED", 6 }, .has_then = true, .then = VERDICT_STRIP, .part = { "2", 1 },
	    .detail = { "Win.Test", 8 } },
};
static struct scan_defect defects[] = {
	{ { "charset-unknown", 15 }, { "1", 1 } },
	{ { "charset-unknown", 15 }, { "2", 1 } },
};
static struct scan_part parts[] = {
	{ { "1", 1 }, { "text/plain", 10 }, { NULL, 0 }, { "text", 4 }, 412, 405, "" },
	{ { "2!\"x\"", 5 }, { NULL, 0 }, { "a\tb", 3 }, { "pe", 2 }, 7, 9,
	    "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f" },
};
static const struct edit edits[] = {
	{ .offset = 0, .length = 0, .replacement = { "X: y\r\n", 6 } },
	{ .offset = 10, .length = 5 },
};
static const struct edit edits_in_its_place[] = { { 10, 5, { "xy", 2 }, FILL_BASE64_LINES, 4 } };
static const struct scan_section sections[] = {
	{ { NULL, 0 }, { 0, 0 }, { 0, 100 }, true, { 0, 30 }, { 30, 70 }, SCAN_ENCODING_NONE, 100 },
	{ { "2.1", 3 }, { 40, 10 }, { 50, 20 }, false, { 0, 0 }, { 0, 0 }, SCAN_ENCODING_QUOTED, 17 },
};

static const struct scan_answer an_answer = {
	.verdict = VERDICT_STRIP,
	.score = 1.5,
	.reply = { "554 5.7.1 no", 12 },
	.reason = { "BANNED", 6 },
	.complete = true,
	.readings = 2,
	.hits = hits,
	.hit_count = 2,
	.defects = defects,
	.defect_count = 2,
	.parts = parts,
	.part_count = 2,
	.edits = edits,
	.edit_count = 2,
	.keep_original = true,
	.subject = { "lunch", 5 },
	.author = { "a@example.org", 13 },
	.sections = sections,
	.section_count = 2,
	.sections_doubtful = true,
	.tagged = true,
	.micros = 212,
};

static void
assert_span(struct span got, struct span expected)
{
	assert_int_equal(got.len, expected.len);
	assert_true(span_eq(got, expected));
}

static void
assert_same_preferences(const struct scan_preferences *p)
{
	assert_true(p->has_thresholds);
	assert_int_equal(p->threshold_count, 2);
	assert_true(p->thresholds[0].score == 3.5);
	assert_int_equal(p->thresholds[0].then, VERDICT_TAG);
	assert_true(p->thresholds[1].score == 9);
	assert_int_equal(p->thresholds[1].then, VERDICT_QUARANTINE);
	assert_true(p->has_prefix);
	assert_span(p->subject_prefix, a_request.own.subject_prefix);
	assert_int_equal(p->allow_count, 2);
	assert_span(p->allow[0], allowed[0]);
	assert_span(p->allow[1], allowed[1]);
	assert_int_equal(p->deny_count, 1);
	assert_span(p->deny[0], denied[0]);
	assert_int_equal(p->rules_off_count, 1);
	assert_span(p->rules_off[0], off[0]);
}

static void
test_request_round_trip(void **state)
{
	struct arena *a = arena_new(0);
	struct buf b = { 0 };
	struct scan_request r;

	(void)state;
	scan_request_encode(&b, &a_request);
	assert_true(scan_request_decode(a, buf_span(&b), &r));
	assert_int_equal(r.policy, 3);
	assert_int_equal(r.protocol, PROTOCOL_POP3);
	assert_span(r.helo, a_request.helo);
	assert_span(r.sender, a_request.sender);
	assert_int_equal(r.recipient_count, 2);
	assert_span(r.recipients[0], recipients[0]);
	assert_span(r.recipients[1], recipients[1]);
	assert_memory_equal(r.client, a_request.client, 16);
	assert_span(r.user, a_request.user);
	assert_true(r.tls);
	assert_false(r.want_parts);
	assert_same_preferences(&r.own);
	buf_free(&b);
	arena_free(&a);
}

static void
assert_same_lists(const struct scan_answer *r)
{
	for (size_t i = 0; i < 2; i++) {
		assert_span(r->hits[i].rule, hits[i].rule);
		assert_true(r->hits[i].score == hits[i].score);
		assert_int_equal(r->hits[i].has_then, hits[i].has_then);
		assert_int_equal(r->hits[i].then, hits[i].then);
		assert_span(r->hits[i].part, hits[i].part);
		assert_span(r->hits[i].detail, hits[i].detail);
		assert_span(r->defects[i].name, defects[i].name);
		assert_span(r->defects[i].section, defects[i].section);
		assert_span(r->parts[i].section, parts[i].section);
		assert_span(r->parts[i].type, parts[i].type);
		assert_span(r->parts[i].name, parts[i].name);
		assert_span(r->parts[i].magic, parts[i].magic);
		assert_int_equal(r->parts[i].octets, parts[i].octets);
		assert_int_equal(r->parts[i].decoded_octets, parts[i].decoded_octets);
		assert_string_equal(r->parts[i].sha256, parts[i].sha256);
		assert_int_equal(r->edits[i].offset, edits[i].offset);
		assert_int_equal(r->edits[i].length, edits[i].length);
		assert_span(r->edits[i].replacement, edits[i].replacement);
	}
}

static void
test_answer_round_trip(void **state)
{
	struct arena *a = arena_new(0);
	struct buf b = { 0 };
	struct scan_answer r;

	(void)state;
	scan_answer_encode(&b, &an_answer);
	assert_true(scan_answer_decode(a, buf_span(&b), &r));
	assert_int_equal(r.verdict, VERDICT_STRIP);
	assert_true(r.score == 1.5);
	assert_span(r.reply, an_answer.reply);
	assert_span(r.reason, an_answer.reason);
	assert_true(r.complete);
	assert_int_equal(r.readings, 2);
	assert_int_equal(r.hit_count, 2);
	assert_int_equal(r.defect_count, 2);
	assert_int_equal(r.part_count, 2);
	assert_int_equal(r.edit_count, 2);
	assert_same_lists(&r);
	assert_true(r.keep_original);
	assert_span(r.subject, an_answer.subject);
	assert_span(r.author, an_answer.author);
	assert_false(r.in_place);
	assert_int_equal(r.section_count, 2);
	assert_true(r.sections_doubtful && r.tagged && !r.allowed);
	assert_int_equal(r.micros, 212);
	buf_free(&b);
	arena_free(&a);
}

/* Every prefix, and anything after the end, is malformed. */
static void
test_lengths(void **state)
{
	struct arena *a = arena_new(0);
	struct buf request = { 0 }, answer = { 0 };
	struct scan_request q;
	struct scan_answer r;

	(void)state;
	scan_request_encode(&request, &a_request);
	scan_answer_encode(&answer, &an_answer);
	for (size_t len = 0; len < request.len; len++)
		assert_false(scan_request_decode(a, span_first(buf_span(&request), len), &q));
	for (size_t len = 0; len < answer.len; len++)
		assert_false(scan_answer_decode(a, span_first(buf_span(&answer), len), &r));
	buf_add_byte(&request, 0);
	buf_add_byte(&answer, 0);
	assert_false(scan_request_decode(a, buf_span(&request), &q));
	assert_false(scan_answer_decode(a, buf_span(&answer), &r));
	buf_free(&request);
	buf_free(&answer);
	arena_free(&a);
}

static bool
decodes(const struct scan_answer *r)
{
	struct arena *a = arena_new(0);
	struct buf b = { 0 };
	struct scan_answer decoded;
	bool ok;

	scan_answer_encode(&b, r);
	ok = scan_answer_decode(a, buf_span(&b), &decoded);
	buf_free(&b);
	arena_free(&a);
	return ok;
}

static void
test_values_out_of_range(void **state)
{
	const struct edit unsorted[] = { { 10, 5, { NULL, 0 }, FILL_NONE, 0 }, { 0, 0, { "X", 1 }, FILL_NONE, 0 } };
	struct scan_section section = { .section = { "1", 1 }, .body = { UINT64_MAX, 1 } };
	struct scan_part short_digest = { .section = { "1", 1 }, .sha256 = "275a" };
	struct scan_part no_digest = { .section = { "1", 1 },
		.sha256 = "zzza021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f" };
	struct scan_answer r;

	(void)state;
	assert_true(decodes(&an_answer));
	r = an_answer, r.verdict = VERDICT_REJECT + 1;
	assert_false(decodes(&r));
	r = an_answer, r.score = __builtin_nan("");
	assert_false(decodes(&r));
	r = an_answer, r.reply = span_str("554 no\r\n250 yes");
	assert_false(decodes(&r));
	r = an_answer, r.reason = span_of("a\0b", 3);
	assert_false(decodes(&r));
	r = an_answer, r.edits = unsorted;
	assert_false(decodes(&r));
	r = an_answer, r.in_place = true;
	assert_false(decodes(&r));
	r.edits = edits_in_its_place, r.edit_count = 1;
	assert_true(decodes(&r));
	r.in_place = false;
	assert_false(decodes(&r));
	r = an_answer, r.sections = &section, r.section_count = 1;
	assert_false(decodes(&r));
	section = (struct scan_section){ .section = { "1\n", 2 } };
	assert_false(decodes(&r));
	section = (struct scan_section){ .encoding = SCAN_ENCODING_OTHER + 1 };
	assert_false(decodes(&r));
	r = an_answer, r.parts = &short_digest, r.part_count = 1;
	assert_false(decodes(&r));
	r = an_answer, r.parts = &no_digest, r.part_count = 1;
	assert_false(decodes(&r));
}

static bool
request_decodes(const struct scan_preferences *own)
{
	struct arena *a = arena_new(0);
	struct scan_request r = { .own = *own }, decoded;
	struct buf b = { 0 };
	bool ok;

	scan_request_encode(&b, &r);
	ok = scan_request_decode(a, buf_span(&b), &decoded);
	buf_free(&b);
	arena_free(&a);
	return ok;
}

static void
test_preferences_out_of_range(void **state)
{
	struct threshold two[2] = { { 3, VERDICT_TAG }, { 4, VERDICT_REJECT } };
	struct scan_preferences own = { .has_thresholds = true, .thresholds = two, .threshold_count = 2 };

	(void)state;
	assert_true(request_decodes(&own));
	two[0].score = 4;
	assert_false(request_decodes(&own));
	two[0] = (struct threshold){ 3, VERDICT_STRIP };
	assert_false(request_decodes(&own));
	two[0] = (struct threshold){ -__builtin_inf(), VERDICT_TAG };
	assert_false(request_decodes(&own));
	own = (struct scan_preferences){ .has_prefix = true, .subject_prefix = SPAN_LITERAL("a\nb") };
	assert_false(request_decodes(&own));
}

static void
test_preferences_of_a_user(void **state)
{
	struct arena *a = arena_new(0);
	const char *names[] = { "*@casino.example", "x" };
	struct user_settings u = { .policy = 1, .upstream = SIZE_MAX, .has_spam = true, .spam = SPAM_SHOWN_HIDDEN };
	struct scan_preferences p;

	(void)state;
	scan_preferences_from(a, NULL, &p);
	assert_false(scan_preferences_any(&p));
	scan_preferences_from(a, &u, &p);
	assert_false(scan_preferences_any(&p));
	u.subject_prefix = "";
	scan_preferences_from(a, &u, &p);
	assert_true(p.has_prefix && p.subject_prefix.len == 0 && scan_preferences_any(&p));
	u = (struct user_settings){ .deny = { names, 2 } };
	scan_preferences_from(a, &u, &p);
	assert_true(scan_preferences_any(&p));
	assert_int_equal(p.deny_count, 2);
	assert_span(p.deny[0], span_str(names[0]));
	arena_free(&a);
}

/* What is said of sections comes out as it went in. */
static void
test_sections(void **state)
{
	struct arena *a = arena_new(0);
	struct scan_section *many = calloc(SCAN_SECTIONS_MAX + 1, sizeof(*many));
	struct scan_answer r = an_answer, back;
	struct buf b = { 0 };

	(void)state;
	r.in_place = r.allowed = true;
	r.edits = edits_in_its_place, r.edit_count = 1;
	scan_answer_encode(&b, &r);
	assert_true(scan_answer_decode(a, buf_span(&b), &back));
	assert_true(back.in_place && back.allowed);
	assert_int_equal(back.edits[0].fill, FILL_BASE64_LINES);
	assert_int_equal(back.edits[0].line, 4);
	for (size_t i = 0; i < 2; i++) {
		const struct scan_section *x = &sections[i], *y = &back.sections[i];

		assert_span(y->section, x->section);
		assert_int_equal(y->mime.offset, x->mime.offset);
		assert_int_equal(y->mime.octets, x->mime.octets);
		assert_int_equal(y->body.offset, x->body.offset);
		assert_int_equal(y->body.octets, x->body.octets);
		assert_int_equal(y->is_message, x->is_message);
		assert_int_equal(y->header.octets, x->header.octets);
		assert_int_equal(y->text.offset, x->text.offset);
		assert_int_equal(y->encoding, x->encoding);
		assert_int_equal(y->decoded_octets, x->decoded_octets);
	}
	r.sections = many, r.section_count = SCAN_SECTIONS_MAX;
	assert_true(decodes(&r));
	r.section_count++;
	assert_false(decodes(&r));
	free(many);
	buf_free(&b);
	arena_free(&a);
}

/* What clients are told is one list, and sections lie in the message. */
static void
test_told(void **state)
{
	static const struct span list = SPAN_LITERAL("(NIL (\"a\" {3}\r\nb\r\n))");
	static const struct span wrong[] = { SPAN_LITERAL(""), SPAN_LITERAL("NIL"), SPAN_LITERAL("(NIL"), SPAN_LITERAL("(NIL)) "),
		SPAN_LITERAL("(NIL)\r\n* BYE"), SPAN_LITERAL("({9}\r\nb)"),
		SPAN_LITERAL("(NIL\r\n* BYE)"), SPAN_LITERAL("(NIL \r\n* BYE)"), SPAN_LITERAL("(\"a\r\n* BYE\")") };
	struct arena *a = arena_new(0);
	struct scan_answer r = an_answer, back;
	struct buf b = { 0 };

	(void)state;
	r.has_told = true;
	r.told = (struct scan_told){ list, list, list, 100 };
	scan_answer_encode(&b, &r);
	assert_true(scan_answer_decode(a, buf_span(&b), &back) && back.has_told);
	assert_span(back.told.envelope, list);
	assert_span(back.told.bodystructure, list);
	assert_int_equal(back.told.octets, 100);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		r.told.body = wrong[i];
		assert_false(decodes(&r));
	}
	r.told.body = list;
	r.told.octets = 99;
	assert_false(decodes(&r));
	r.told.octets = 100;
	assert_true(decodes(&r));
	r.section_count = 0;
	assert_false(decodes(&r));
	buf_free(&b);
	arena_free(&a);
}

/* A count that the bytes cannot hold allocates nothing. */
static void
test_count_without_items(void **state)
{
	struct arena *a = arena_new(64 * 1024);
	struct scan_request empty = { 0 }, r;
	struct buf b = { 0 };
	size_t count_at = 1 + 8 + 4 + 8 + 8;

	(void)state;
	scan_request_encode(&b, &empty);
	assert_true(scan_request_decode(a, buf_span(&b), &r));
	memset(b.data + b.start + count_at, 0x7f, 8);
	assert_false(scan_request_decode(a, buf_span(&b), &r));
	buf_free(&b);
	arena_free(&a);
}

static void
test_failure(void **state)
{
	struct scan_answer r;

	(void)state;
	scan_answer_failure(&r, FAILURE_DEFER, "the scanner died");
	assert_int_equal(r.verdict, VERDICT_DEFER);
	assert_true(span_starts(r.reply, "451 4."));
	assert_true(span_is(r.reason, "the scanner died"));
	assert_false(r.complete);
	assert_int_equal(r.edit_count, 0);
	scan_answer_failure(&r, FAILURE_REJECT, "the scanner died");
	assert_int_equal(r.verdict, VERDICT_REJECT);
	assert_true(span_starts(r.reply, "554 5."));
	assert_false(r.complete);
	scan_answer_failure(&r, FAILURE_ACCEPT, "the scanner died");
	assert_int_equal(r.verdict, VERDICT_ACCEPT);
	assert_false(r.complete);
	assert_int_equal(r.edit_count, 1);
	assert_true(span_starts(r.edits[0].replacement, "X-Gatepost-Incomplete: "));
	assert_true(decodes(&r));
}

static void
assert_json(const struct scan_answer *r, const char *file, const char *expected)
{
	struct buf b = { 0 };

	scan_answer_json(&b, r, file, 1);
	assert_string_equal(buf_str(&b), expected);
	buf_free(&b);
}

static void
test_json(void **state)
{
	const struct scan_answer plain = { .verdict = VERDICT_ACCEPT, .complete = true, .readings = 1,
		.score = 0.1 + 0.2 };

	(void)state;
	assert_json(&an_answer, "mail/a\"b.eml",
	    "{\"file\":\"mail/a\\\"b.eml\",\"message\":1,\"verdict\":\"strip\",\"score\":1.5,"
	    "\"reply\":\"554 5.7.1 no\",\"complete\":true,\"readings\":2,\"defects\":[\"charset-unknown\"],"
	    "\"rules\":[{\"name\":\"URGENT\",\"score\":1.5,\"part\":null},"
	    "{\"name\":\"BANNED\",\"then\":\"strip\",\"part\":\"2\",\"detail\":\"Win.Test\"}],"
	    "\"parts\":[{\"section\":\"1\",\"type\":\"text/plain\",\"name\":null,\"octets\":412,"
	    "\"decoded_octets\":405,\"sha256\":null,\"magic\":\"text\"},"
	    "{\"section\":\"2!\\\"x\\\"\",\"type\":null,\"name\":\"a\\u0009b\",\"octets\":7,\"decoded_octets\":9,"
	    "\"sha256\":\"275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f\","
	    "\"magic\":\"pe\"}],\"edits\":2,\"micros\":212}");
	assert_json(&plain, NULL,
	    "{\"file\":null,\"message\":1,\"verdict\":\"accept\",\"score\":0.3,\"reply\":null,\"complete\":true,"
	    "\"readings\":1,\"defects\":[],\"rules\":[],\"parts\":[],\"edits\":0,\"micros\":0}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_round_trip),
		cmocka_unit_test(test_answer_round_trip),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_values_out_of_range),
		cmocka_unit_test(test_preferences_out_of_range),
		cmocka_unit_test(test_preferences_of_a_user),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_count_without_items),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}

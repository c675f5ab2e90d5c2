/* Signatures: syntax, matching (held against a naive matcher at random),
 * digests, ids. */
#include "config.h"

#include "engine/signature.h"

#include "base/codec.h"
#include "../lib/naive_signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { IDS = 64 };

#ifdef SANITIZERS /* each round there takes eight times as long */
enum { ROUNDS = 2500, ROUNDS_OF_SETS = 400 };
#else
enum { ROUNDS = 20000, ROUNDS_OF_SETS = 3000 };
#endif

struct told {
	size_t times[IDS];
};

static void
note(void *context, uint32_t id)
{
	struct told *told = context;

	assert_true(id < IDS);
	told->times[id]++;
}

static void
scan(const struct signatures *s, struct span data, const unsigned char *sha256, struct told *told)
{
	struct signatures_scratch *scratch = signatures_scratch_new(s);

	assert_non_null(scratch);
	*told = (struct told){ .times = { 0 } };
	assert_true(signatures_scan(s, scratch, data, sha256, note, told));
	signatures_scratch_free(&scratch);
	assert_null(scratch);
}

static bool
found(const char *hex, struct span data)
{
	struct arena *a = arena_new(0);
	struct signature_builder *b = signature_builder_new(a);
	const char *error = signature_add_hex(b, span_str(hex), 3);
	struct told told;

	if (error != NULL)
		fail_msg("%s: %s", hex, error);
	scan(signatures_compile(b), data, NULL, &told);
	arena_free(&a);
	assert_true(told.times[3] <= 1);
	return told.times[3] == 1;
}

static void
test_bytes_and_wildcards(void **state)
{
	(void)state;
	assert_true(found("61626364", SPAN_LITERAL("xxabcdxx")));
	assert_true(found("616263", SPAN_LITERAL("abc")));
	assert_false(found("616263", SPAN_LITERAL("ab")));
	assert_false(found("616263", SPAN_LITERAL("")));
	assert_false(found("616263", SPAN_LITERAL("aBc")));
	assert_true(found("6162??64", SPAN_LITERAL("abZd")));
	assert_false(found("6162??64", SPAN_LITERAL("abd")));
	assert_true(found("??6162", SPAN_LITERAL("xab")));
	assert_false(found("??6162", SPAN_LITERAL("ab")));
	assert_false(found("6162??", SPAN_LITERAL("ab")));
	assert_true(found("61626?", SPAN_LITERAL("abo")));
	assert_false(found("61626?", SPAN_LITERAL("abp")));
	assert_true(found("6162?3", SPAN_LITERAL("abC")));
	assert_false(found("6162?3", SPAN_LITERAL("abD")));
	assert_true(found("00FF00ff", SPAN_LITERAL("\0\xff\0\xff\0")));
}

static void
test_gaps(void **state)
{
	(void)state;
	assert_true(found("6162*6364", SPAN_LITERAL("ab......cd")));
	assert_true(found("6162*6364", SPAN_LITERAL("abcd")));
	assert_false(found("6162*6364", SPAN_LITERAL("cdab")));
	assert_false(found("6162*6263", SPAN_LITERAL("abc")));
	assert_true(found("6162{2}6364", SPAN_LITERAL("ab..cd")));
	assert_false(found("6162{2}6364", SPAN_LITERAL("ab.cd")));
	assert_false(found("6162{2}6364", SPAN_LITERAL("ab...cd")));
	assert_true(found("6162{40}6364", SPAN_LITERAL("ab........................................cd")));
	assert_false(found("6162{41}6364", SPAN_LITERAL("ab........................................cd")));
	assert_true(found("6162{1-3}6364", SPAN_LITERAL("ab...cd")));
	assert_false(found("6162{1-3}6364", SPAN_LITERAL("ab....cd")));
	assert_false(found("6162{1-3}6364", SPAN_LITERAL("abcd")));
	assert_true(found("6162{-2}6364", SPAN_LITERAL("abcd")));
	assert_false(found("6162{-2}6364", SPAN_LITERAL("ab...cd")));
	assert_true(found("6162{3-}6364", SPAN_LITERAL("ab......cd")));
	assert_false(found("6162{3-}6364", SPAN_LITERAL("ab..cd")));
	/* the first ab is too far, a later one is not */
	assert_true(found("6162{-2}6364", SPAN_LITERAL("ab....ab.cd")));
	/* the nearest ab leads nowhere, an earlier one does */
	assert_true(found("6162{4-6}6364", SPAN_LITERAL("ab..ab.cd")));
	/* the place of cd that the first gap reaches is not the one the second needs */
	assert_true(found("6162*6364{1}6566", SPAN_LITERAL("ab cd cd ef")));
	assert_true(found("6162*6364*6566*6768", SPAN_LITERAL("ab..cd..ef..gh")));
	assert_false(found("6162*6364*6566*6768", SPAN_LITERAL("ab..ef..cd..gh")));
}

static void
test_alternatives(void **state)
{
	(void)state;
	assert_true(found("6162(63|64)65", SPAN_LITERAL("abde")));
	assert_false(found("6162(63|64)65", SPAN_LITERAL("abee")));
	assert_true(found("6162(6364|65?" "?)66", SPAN_LITERAL("abexf")));
	assert_true(found("(61|62)6364", SPAN_LITERAL("bcd")));
	assert_true(found("6162(63|6465)66", SPAN_LITERAL("abdef")));
	assert_true(found("6162(63|6465)66", SPAN_LITERAL("abcf")));
	assert_false(found("6162(63|6465)66", SPAN_LITERAL("abdf")));
	assert_true(found("6162(63|6465|6667)*(6162|63|6465)6666", SPAN_LITERAL("abfg...cff")));
	assert_false(found("6162(63|6465|6667)*(6162|63|6465)6666", SPAN_LITERAL("abfg...eff")));
}

static void
test_syntax_errors(void **state)
{
	static const char *const wrong[] = { "", "61", "61??62", "6", "616", "61 62", "6g62", "*6162", "6162*", "6162**6364",
		"6162{}6364", "6162{-}6364", "6162{3-1}6364", "6162{1-2-3}6364", "6162{x}6364", "6162{1", "6162{99999999999}6364",
		"6162*{0}", "6162()", "6162(", "6162(63", "6162(63|)", "6162(6)", "6162((63))", "6162(63*64)", "6162)", "61?",
		"6162!(63|6464)", "6162!", "6162!63", "(B)", "(B)(W)", "(X)6162", "6162[1-3}63", "6162[3-1]63",
		"6162(63|6464)(63|6464)(63|6464)(63|6464)(63|6464)(63|6464)(63|6464)" };
	struct arena *a = arena_new(0);
	struct signature_builder *b = signature_builder_new(a);

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (signature_add_hex(b, span_str(wrong[i]), 0) == NULL)
			fail_msg("%s was taken", wrong[i]);
	assert_non_null(signature_add_text(b, SPAN_LITERAL("x"), 0));
	assert_int_equal(signatures_count(signatures_compile(b)), 0);
	arena_free(&a);
}

static void
test_bounds(void **state)
{
	enum { SIZE = 40000 };
	struct arena *a = arena_new(0);
	struct signature_builder *b = signature_builder_new(a);
	char *hex = malloc(SIZE);

	(void)state;
	memset(hex, '6', SIZE);
	assert_null(signature_add_hex(b, span_of(hex, 16384), 0));
	assert_non_null(signature_add_hex(b, span_of(hex, 16386), 0));
	assert_non_null(signature_add_hex(b, span_of(hex, SIZE), 0));
	assert_non_null(signature_add_text(b, span_of(hex, 8193), 0));
	for (size_t i = 2; i + 1 < SIZE; i += 3)
		hex[i] = '*';
	assert_non_null(signature_add_hex(b, span_of(hex, 3000), 0));
	free(hex);
	arena_free(&a);
}

static void
test_negated_alternatives(void **state)
{
	(void)state;
	assert_true(found("6162!(63|64)65", SPAN_LITERAL("abee")));
	assert_false(found("6162!(63|64)65", SPAN_LITERAL("abde")));
	assert_false(found("6162!(63|64)65", SPAN_LITERAL("abe")));
	assert_true(found("6162!(6364|6565)66", SPAN_LITERAL("abcef")));
	assert_false(found("6162!(63|64)", SPAN_LITERAL("ab")));
}

static void
test_bracketed_gaps(void **state)
{
	(void)state;
	assert_true(found("61[1-3]6364", SPAN_LITERAL("a...cd")));
	assert_false(found("61[1-3]6364", SPAN_LITERAL("a....cd")));
	assert_true(found("6162[2-2]64", SPAN_LITERAL("ab..d")));
}

static void
test_places_at_the_ends(void **state)
{
	(void)state;
	assert_true(found("(B)6162(B)", SPAN_LITERAL("ab")));
	assert_true(found("(B)6162(B)", SPAN_LITERAL("x ab/")));
	assert_true(found("(B)6162", SPAN_LITERAL("<ab")));
	assert_false(found("6162(B)", SPAN_LITERAL("ab<")));
	assert_false(found("(B)6162", SPAN_LITERAL("xab")));
	assert_true(found("!(B)6162", SPAN_LITERAL("xab")));
	assert_false(found("!(B)6162", SPAN_LITERAL("ab")));
	assert_true(found("(L)6162(L)", SPAN_LITERAL("x\nab\r\n")));
	assert_false(found("(L)6162(L)", SPAN_LITERAL("x\nab\rx")));
	assert_true(found("6162(L)", SPAN_LITERAL("ab")));
	assert_true(found("(W)6162(W)", SPAN_LITERAL("\xff" "ab\0")));
	assert_false(found("(W)6162(W)", SPAN_LITERAL("ab9")));
	assert_true(found("6162(W)*(W)6364", SPAN_LITERAL("ab-cd")));
	assert_false(found("6162(W)*(W)6364", SPAN_LITERAL("abcd")));
}

static void
test_places_within(void **state)
{
	(void)state;
	assert_true(found("6162(W)6364", SPAN_LITERAL("ab-cd")));
	assert_false(found("6162(W)6364", SPAN_LITERAL("abxcd")));
	assert_false(found("6162(W)6364", SPAN_LITERAL("abcd")));
	assert_true(found("6162!(W)6364", SPAN_LITERAL("abxcd")));
	assert_true(found("6162(B)6364", SPAN_LITERAL("ab/cd")));
	assert_true(found("6162(L)6364", SPAN_LITERAL("ab\ncd")));
	assert_true(found("6162(L)6364", SPAN_LITERAL("ab\r\ncd")));
	assert_false(found("6162(L)6364", SPAN_LITERAL("ab\rcd")));
	assert_true(found("6162!(L)6364", SPAN_LITERAL("ab\rcd")));
}

struct places {
	size_t offsets[8], count, most;
};

static bool
note_place(void *context, uint32_t id, size_t offset)
{
	struct places *places = context;

	assert_int_equal(id, 5);
	assert_true(places->count < 8);
	places->offsets[places->count++] = offset;
	return places->count < places->most;
}

static struct places
places_of(const char *hex, const struct signature_place *place, bool nocase, struct span data, size_t most)
{
	struct arena *a = arena_new(0);
	struct signature_builder *b = signature_builder_new(a);
	struct signatures_scratch *scratch;
	struct signatures *s;
	struct places places = { .most = most };

	assert_null(signature_add_pattern(b, span_str(hex), place, nocase, 5));
	s = signatures_compile(b);
	scratch = signatures_scratch_new(s);
	assert_true(signatures_scan_at(s, scratch, data, NULL, note_place, &places));
	signatures_scratch_free(&scratch);
	arena_free(&a);
	return places;
}

static void
check_places(const char *hex, const struct signature_place *place, struct span data, size_t count, const size_t *expected)
{
	struct places got = places_of(hex, place, false, data, 8);

	assert_int_equal(got.count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(got.offsets[i], expected[i]);
}

static void
test_every_place_is_told(void **state)
{
	(void)state;
	check_places("6162", NULL, SPAN_LITERAL("ab.ab.ab"), 3, (size_t[]){ 0, 3, 6 });
	check_places("6161", NULL, SPAN_LITERAL("aaaa"), 3, (size_t[]){ 0, 1, 2 });
	check_places("6162{-2}6364", NULL, SPAN_LITERAL("ab ab cd cd"), 1, (size_t[]){ 3 });
	check_places("6162*6364", NULL, SPAN_LITERAL(".ab cd cd"), 2, (size_t[]){ 1, 1 });
	assert_int_equal(places_of("6162", NULL, false, SPAN_LITERAL("ab.ab.ab"), 2).count, 2);
	assert_int_equal(places_of("6162*6364", NULL, false, SPAN_LITERAL("abcdcdcd"), 2).count, 2);
}

static void
test_places_of_patterns(void **state)
{
	const struct signature_place third = { SIGNATURE_FROM_BEGIN, 3, 3 }, until4 = { SIGNATURE_FROM_BEGIN, 0, 4 },
				     from4 = { SIGNATURE_FROM_BEGIN, 4, UINT64_MAX }, end2 = { SIGNATURE_FROM_END, 2, 2 },
				     end5 = { SIGNATURE_FROM_END, 4, 5 }, any = { SIGNATURE_ANYWHERE, 7, 7 },
				     far = { SIGNATURE_FROM_END, 9, UINT64_MAX };
	const struct span data = SPAN_LITERAL("ab.ab.ab");

	(void)state;
	check_places("6162", &third, data, 1, (size_t[]){ 3 });
	check_places("6162", &until4, data, 2, (size_t[]){ 0, 3 });
	check_places("6162", &from4, data, 1, (size_t[]){ 6 });
	check_places("6162", &end2, data, 1, (size_t[]){ 6 });
	check_places("6162", &end5, data, 1, (size_t[]){ 3 });
	check_places("6162", &any, data, 3, (size_t[]){ 0, 3, 6 });
	check_places("6162", &far, data, 0, NULL);
	check_places("6162{-1}6162", &third, data, 1, (size_t[]){ 3 });
	check_places("6162{-1}6162", &end2, data, 0, NULL);
	check_places("6162*6162", &third, data, 1, (size_t[]){ 3 });
}

static void
test_nocase(void **state)
{
	(void)state;
	assert_int_equal(places_of("61427b(63|44)", NULL, true, SPAN_LITERAL("aB{c Ab{D ab[c AB{C ab{\x03"), 8).count, 3);
	assert_int_equal(places_of("61427b", NULL, false, SPAN_LITERAL("aB{ Ab{ ab["), 8).count, 1);
}

static void
test_sized_digests(void **state)
{
	static const char *const abc = "900150983cd24fb0d6963f7d28e17f72";
	struct arena *a = arena_new(0);
	struct signature_builder *b = signature_builder_new(a);
	struct signatures *s;
	struct told told;

	(void)state;
	assert_null(signature_add_sized_digest(b, DIGEST_MD5, span_str(abc), 3, 1));
	assert_null(signature_add_sized_digest(b, DIGEST_MD5, span_str(abc), 4, 2));
	s = signatures_compile(b);
	scan(s, SPAN_LITERAL("abc"), NULL, &told);
	assert_int_equal(told.times[1], 1);
	assert_int_equal(told.times[2], 0);
	scan(s, SPAN_LITERAL("abcd"), NULL, &told);
	assert_int_equal(told.times[1] + told.times[2], 0);
	arena_free(&a);
}

static const char eicar_like[] = "this text\0stands for a file";

static struct signatures *
one_of_each(struct arena *a)
{
	struct signature_builder *b = signature_builder_new(a);

	assert_null(signature_add_text(b, SPAN_LITERAL("text\0stands"), 1));
	assert_null(signature_add_hex(b, SPAN_LITERAL("66696c65"), 2));
	assert_null(signature_add_digest(b, DIGEST_MD5, SPAN_LITERAL("900150983cd24fb0d6963f7d28e17f72"), 3));
	assert_null(signature_add_digest(b, DIGEST_SHA1, SPAN_LITERAL("A9993E364706816ABA3E25717850C26C9CD0D89D"), 4));
	assert_null(signature_add_digest(b, DIGEST_SHA256,
	    SPAN_LITERAL("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), 5));
	assert_null(signature_add_digest(b, DIGEST_MD5, SPAN_LITERAL("900150983cd24fb0d6963f7d28e17f72"), 6));
	assert_null(signature_add_digest(b, DIGEST_MD5, SPAN_LITERAL("00000000000000000000000000000000"), 7));
	assert_null(signature_add_text(b, SPAN_LITERAL("this"), 2));
	return signatures_compile(b);
}

static void
test_kinds_together(void **state)
{
	struct arena *a = arena_new(0);
	struct signatures *s = one_of_each(a);
	const unsigned char wrong[DIGEST_MAX] = { 0 };
	struct told told;

	(void)state;
	assert_int_equal(signatures_count(s), 8);
	scan(s, span_of(eicar_like, sizeof(eicar_like)), NULL, &told);
	assert_int_equal(told.times[1], 1);
	assert_int_equal(told.times[2], 1); /* once, though two signatures have this id */
	for (int id = 3; id < IDS; id++)
		assert_int_equal(told.times[id], 0);
	scan(s, SPAN_LITERAL("abc"), NULL, &told);
	for (int id = 0; id < IDS; id++)
		assert_int_equal(told.times[id], id >= 3 && id <= 6);
	scan(s, SPAN_LITERAL("abc"), wrong, &told);
	assert_int_equal(told.times[5], 0); /* the caller's digest was believed */
	arena_free(&a);
}

static void
test_digest_errors(void **state)
{
	struct arena *a = arena_new(0);
	struct signature_builder *b = signature_builder_new(a);

	(void)state;
	assert_non_null(signature_add_digest(b, DIGEST_MD5, SPAN_LITERAL("900150983cd24fb0d6963f7d28e17f7"), 0));
	assert_non_null(signature_add_digest(b, DIGEST_MD5, SPAN_LITERAL("900150983cd24fb0d6963f7d28e17f7x"), 0));
	assert_non_null(signature_add_digest(b, DIGEST_SHA1, SPAN_LITERAL("900150983cd24fb0d6963f7d28e17f72"), 0));
	assert_int_equal(signatures_count(signatures_compile(b)), 0);
	arena_free(&a);
}

static void
test_digests(void **state)
{
	unsigned char out[DIGEST_MAX];
	char hex[2 * DIGEST_MAX + 1];

	(void)state;
	digest_open_all();
	digest_open_all();
	assert_true(digest_of(DIGEST_SHA1, SPAN_LITERAL("abc"), out));
	hex_encode(span_of((const char *)out, digest_size(DIGEST_SHA1)), hex);
	assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_true(digest_of(DIGEST_MD5, SPAN_NONE, out));
	hex_encode(span_of((const char *)out, digest_size(DIGEST_MD5)), hex);
	assert_string_equal(hex, "d41d8cd98f00b204e9800998ecf8427e");
}

static void
test_empty_set(void **state)
{
	struct arena *a = arena_new(0);
	struct signatures *s = signatures_compile(signature_builder_new(a));
	struct told told;

	(void)state;
	scan(s, SPAN_LITERAL("anything"), NULL, &told);
	assert_false(signatures_scan(s, NULL, SPAN_LITERAL("anything"), NULL, note, &told));
	arena_free(&a);
}

static void
append(char *text, const char *more)
{
	strcat(text, more);
}

static void
random_hex(char *hex)
{
	static const char *const pieces[] = { "6161", "6162", "61", "62", "??", "6?", "?1", "(61|62)", ("(6161|6262|61?" "?)"),
		"(61|6262)", "(6162|61|616161)", "!(61|62)", "!(6161|6?62)", "(B)", "!(B)", "(L)", "!(L)", "(W)", "!(W)" };
	static const char *const gaps[] = { "*", "{1}", "{0-1}", "{2-4}", "{-3}", "{2-}", "[0-2]", "[2-3]", "{33}", "{0}" };

	hex[0] = '\0';
	for (int i = 1 + rand() % 6; i > 0; i--) {
		append(hex, pieces[(size_t)rand() % (sizeof(pieces) / sizeof(pieces[0]))]);
		if (i > 1 && rand() % 3 == 0)
			append(hex, gaps[(size_t)rand() % (sizeof(gaps) / sizeof(gaps[0]))]);
	}
}

static void
test_random(void **state)
{
	size_t matches = 0, taken = 0;

	(void)state;
	srand(3);
	for (int round = 0; round < ROUNDS; round++) {
		struct arena *a = arena_new(0);
		struct signature_builder *b = signature_builder_new(a);
		char hex[300], data[60];
		size_t len = (size_t)rand() % sizeof(data);

		random_hex(hex);
		for (size_t i = 0; i < len; i++)
			data[i] = "aaabbac\r\n-<="[rand() % (round % 2 == 0 ? 7 : 12)];
		if (signature_add_hex(b, span_str(hex), 0) == NULL) {
			struct told told;
			bool expected = naive_signature_matches(span_str(hex), span_of(data, len));

			scan(signatures_compile(b), span_of(data, len), NULL, &told);
			if (told.times[0] != expected)
				fail_msg("%s in %.*s: %zu", hex, (int)len, data, told.times[0]);
			taken++;
			matches += expected;
		}
		arena_free(&a);
	}
	assert_true(taken > ROUNDS / 4 && matches > ROUNDS / 20 && matches < taken - ROUNDS / 20); /* or it proves little */
}

enum { MANY = 60, MANY_DATA = 160 };

static struct span
random_bytes(char *bytes, size_t most)
{
	size_t len = (size_t)rand() % (most + 1);

	for (size_t i = 0; i < len; i++)
		bytes[i] = "ab"[rand() % 2];
	return span_of(bytes, len);
}

/* Plain patterns of every length, some caseless: all tables of grams at once. */
static void
test_random_sets(void **state)
{
	size_t matches = 0;

	(void)state;
	srand(4);
	for (int round = 0; round < ROUNDS_OF_SETS; round++) {
		struct arena *a = arena_new(0);
		struct signature_builder *b = signature_builder_new(a);
		char texts[MANY][40], data[MANY_DATA], hex[81];
		struct span patterns[MANY], content = random_bytes(data, sizeof(data));
		bool nocase[MANY];
		struct told told;

		for (uint32_t i = 0; i < MANY; i++) {
			do
				patterns[i] = random_bytes(texts[i], rand() % 2 == 0 ? 4 : sizeof(texts[i]));
			while (patterns[i].len < 2);
			if (rand() % 2 == 0 && content.len > sizeof(texts[i])) /* one that is there */
				memcpy(texts[i], data + rand() % (content.len - patterns[i].len), patterns[i].len);
			nocase[i] = rand() % 3 == 0;
			if (nocase[i])
				texts[i][0] = (char)(texts[i][0] - 'a' + 'A');
			hex_encode(patterns[i], hex);
			assert_null(signature_add_pattern(b, span_str(hex), NULL, nocase[i], i));
		}
		scan(signatures_compile(b), content, NULL, &told);
		for (uint32_t i = 0; i < MANY; i++) {
			bool expected = (nocase[i] ? span_find_nocase(content, patterns[i]) : span_find(content, patterns[i])) !=
			                SIZE_MAX;

			matches += expected;
			if (told.times[i] != expected)
				fail_msg("%.*s in %.*s: %zu", SPAN_ARG(patterns[i]), SPAN_ARG(content), told.times[i]);
		}
		arena_free(&a);
	}
	assert_true(matches > ROUNDS_OF_SETS);
}

/* In the pattern `#` stands for eight digits, of which each signature has its own. */
static void
add_many(struct signature_builder *b, const char *pattern, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char hex[300], *out = hex;

		for (const char *c = pattern; *c != '\0'; c++)
			if (*c == '#')
				out += sprintf(out, "%08x", i);
			else
				*out++ = *c;
		assert_null(signature_add_hex(b, span_of(hex, (size_t)(out - hex)), i % IDS));
	}
}

/* Steps that the search takes for each octet of a megabyte. */
static double
work_per_octet(const char *pattern, unsigned count, struct span data, bool *good)
{
	struct arena *a = arena_new(0);
	struct signature_builder *b = signature_builder_new(a);
	struct signatures_scratch *scratch;
	struct signatures *s;
	struct told told = { .times = { 0 } };
	double work;

	add_many(b, pattern, count);
	s = signatures_compile(b);
	scratch = signatures_scratch_new(s);
	*good = signatures_scan(s, scratch, data, NULL, note, &told);
	work = (double)signatures_work(scratch) / (double)data.len;
	signatures_scratch_free(&scratch);
	arena_free(&a);
	return work;
}

/* Content and patterns made to be slow: the work stays within its bound, and
 * a search that would take more is not said to have found nothing. */
static void
test_made_to_be_slow(void **state)
{
	enum { SIZE = 1 << 20 };
	static const char *const patterns[] = {
		"6161*6161*6161*6161*6161*6161*6161*6162",
		"6161{-9999}6161{-9999}6161{-9999}6162",
		"61616161(61|62)(61|62)(61|62)(61|62)(61|62)(61|62)(61|62)(61|62)63",
		"6161616161616161616161616161616161616161616161616161616161??62",
		"61616161616161616161616161616161(62|63)*#",
	};
	static const unsigned counts[] = { 1, 100, 10000 };
	char *data = malloc(SIZE);
	bool good;

	(void)state;
	memset(data, 'a', SIZE);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		for (size_t j = 0; j < sizeof(counts) / sizeof(counts[0]); j++)
			assert_true(work_per_octet(patterns[i], counts[j], span_of(data, SIZE), &good) < 80 || !good);
	/* one that nobody has to refuse */
	assert_true(work_per_octet(patterns[3], 1, span_of(data, SIZE), &good) < 8);
	assert_true(good);
	assert_true(work_per_octet(patterns[3], 10000, span_of(data, SIZE), &good) < 80);
	assert_false(good);
	free(data);
}

/* What all patterns have in common is not what they are looked for by. */
static void
test_anchors_are_rare(void **state)
{
	static const char common[] = "4d5a90000300000004000000ffff0000";
	char pattern[80], *data = malloc(1 << 16);
	bool good;

	(void)state;
	snprintf(pattern, sizeof(pattern), "%s?" "?#17#", common);
	for (size_t i = 0; i < 1 << 16; i++)
		data[i] = (char)(hex_digit(common[i % 16 * 2]) << 4 | hex_digit(common[i % 16 * 2 + 1]));
	assert_true(work_per_octet(pattern, 1000, span_of(data, 1 << 16), &good) < 1);
	assert_true(good);
	free(data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_and_wildcards),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_alternatives),
		cmocka_unit_test(test_negated_alternatives),
		cmocka_unit_test(test_bracketed_gaps),
		cmocka_unit_test(test_places_at_the_ends),
		cmocka_unit_test(test_places_within),
		cmocka_unit_test(test_every_place_is_told),
		cmocka_unit_test(test_places_of_patterns),
		cmocka_unit_test(test_nocase),
		cmocka_unit_test(test_sized_digests),
		cmocka_unit_test(test_syntax_errors),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_kinds_together),
		cmocka_unit_test(test_digest_errors),
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_empty_set),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_random_sets),
		cmocka_unit_test(test_made_to_be_slow),
		cmocka_unit_test(test_anchors_are_rare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

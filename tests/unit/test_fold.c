/* Text as the eye reads it. */
#include "config.h"

#include "rule/characters.h"
#include "rule/confusables.h"
#include "rule/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void
expect(const char *text, const char *folded)
{
	struct arena *a = arena_new(0);

	assert_string_equal(arena_strndup(a, text_folded(a, span_str(text))), folded);
	arena_free(&a);
}

static void
test_plain(void **state)
{
	(void)state;
	expect("", "");
	expect("Free  MONEY\r\n\t now", "free money now");
	expect(" a ", " a ");
	expect("V1AGR4 c@sh", "v1agr4 c@sh");
}

static void
test_forms(void **state)
{
	(void)state;
	expect("Ｖｉａｇｒａ", "viagra");
	expect("𝐕𝓲𝕒𝔤𝗿𝚊 ⓋⒾⒶⒼⓇⒶ 🅥🅸🅰🇬🇷🇦", "viagra viagra viagra");
	expect("ﬁne ½ ²", "fine 1/2 2");
	expect("vïàgrá v̶i̶a̶g̶r̶a̶ STRASSE Straße", "viagra viagra strasse strasse");
	expect("“quoted” – don’t", "\"quoted\" - don't");
	expect("한국어", "한국어");
	expect("日本語", "日本語");
	expect("ﷺ", "ﷺ");
}

static void
test_invisible(void **state)
{
	(void)state;
	expect("vi\xc2\xad" "a\xe2\x80\x8bg\xe2\x80\x8dr\xef\xbb\xbf" "a\xe2\x80\xae\xef\xb8\x8f", "viagra");
	expect("a\xc2\xa0\xe2\x80\x83 b", "a b");
	expect("\xff" "A\xc3", "\xff" "a\xc3");
}

static void
test_look_alikes(void **state)
{
	(void)state;
	expect("Ѵіаgrа", "viagra");        /* Cyrillic */
	expect("РАУРАL", "paypal");
	expect("νιαgrα ΗΕLΡ", "viagra help"); /* Greek */
	expect("ᏙᎥᎪᏀᎡᎪ", "viagra");        /* Cherokee */
	expect("օffеr ոоw", "offer now");  /* Armenian and Cyrillic */
	expect("ꓦꓲꓮꓖꓣꓮ ᴠɪᴀɢʀᴀ", "viagra viagra");
}

static void
expect_joined(const char *text, const char *joined)
{
	struct arena *a = arena_new(0);
	struct span in = span_str(text), out = text_joined(a, in);

	if (joined == NULL)
		assert_ptr_equal(out.data, in.data);
	else
		assert_string_equal(arena_strndup(a, out), joined);
	arena_free(&a);
}

static void
test_joined(void **state)
{
	(void)state;
	expect_joined("v i a g r a", "viagra");
	expect_joined("buy v.i.a.g.r.a now", "buy viagra now");
	expect_joined("c-a-s-h, f_r_e_e!", "cash, free!");
	expect_joined("v i a g r a. c.a.s.h", "viagra. cash");
	expect_joined("a b c", NULL);
	expect_joined("i am a b", NULL);
	expect_joined("one two three four", NULL);
	expect_joined("v i a-g", NULL);
	expect_joined("w i n now", NULL);
	expect_joined("", NULL);
	expect_joined("\xff v i a \xff", NULL);
}

/* Wherever in a text it stands, and however it is cut. */
static void
test_in_long(void **state)
{
	static const char before[] = "A word, two words; e.g. some 10 or 12 \xe2\x82\xac of them are here, and so on ";
	static const char *const rows[][2] = { { "c a s h", "cash" }, { "c.\xc3\xa4.s.h", "c\xc3\xa4sh" }, { "a  b", "a b" },
		{ "\r\nA\t\tB ", " a b " } };

	(void)state;
	for (size_t i = 0; i < sizeof(before) - 1; i++)
		for (size_t j = 0; j < sizeof(before) - 1; j++)
			for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
				struct arena *a = arena_new(0);
				char *text = arena_printf(a, "%s!%s!%s", before + i, rows[k][0], before + j);
				char *meant = arena_printf(a, "%s!%s!%s", before + i, rows[k][1], before + j);

				if (k < 2) {
					expect_joined(text, meant);
				} else {
					for (char *c = meant; *c != '\0'; c++)
						*c = ascii_lower(*c);
					expect(text, meant);
				}
				arena_free(&a);
			}
}

static void
test_names(void **state)
{
	struct arena *a = arena_new(0);
	struct span plain = SPAN_LITERAL("Plain  Name.EXE");

	(void)state;
	assert_ptr_equal(name_folded(a, plain).data, plain.data);
	/* T57 */
	assert_string_equal(arena_strndup(a, name_folded(a, SPAN_LITERAL("inv\xe2\x80\xaegpj.exe"))), "invgpj.exe");
	assert_string_equal(arena_strndup(a, name_folded(a, SPAN_LITERAL("a\xef\xbc\x8e" "ex\xef\xbd\x85"))), "a.exe");
	assert_string_equal(arena_strndup(a, name_folded(a, SPAN_LITERAL("a.\xe2\x80\x8b" "e\xc2\xadxe\xe2\x80\x8f"))),
	    "a.exe");
	assert_string_equal(arena_strndup(a, name_folded(a, SPAN_LITERAL("a.\xd0\xb5x\xd0\xb5"))), "a.exe");
	assert_string_equal(arena_strndup(a, name_folded(a, SPAN_LITERAL("a  b\xe3\x80\x82js"))), "a  b.js");
	arena_free(&a);
}

static void
test_characters(void **state)
{
	struct arena *a = arena_new(0);
	struct span clean = SPAN_LITERAL("gr\xc3\xbcn \xff");

	(void)state;
	assert_true(character_is_invisible(0x200b));
	assert_true(character_is_invisible(0xe0041));
	assert_false(character_is_invisible('a'));
	assert_false(character_is_invisible(0xffff));
	assert_true(character_is_blank(0x3000));
	assert_false(character_is_blank(0x3001));
	assert_ptr_equal(text_without_invisible(a, clean).data, clean.data);
	assert_string_equal(arena_strndup(a, text_without_invisible(a, SPAN_LITERAL("\xe2\x80\x8b" "a\xc2\xad" "b\xe2\x80"))),
	    "ab\xe2\x80");
	arena_free(&a);
}

/* What looks like a letter is not one itself, and is found again by itself. */
static void
test_confusables(void **state)
{
	size_t count = 0;

	(void)state;
	for (uint32_t code = 0; code < 0x20000; code++) {
		const char *latin = confusable_latin(code);

		if (latin == NULL)
			continue;
		count++;
		assert_true(code >= 0x80);
		for (; *latin != '\0'; latin++)
			assert_true(*latin > ' ' && *latin < 0x7f && (*latin < 'A' || *latin > 'Z'));
	}
	assert_true(count > 400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_invisible),
		cmocka_unit_test(test_look_alikes),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_in_long),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_characters),
		cmocka_unit_test(test_confusables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The shapes of made rules are those of rules that are in use; what they look
 * for is drawn. Words of rare expressions hold two capitals' worth of letters
 * that no word of a made letter has, so that only those that are meant to stand
 * in letters do. */
#include "config.h"

#include "rule_maker.h"

enum {
	HUNDRED = 100,
	COMMON_SHARE = 8,    /* of a hundred */
	LITERAL_SHARE = 86,
	COMMON_WORDS = 40,   /* the most frequent words of letters */
};

static void
add_hex_byte(struct mail_maker *m, struct buf *out)
{
	/* a quarter of the bytes of a program are zeros */
	buf_printf(out, "%02x", mail_pick(m, 4) == 0 ? 0 : mail_pick(m, 256));
}

void
rule_add_hex(struct mail_maker *m, struct buf *out)
{
	uint32_t len = 60 + mail_pick(m, 81), kind = mail_pick(m, 20);

	for (uint32_t i = 0; i < len; i++) {
		bool inner = i > 20 && i + 20 < len;

		if (kind == 0 && inner && i % 25 == 0)
			buf_add_str(out, i % 50 == 0 ? "*" : "{4-32}");
		else if (kind <= 2 && inner && mail_pick(m, 12) == 0)
			buf_add_str(out, "??");
		add_hex_byte(m, out);
	}
}

void
rule_add_sha256(struct mail_maker *m, struct buf *out)
{
	for (int i = 0; i < 32; i++)
		buf_printf(out, "%02x", mail_pick(m, 256));
}

/* A word that no letter has. */
static void
add_rare_word(struct mail_maker *m, struct buf *out)
{
	static const char consonants[] = "bcdfghjklmnpqrstvwxz", vowels[] = "aeiou";
	uint32_t syllables = 2 + mail_pick(m, 2);

	for (uint32_t i = 0; i < syllables; i++) {
		buf_add_byte(out, consonants[mail_pick(m, sizeof(consonants) - 1)]);
		buf_add_byte(out, vowels[mail_pick(m, sizeof(vowels) - 1)]);
	}
	buf_add_byte(out, "xqzjw"[mail_pick(m, 5)]);
	buf_add_byte(out, "fkvgp"[mail_pick(m, 5)]);
}

/* Adds the template: `@` is a rare word, `#` a number below ten. */
static void
add_template(struct mail_maker *m, struct buf *out, const char *template)
{
	for (const char *c = template; *c != '\0'; c++)
		if (*c == '@')
			add_rare_word(m, out);
		else if (*c == '#')
			buf_printf(out, "%u", 2 + mail_pick(m, 8));
		else
			buf_add_byte(out, *c);
}

static void
add_rare(struct mail_maker *m, struct buf *out)
{
	static const char *const templates[] = {
		"/\\b(?:@|@) @\\b/i",
		"/@[\\s-]{1,#}@/i",
		"/\\b@\\s+\\w+\\s+@\\b/i",
		"/(?:^|\\s)@(?:s|ing)?\\b.{0,#0}\\b@/i",
		"/\\b(?:my|your|our) (?:@|@|@)\\b/i",
		"/\\b@ (?:of|in) (?:the )?@ [a-z]{3,#0}/i",
		"/\\b@\\b/",
		"/@ @ (?:@|[A-Z]{#})/",
		"/\\b@(?:ed|s)? .{1,#0}(?:dollars?|euros?|usd)\\b.{1,#0}@/i",
		"/[^a-z]@[^a-z]{1,#}@[^a-z]/i",
		"/^@:? .{#,80}$/m",
	};

	add_template(m, out, templates[mail_pick(m, sizeof(templates) / sizeof(templates[0]))]);
}

/* What is looked for first stands in every letter, the whole does not. */
static void
add_common(struct mail_maker *m, struct buf *out)
{
	static const char *const endings[] = {
		"\\b.{0,#0}\\d{4,}[a-z]{3}/i",
		"\\s+[A-Z]{4,}\\s+[A-Z]{#,}/",
		"[^\\w\\s]{2,}\\s*\\d/i",
		" (?:[a-z]\\.){#,}/i",
	};
	const char *word;

	do
		word = m->words[mail_pick(m, COMMON_WORDS)];
	while (strlen(word) < 3);
	buf_printf(out, "/\\b%s", word);
	add_template(m, out, endings[mail_pick(m, sizeof(endings) / sizeof(endings[0]))]);
}

/* A letter as it is spelled to be read by people only. */
static void
add_disguised_letter(struct mail_maker *m, struct buf *out, char letter)
{
	static const char *const disguises[26] = { ['a' - 'a'] = "[a@4]", ['e' - 'a'] = "[e3]", ['i' - 'a'] = "[i1l!|]",
		['o' - 'a'] = "[o0]", ['s' - 'a'] = "[s5$]", ['t' - 'a'] = "[t7+]", ['l' - 'a'] = "[l1|]" };
	const char *disguise = disguises[letter - 'a'];

	if (disguise != NULL)
		buf_add_str(out, disguise);
	else
		buf_printf(out, "[%c%c]", letter, letter - 'a' + 'A');
	buf_add_str(out, mail_pick(m, 3) == 0 ? "[\\W_]?" : "[\\W_]{0,2}");
}

static void
add_without_literal(struct mail_maker *m, struct buf *out)
{
	static const char *const templates[] = {
		"/\\b\\d{1,3}(?:[.,]\\d{3})+\\s?[%$]/",
		"/[A-Z]{#,}\\s[A-Z]{#,}\\s[A-Z]{4,}[!?]/",
		"/\\b(?:[a-z][ .]){#,}[a-z]\\b/i",
		"/[^\\x00-\\x7f]{#,}[!?]/",
		"/\\$\\s?\\d{1,#}(?:,\\d{3}){2,}/",
		"/\\b(?:\\d[ -]?){13,16}\\b/",
	};
	struct buf word = { 0 };

	if (mail_pick(m, 10) >= 6) {
		add_template(m, out, templates[mail_pick(m, sizeof(templates) / sizeof(templates[0]))]);
		return;
	}
	add_rare_word(m, &word);
	buf_add_str(out, "/\\b");
	for (size_t i = 0; i < word.len; i++)
		add_disguised_letter(m, out, word.data[i]);
	buf_add_str(out, "(?:\\b|_)/i");
	buf_free(&word);
}

enum expression_kind
rule_add_expression(struct mail_maker *m, unsigned number, struct buf *out)
{
	unsigned place = number * 37 % HUNDRED; /* 37 and 100 have no divisor in common: each place once */

	if (place < COMMON_SHARE) {
		add_common(m, out);
		return EXPRESSION_COMMON;
	}
	if (place < LITERAL_SHARE) {
		add_rare(m, out);
		return EXPRESSION_RARE;
	}
	add_without_literal(m, out);
	return EXPRESSION_NO_LITERAL;
}

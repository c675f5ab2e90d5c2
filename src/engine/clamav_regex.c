/* Perl's expressions as ClamAV's databases have them: over bytes, not
 * characters, and told where they match. */
#include "config.h"

#include "engine/clamav_db.h"

enum {
	MATCHES_MAX = 100000, /* ClamAV's own limits */
	DEPTH_MAX = 2000,
	ERROR_TEXT_MAX = 256, /* PCRE2's longest is under 128 */
};

static void
free_code(void *code)
{
	pcre2_code_free(code);
}

const char *
clam_regex_compile(struct arena *a, struct span pattern, uint32_t options, struct clam_regex *out)
{
	PCRE2_UCHAR text[ERROR_TEXT_MAX];
	PCRE2_SIZE offset;
	int error;

	out->code = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.len, options | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP, &error,
	    &offset, NULL);
	if (out->code == NULL) {
		pcre2_get_error_message(error, text, sizeof(text));
		return arena_strdup(a, (const char *)text);
	}
	arena_defer(a, free_code, out->code);
	pcre2_jit_compile(out->code, PCRE2_JIT_COMPLETE); /* without it the interpreter runs */
	return NULL;
}

enum regex_result
clam_regex_find(const struct clam_regex *r, const struct regex_memory *m, struct span subject, size_t start,
    bool anchored, size_t *begin, size_t *end)
{
	PCRE2_SPTR text = (PCRE2_SPTR)(subject.data != NULL ? subject.data : "");
	uint32_t options = anchored ? PCRE2_ANCHORED : 0;
	int result;

	pcre2_set_match_limit(m->context, MATCHES_MAX);
	pcre2_set_depth_limit(m->context, DEPTH_MAX);
	result = pcre2_match(r->code, text, subject.len, start, options, m->data, m->context);
	if (result == PCRE2_ERROR_JIT_STACKLIMIT)
		result = pcre2_match(r->code, text, subject.len, start, options | PCRE2_NO_JIT, m->data, m->context);
	if (result < 0)
		return result == PCRE2_ERROR_NOMATCH ? REGEX_NO_MATCH : REGEX_LIMIT;
	*begin = pcre2_get_ovector_pointer(m->data)[0];
	*end = pcre2_get_ovector_pointer(m->data)[1];
	return REGEX_MATCH;
}

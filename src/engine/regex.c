/* One expression: compiling and running it.
 *
 * Everything is compiled for UTF-8, and subjects need not be valid: PCRE2
 * takes bytes that are not UTF-8 as places that nothing matches. A line ends
 * with CR, LF or both, so `$` and `.` do in mail what they do elsewhere.
 *
 * A match is bounded by PCRE2's match limit, its depth limit and a bound on
 * its heap. JIT code that finds its stack too small is run again by PCRE2's
 * interpreter, which takes its memory from the heap; what neither can decide
 * is REGEX_LIMIT. The two count matches differently, so near the limit one may
 * decide what the other does not; they never contradict each other. */
#include "config.h"

#include "engine/regex_run.h"

#include "engine/regex_literal.h"
#include "engine/regex_wider.h"

enum {
	/* The interpreter's memory for one match: ten times what sane
	 * expressions need on a large part. */
	HEAP_MAX_KIB = 16 * 1024,
	JIT_STACK_FIRST = 32 * 1024,
	JIT_STACK_MOST = 512 * 1024,
	ERROR_TEXT_MAX = 256, /* PCRE2's longest is under 128 */
};

struct regex {
	pcre2_code *code;
	struct regex_limits limits;
	struct regex_literals literals;
	struct span pattern;
	uint32_t options;
};

static bool
read_flags(struct span flags, uint32_t *options, size_t *wrong)
{
	static const struct {
		char flag;
		uint32_t option;
	} known[] = {
		{ 'i', PCRE2_CASELESS },
		{ 'm', PCRE2_MULTILINE },
		{ 's', PCRE2_DOTALL },
		{ 'x', PCRE2_EXTENDED },
		{ 'u', PCRE2_UCP },
	};

	for (size_t i = 0; i < flags.len; i++) {
		uint32_t option = 0;

		for (size_t j = 0; j < sizeof(known) / sizeof(known[0]); j++)
			if (known[j].flag == flags.data[i])
				option = known[j].option;
		if (option == 0) {
			*wrong = i;
			return false;
		}
		*options |= option;
	}
	return true;
}

static void
free_code(void *code)
{
	pcre2_code_free(code);
}

static pcre2_code *
compile(struct arena *a, struct span pattern, uint32_t options, const char **error, size_t *error_offset)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	PCRE2_SIZE offset = 0;
	PCRE2_UCHAR text[ERROR_TEXT_MAX];
	pcre2_code *code;
	int number;

	if (context == NULL)
		arena_give_up(a, "out of memory");
	pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
	code = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.len, options, &number, &offset, context);
	pcre2_compile_context_free(context);
	if (code == NULL) {
		pcre2_get_error_message(number, text, sizeof(text));
		*error = arena_strdup(a, (const char *)text);
		*error_offset = offset;
		return NULL;
	}
	arena_defer(a, free_code, code);
	/* where the system has no JIT, or forbids it, the interpreter runs */
	pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	return code;
}

struct regex *
regex_compile(struct arena *a, struct span text, const struct regex_limits *limits, const char **error,
    size_t *error_offset)
{
	uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
	const char *slash = text.len > 1 ? memrchr(text.data + 1, '/', text.len - 1) : NULL;
	struct span pattern;
	struct regex *r;

	*error_offset = 0;
	if (slash == NULL || text.data[0] != '/') {
		*error = "an expression is written /expression/flags";
		return NULL;
	}
	pattern = span_of(text.data + 1, (size_t)(slash - text.data) - 1);
	if (!read_flags(span_from(text, pattern.len + 2), &options, error_offset)) {
		*error = "unknown flag: i, m, s, x and u are known";
		*error_offset += pattern.len + 2;
		return NULL;
	}
	r = ARENA_NEW(a, struct regex);
	r->code = compile(a, pattern, options, error, error_offset);
	*error_offset += 1;
	if (r->code == NULL)
		return NULL;
	r->limits = *limits;
	r->pattern = arena_copy(a, pattern);
	r->options = options;
	regex_literals_find(a, pattern, (options & PCRE2_CASELESS) != 0, (options & PCRE2_EXTENDED) != 0, &r->literals);
	return r;
}

size_t
regex_required_literals(const struct regex *r, const struct span **items, bool *nocase, bool *folds)
{
	*items = r->literals.items;
	*nocase = (r->options & PCRE2_CASELESS) != 0;
	*folds = r->literals.folds;
	return r->literals.count;
}

bool
regex_wider(struct arena *a, const struct regex *r, struct wider *out)
{
	out->nocase = (r->options & PCRE2_CASELESS) != 0;
	out->dot_all = (r->options & PCRE2_DOTALL) != 0;
	return (r->options & PCRE2_EXTENDED) == 0 &&
	    regex_widen(a, r->pattern, (r->options & PCRE2_UCP) != 0, &out->expression);
}

bool
regex_memory_open(struct regex_memory *m, bool with_stack)
{
	*m = (struct regex_memory){ .context = pcre2_match_context_create(NULL), .data = pcre2_match_data_create(1, NULL) };
	if (with_stack)
		m->stack = pcre2_jit_stack_create(JIT_STACK_FIRST, JIT_STACK_MOST, NULL);
	if (m->context == NULL || m->data == NULL) {
		regex_memory_close(m);
		return false;
	}
	pcre2_set_heap_limit(m->context, HEAP_MAX_KIB);
	if (m->stack != NULL)
		pcre2_jit_stack_assign(m->context, NULL, m->stack);
	return true;
}

void
regex_memory_close(struct regex_memory *m)
{
	pcre2_match_data_free(m->data);
	pcre2_match_context_free(m->context);
	pcre2_jit_stack_free(m->stack);
	*m = (struct regex_memory){ .context = NULL };
}

enum regex_result
regex_run(const struct regex *r, const struct regex_memory *m, struct span subject)
{
	PCRE2_SPTR text = (PCRE2_SPTR)(subject.data != NULL ? subject.data : "");
	int result;

	pcre2_set_match_limit(m->context, r->limits.matches);
	pcre2_set_depth_limit(m->context, r->limits.depth);
	result = pcre2_match(r->code, text, subject.len, 0, 0, m->data, m->context);
	if (result == PCRE2_ERROR_JIT_STACKLIMIT)
		result = pcre2_match(r->code, text, subject.len, 0, PCRE2_NO_JIT, m->data, m->context);
	if (result >= 0)
		return REGEX_MATCH;
	return result == PCRE2_ERROR_NOMATCH ? REGEX_NO_MATCH : REGEX_LIMIT;
}

enum regex_result
regex_match(const struct regex *r, struct span subject)
{
	struct regex_memory memory;
	enum regex_result result;

	if (!regex_memory_open(&memory, false))
		return REGEX_LIMIT;
	result = regex_run(r, &memory, subject);
	regex_memory_close(&memory);
	return result;
}

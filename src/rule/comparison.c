/* Comparisons with a number, kept as a closed range. A bare number is refused:
 * "size: 25MiB" reads like a bound and would hold for almost no message. */
#include "config.h"

#include "rule/comparison.h"

struct reader {
	struct arena *arena;
	const struct yaml *node;
	bool (*number)(const struct yaml *n, uint64_t *out, struct report *r);
	struct report *report;
};

/* The number in a piece of the scalar, errors told at its own column. */
static bool
number_read(const struct reader *r, struct span piece, uint64_t *out)
{
	struct yaml part = *r->node;

	piece = span_trim(piece);
	part.mark.column += (size_t)(piece.data - r->node->text.data) + (r->node->quoted ? 1 : 0);
	part.text = span_of(arena_strndup(r->arena, piece), piece.len);
	part.quoted = false;
	return r->number(&part, out, r->report);
}

static bool
empty_range(const struct reader *r)
{
	report_add(r->report, r->node->mark, "no number is in this range");
	return false;
}

static bool
range_read(const struct reader *r, size_t dots, struct comparison *out)
{
	struct span text = r->node->text;

	if (!number_read(r, span_first(text, dots), &out->least) ||
	    !number_read(r, span_from(text, dots + 2), &out->most))
		return false;
	return out->least <= out->most || empty_range(r);
}

static bool
bound_read(const struct reader *r, size_t operator_len, struct comparison *out)
{
	struct span text = r->node->text;
	bool open = operator_len == 1;
	uint64_t bound;

	if (!number_read(r, span_from(text, operator_len), &bound))
		return false;
	*out = (struct comparison){ 0, UINT64_MAX };
	if (text.data[0] == '=') {
		*out = (struct comparison){ bound, bound };
	} else if (text.data[0] == '>') {
		if (open && bound == UINT64_MAX)
			return empty_range(r);
		out->least = open ? bound + 1 : bound;
	} else {
		if (open && bound == 0)
			return empty_range(r);
		out->most = open ? bound - 1 : bound;
	}
	return true;
}

bool
comparison_read(struct arena *a, const struct yaml *n,
    bool (*number)(const struct yaml *n, uint64_t *out, struct report *r), struct comparison *out, struct report *r)
{
	struct reader reader = { a, n, number, r };
	const char *text;
	size_t dots;

	if (n->kind == YAML_SCALAR && yaml_string(n, &text, r)) {
		dots = span_find(n->text, SPAN_LITERAL(".."));
		if (dots != SIZE_MAX)
			return range_read(&reader, dots, out);
		if (text[0] == '>' || text[0] == '<' || text[0] == '=')
			return bound_read(&reader, text[0] != '=' && text[1] == '=' ? 2 : 1, out);
	}
	report_add(r, n->mark, "expected a comparison: \"> N\", \">= N\", \"< N\", \"<= N\", \"= N\" or \"N..M\"");
	return false;
}

/* Expressions of logical signatures. There is no precedence: an operator's
 * right side is all that follows. What a part that holds has matched is added
 * up for the comparison behind a parenthesis; a part that does not hold adds
 * nothing. */
#include "config.h"

#include "engine/clamav_db.h"

enum {
	NODES_MAX = 512,
	DEPTH_MAX = 64, /* parentheses in parentheses */
};

struct reading {
	struct span rest;
	struct clam_node nodes[NODES_MAX];
	size_t count;
	unsigned depth;
	uint8_t subs;
};

static bool read_expression(struct reading *r, uint16_t *index);

static bool
take(struct reading *r, char c)
{
	if (r->rest.len == 0 || r->rest.data[0] != c)
		return false;
	r->rest = span_from(r->rest, 1);
	return true;
}

static bool
take_number(struct reading *r, uint64_t most, uint64_t *out)
{
	size_t digits = 0;
	bool good;

	while (digits < r->rest.len && ascii_is_digit(r->rest.data[digits]))
		digits++;
	good = span_to_u64(span_first(r->rest, digits), out) && *out <= most;
	r->rest = span_from(r->rest, digits);
	return good;
}

static bool
add_node(struct reading *r, struct clam_node node, uint16_t *index)
{
	if (r->count == NODES_MAX)
		return false;
	*index = (uint16_t)r->count;
	r->nodes[r->count++] = node;
	return true;
}

/* =n >n <n, each with ,m */
static bool
read_comparison(struct reading *r, struct clam_node *node)
{
	uint64_t matches, different = 0;

	if (r->rest.len == 0 || memchr("=<>", r->rest.data[0], 3) == NULL)
		return true;
	if (node->comparison != 0)
		return false;
	node->comparison = r->rest.data[0];
	r->rest = span_from(r->rest, 1);
	if (!take_number(r, UINT32_MAX, &matches) || (take(r, ',') && !take_number(r, CLAM_SUBS_MAX, &different)))
		return false;
	node->matches = (uint32_t)matches;
	node->different = (uint32_t)different;
	return true;
}

static bool
read_term(struct reading *r, uint16_t *index)
{
	uint64_t sub;

	if (take(r, '(')) {
		if (++r->depth > DEPTH_MAX || !read_expression(r, index) || !take(r, ')'))
			return false;
		r->depth--;
		/* A comparison of its own stands between it and one behind the parenthesis. */
		if (r->nodes[*index].comparison != 0 && r->rest.len > 0 && memchr("=<>", r->rest.data[0], 3) != NULL &&
		    !add_node(r, (struct clam_node){ .kind = '|', .left = *index, .right = *index }, index))
			return false;
		return read_comparison(r, &r->nodes[*index]);
	}
	if (!take_number(r, CLAM_SUBS_MAX - 1, &sub) ||
	    !add_node(r, (struct clam_node){ .kind = 's', .sub = (uint8_t)sub }, index))
		return false;
	if (sub >= r->subs)
		r->subs = (uint8_t)(sub + 1);
	return read_comparison(r, &r->nodes[*index]);
}

/* A list of terms is joined from its end; the root comes last. */
static bool
read_expression(struct reading *r, uint16_t *index)
{
	uint16_t terms[CLAM_SUBS_MAX];
	char operators[CLAM_SUBS_MAX];
	size_t count = 0;

	for (;;) {
		if (count == CLAM_SUBS_MAX || !read_term(r, &terms[count]))
			return false;
		count++;
		if (r->rest.len == 0 || (r->rest.data[0] != '&' && r->rest.data[0] != '|'))
			break;
		operators[count - 1] = r->rest.data[0];
		r->rest = span_from(r->rest, 1);
	}
	*index = terms[count - 1];
	for (size_t i = count - 1; i-- > 0;)
		if (!add_node(r, (struct clam_node){ .kind = operators[i], .left = terms[i], .right = *index }, index))
			return false;
	return true;
}

bool
clam_expression_parse(struct arena *a, struct span text, struct clam_expression *out)
{
	struct reading r;
	struct clam_node *nodes;
	uint16_t root;

	r.rest = text;
	r.count = 0;
	r.depth = 0;
	r.subs = 0;
	if (!read_expression(&r, &root) || r.rest.len > 0)
		return false;
	nodes = ARENA_ARRAY(a, struct clam_node, r.count);
	memcpy(nodes, r.nodes, r.count * sizeof(*nodes));
	*out = (struct clam_expression){ nodes, (uint16_t)r.count, r.subs };
	return true;
}

static bool
compare(const struct clam_node *n, const struct clam_count *c)
{
	if (n->comparison == '=' ? c->matches != n->matches
	        : n->comparison == '>' ? c->matches <= n->matches
	                               : c->matches >= n->matches)
		return false;
	return n->different <= (uint32_t)__builtin_popcountll(c->which);
}

/* Nodes come after those that they join, so one walk decides all. */
bool
clam_expression_holds(const struct clam_expression *e, const uint32_t *counts)
{
	struct clam_count found[NODES_MAX];
	bool holds[NODES_MAX];

	for (uint16_t i = 0; i < e->count; i++) {
		const struct clam_node *n = &e->nodes[i];
		struct clam_count *c = &found[i];

		*c = (struct clam_count){ 0, 0 };
		if (n->kind == 's') {
			*c = (struct clam_count){ counts[n->sub], counts[n->sub] > 0 ? UINT64_C(1) << n->sub : 0 };
			holds[i] = counts[n->sub] > 0;
			if (n->comparison != 0)
				holds[i] = compare(&(struct clam_node){ .comparison = n->comparison, .matches = n->matches }, c);
		} else {
			bool join = n->kind == '&' ? holds[n->left] && holds[n->right] : holds[n->left] || holds[n->right];

			if (join && holds[n->left])
				*c = found[n->left];
			if (join && holds[n->right] && n->right != n->left) {
				c->matches += found[n->right].matches;
				c->which |= found[n->right].which;
			}
			holds[i] = n->comparison != 0 ? compare(n, c) : join;
		}
		if (!holds[i])
			*c = (struct clam_count){ 0, 0 };
	}
	return e->count > 0 && holds[e->count - 1];
}

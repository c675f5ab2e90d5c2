/* `envelope`, `client`, `protocol` and `user`: how the message came. What is
 * not known (a retrieved message has no envelope) matches nothing. */
#include "config.h"

#include "rule/comparison.h"
#include "rule/facts.h"
#include "rule/pattern.h"

struct envelope_test {
	struct patterns from, to, helo;
	struct comparison recipients;
	bool has_recipients;
};

const char *const envelope_keys[] = { "from", "to", "helo", "recipients", NULL };

bool
envelope_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	struct envelope_test *t = ARENA_NEW(c->arena, struct envelope_test);
	struct yaml *n;
	bool good = true;

	node->operand = t;
	if (!yaml_check_keys(value, envelope_keys, c->report))
		return false;
	if (value->count == 0) {
		report_add(c->report, value->mark, "an envelope is tested by at least one key");
		return false;
	}
	if ((n = yaml_get(value, "from")) != NULL)
		good &= patterns_read(c, n, &t->from);
	if ((n = yaml_get(value, "to")) != NULL)
		good &= patterns_read(c, n, &t->to);
	if ((n = yaml_get(value, "helo")) != NULL)
		good &= patterns_read(c, n, &t->helo);
	if ((n = yaml_get(value, "recipients")) != NULL) {
		t->has_recipients = true;
		good &= comparison_read(c->arena, n, yaml_number, &t->recipients, c->report);
	}
	return good;
}

static bool
has_envelope(const struct rule_envelope *v)
{
	return v->protocol == PROTOCOL_SMTP || v->protocol == PROTOCOL_LMTP;
}

/* The null reverse-path is written as RFC 5321 4.5.5 does. */
static enum truth
sender_matches(const struct patterns *p, const struct rule_envelope *v)
{
	return patterns_match(p, v->sender.len > 0 ? v->sender : SPAN_LITERAL("<>"));
}

static enum truth
some_recipient_matches(const struct patterns *p, const struct rule_envelope *v)
{
	enum truth best = TRUTH_NO;

	for (size_t i = 0; i < v->recipient_count && best != TRUTH_YES; i++) {
		enum truth one = patterns_match(p, v->recipients[i]);

		if (one > best)
			best = one;
	}
	return best;
}

static enum truth
lesser(enum truth a, enum truth b)
{
	return a < b ? a : b;
}

enum truth
envelope_evaluate(const struct evaluation *e, const struct node *node)
{
	const struct envelope_test *t = node->operand;
	const struct rule_envelope *v = e->facts->envelope;
	enum truth holds = TRUTH_YES;

	if (!has_envelope(v))
		return TRUTH_NO;
	if (t->from.count > 0)
		holds = lesser(holds, sender_matches(&t->from, v));
	if (t->to.count > 0)
		holds = lesser(holds, some_recipient_matches(&t->to, v));
	if (t->helo.count > 0)
		holds = lesser(holds, patterns_match(&t->helo, v->helo));
	if (t->has_recipients)
		holds = lesser(holds, truth_of(comparison_holds(t->recipients, v->recipient_count)));
	return holds;
}

struct client_test {
	struct network *networks;
	size_t count;
	bool has_tls, tls;
};

const char *const client_keys[] = { "address", "tls", NULL };

static bool
networks_read(struct compiler *c, struct yaml *value, struct client_test *t)
{
	struct yaml *const *items;
	bool good;

	t->count = values_of(c, &value, &items);
	good = t->count > 0;
	t->networks = ARENA_ARRAY(c->arena, struct network, t->count);
	for (size_t i = 0; i < t->count; i++) {
		const char *text;

		if (!yaml_string(items[i], &text, c->report)) {
			good = false;
		} else if (!network_parse(items[i]->text, &t->networks[i])) {
			report_add(c->report, items[i]->mark, "\"%s\" is no network, such as 10.0.0.0/8 or 2001:db8::/32", text);
			good = false;
		}
	}
	return good;
}

bool
client_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	struct client_test *t = ARENA_NEW(c->arena, struct client_test);
	struct yaml *n;
	bool good = true;

	node->operand = t;
	if (!yaml_check_keys(value, client_keys, c->report))
		return false;
	if (value->count == 0) {
		report_add(c->report, value->mark, "a client is tested by its \"address\" or by \"tls\"");
		return false;
	}
	if ((n = yaml_get(value, "address")) != NULL)
		good &= networks_read(c, n, t);
	if ((n = yaml_get(value, "tls")) != NULL) {
		t->has_tls = true;
		good &= yaml_bool(n, &t->tls, c->report);
	}
	return good;
}

static bool
in_some_network(const struct client_test *t, const struct rule_envelope *v)
{
	for (size_t i = 0; i < t->count; i++)
		if (network_contains(&t->networks[i], v->client))
			return true;
	return false;
}

enum truth
client_evaluate(const struct evaluation *e, const struct node *node)
{
	const struct client_test *t = node->operand;
	const struct rule_envelope *v = e->facts->envelope;

	if (t->has_tls && t->tls != v->tls)
		return TRUTH_NO;
	return truth_of(t->networks == NULL || (v->client_known && in_some_network(t, v)));
}

/* In the order of enum protocol. */
static const char *const protocol_names[] = { "smtp", "lmtp", "pop3", "imap", NULL };

bool
protocol_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	unsigned *set = ARENA_NEW(c->arena, unsigned);
	struct yaml *const *items;
	size_t count = values_of(c, &value, &items);
	bool good = count > 0;

	for (size_t i = 0; i < count; i++) {
		int index;

		if (yaml_choice(items[i], protocol_names, &index, c->report))
			*set |= 1u << index;
		else
			good = false;
	}
	node->operand = set;
	return good;
}

enum truth
protocol_evaluate(const struct evaluation *e, const struct node *node)
{
	const unsigned *set = node->operand;

	return truth_of((*set >> e->facts->envelope->protocol & 1) != 0);
}

bool
user_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	struct patterns *p = ARENA_NEW(c->arena, struct patterns);

	node->operand = p;
	return patterns_read(c, value, p);
}

enum truth
user_evaluate(const struct evaluation *e, const struct node *node)
{
	struct span user = e->facts->envelope->user;

	return user.len > 0 ? patterns_match(node->operand, user) : TRUTH_NO;
}

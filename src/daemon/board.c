/* The shared memory of what gatepost tells of itself. Pages that nobody
 * touched cost nothing, so that it can be as large as it may have to be. */
#include "config.h"

#include "daemon/board.h"

#include "base/clock.h"
#include "daemon/self.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const char others[] = "(others)"; /* no name of a rule */

const char *
child_kind_name(enum child_kind kind)
{
	static const char *const names[] = { "keeper", "scanner", "proxy", "reporter" };

	return kind < CHILD_KINDS ? names[kind] : "unknown";
}

struct board *
board_new(void)
{
	struct board *b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (b == MAP_FAILED)
		return NULL;
	b->usage.began = (unsigned long long)clock_wall_millis();
	b->pid = getpid();
	snprintf(b->policies[0], STATS_NAME_SIZE, "%s", others);
	snprintf(b->rules[0], STATS_NAME_SIZE, "%s", others);
	b->policy_count = 1;
	b->rule_count = 1;
	board_beat(b);
	return b;
}

void
board_free(struct board **b)
{
	if (*b != NULL)
		munmap(*b, sizeof(**b));
	*b = NULL;
}

/* ---- names ---- */

/* Where that name stands from now on; 0 when there is no room. taken: names
 * besides the first; shown: with it, for those who print. */
static size_t
take_name(char names[][STATS_NAME_SIZE], size_t *taken, atomic_size_t *shown, size_t most, const char *name)
{
	size_t n = *taken + 1;

	for (size_t i = 1; i < n; i++)
		if (strncmp(names[i], name, STATS_NAME_SIZE - 1) == 0)
			return i;
	if (n == most)
		return 0;
	snprintf(names[n], STATS_NAME_SIZE, "%s", name);
	++*taken;
	*shown = n + 1;
	return n;
}

static int
compare_rules(const void *a, const void *b)
{
	return strcmp(((const struct stats_rule *)a)->name, ((const struct stats_rule *)b)->name);
}

static struct stats_rule *
list_rules(const struct generation *g, size_t *count)
{
	struct stats_rule *all;
	size_t most = 0, n = 0;

	for (size_t i = 0; i < g->settings->policy_count; i++)
		most += ruleset_count(g->rules[i]);
	all = ARENA_ARRAY(g->arena, struct stats_rule, most);
	for (size_t i = 0; i < g->settings->policy_count; i++)
		for (size_t j = 0; j < ruleset_count(g->rules[i]); j++)
			all[n++].name = ruleset_about(g->rules[i], j).name;
	if (n > 1)
		qsort(all, n, sizeof(*all), compare_rules);
	*count = n;
	return all;
}

static void
take_rules(struct board *b, struct board_ledger *l, struct generation *g)
{
	size_t count, kept = 0;
	struct stats_rule *all = list_rules(g, &count);

	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && strcmp(all[kept - 1].name, all[i].name) == 0)
			continue;
		all[kept] = all[i];
		all[kept].at = take_name(b->rules, &l->rules, &b->rule_count, STATS_RULES, all[i].name);
		kept++;
	}
	g->names.rules = all;
	g->names.rule_count = kept;
}

void
board_take(struct board *b, struct board_ledger *l, struct generation *g)
{
	const struct settings *s = g->settings;
	size_t *policies = ARENA_ARRAY(g->arena, size_t, s->policy_count);

	for (size_t i = 0; i < s->policy_count; i++)
		policies[i] = take_name(b->policies, &l->policies, &b->policy_count, STATS_POLICIES, s->policies[i].name);
	g->names.policies = policies;
	take_rules(b, l, g);
	for (size_t i = 0; i < s->listener_count; i++)
		b->served[s->listeners[i].protocol][policies[s->listeners[i].policy]] = true;
}

/* ---- children ---- */

struct board_child *
board_place(struct board *b, struct board_ledger *l, enum child_kind kind, uint32_t index)
{
	for (size_t i = 0; i < BOARD_CHILDREN; i++) {
		struct board_child *c = &b->children[i];

		if (l->children[i])
			continue;
		l->children[i] = true;
		memset(c, 0, sizeof(*c));
		c->kind = kind;
		c->index = index;
		c->generation = b->generation;
		c->usage.began = (unsigned long long)clock_wall_millis();
		return c;
	}
	return NULL;
}

void
board_leave(struct board *b, struct board_ledger *l, struct board_child *c)
{
	l->children[c - b->children] = false;
	c->pid = 0;
}

struct stats *
board_stats(struct board *b, uint32_t index)
{
	size_t i = index % BOARD_PROXIES;

	if (b->stats_used <= i)
		b->stats_used = i + 1;
	return &b->stats[i];
}

void
board_processor(struct board_usage *u, pid_t pid)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &used) == 0)
		u->processor = (unsigned long long)used.tv_sec * 1000000 + (unsigned long long)used.tv_nsec / 1000;
}

void
board_beat(struct board *b)
{
	struct self self;

	b->beat = clock_millis();
	self_look(&self);
	b->usage.memory = self.memory;
	b->usage.descriptors = self.descriptors;
	b->usage.descriptors_most = self.descriptors_most;
	board_processor(&b->usage, getpid());
}

/* Who is connected, counted by all proxies for all proxies.
 *
 * Each proxy has a table of its own in shared memory: clients in hashed
 * chains, entries from a free list. Only its owner writes it, so there are no
 * locks, and a proxy that dies while writing harms only its own table, which
 * the master clears. The others read it as it is: while the owner unlinks an
 * entry a reader may miss a few clients, never leave the table (indices are
 * checked, walks are bounded).
 *
 * A proxy in other hands may write what it likes there, also into the others'
 * tables. So where the tables are and how large is every process's own
 * knowledge, and each index that is read is checked before it is used; all that
 * can come of it are wrong counts.
 *
 * After a reload the proxies of earlier configurations have tables elsewhere,
 * which those of later ones read too, so that limits hold for all together.
 *
 * The hash is keyed at random, so that nobody can choose addresses that meet in
 * one chain. */
#include "config.h"

#include "io/peer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>

enum {
	CONNECTIONS_DEFAULT = 65536,         /* when they are not limited */
	CONNECTIONS_MAX = 16 * 1024 * 1024,  /* more than a machine has */
	WALK_MAX = 256,              /* a chain has one or two; more is a reader's bad luck */
};

struct entry {
	_Atomic uint64_t high, low; /* the client's address */
	_Atomic uint64_t count;
	_Atomic uint32_t next; /* links are indices + 1, 0 = none */
};

struct counts {
	_Atomic uint64_t total;
	_Atomic uint32_t free;  /* the entries that were given back */
	_Atomic uint32_t fresh; /* how many were ever used: memory that is not needed is not touched */
};

/* The memory that these point to is shared; they are not. */
struct table {
	struct counts *counts;
	struct entry *entries;
	_Atomic uint32_t *heads;
};

struct census {
	size_t proxies, size; /* size of the mapping */
	void *map;
	uint32_t entries, heads; /* of each table; heads is a power of two */
	uint64_t key[2];
	struct census *next; /* another one that is counted too */
	struct table tables[];
};

struct client {
	uint64_t high, low;
	uint32_t head;
};

static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93u;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93u;
	return x ^ x >> 32;
}

static struct client
client_of(const struct census *c, const unsigned char address[16])
{
	struct client k;

	memcpy(&k.high, address, 8);
	memcpy(&k.low, address + 8, 8);
	k.head = (uint32_t)(mix(mix(k.high ^ c->key[0]) ^ k.low ^ c->key[1]) & (c->heads - 1));
	return k;
}

#define GET(object) atomic_load_explicit(&(object), memory_order_relaxed)
#define PUT(object, value) atomic_store_explicit(&(object), (value), memory_order_release)

void
census_clear(struct census *c, size_t proxy)
{
	struct table *t = &c->tables[proxy];

	PUT(t->counts->total, 0);
	PUT(t->counts->free, 0);
	PUT(t->counts->fresh, 0);
	for (uint32_t i = 0; i < c->heads; i++)
		PUT(t->heads[i], 0);
}

static size_t
in_lines(size_t octets)
{
	return (octets + 63) / 64 * 64;
}

/* Tables lie one behind the other: counts, entries, heads. */
static void
place_tables(struct census *c, size_t table)
{
	char *at = c->map;

	for (size_t i = 0; i < c->proxies; i++, at += table) {
		char *entries = at + in_lines(sizeof(struct counts));

		c->tables[i].counts = (struct counts *)(void *)at;
		c->tables[i].entries = (struct entry *)(void *)entries;
		c->tables[i].heads = (_Atomic uint32_t *)(void *)(entries + c->entries * sizeof(struct entry));
	}
}

struct census *
census_new(size_t proxies, size_t connections)
{
	size_t entries = connections == 0 ? CONNECTIONS_DEFAULT : connections < CONNECTIONS_MAX ? connections : CONNECTIONS_MAX;
	size_t heads = 1, table;
	struct census *c = calloc(1, sizeof(*c) + proxies * sizeof(struct table));

	if (c == NULL)
		return NULL;
	while (heads < entries)
		heads *= 2;
	table = in_lines(sizeof(struct counts)) + in_lines(entries * sizeof(struct entry) + heads * sizeof(uint32_t));
	c->proxies = proxies;
	c->size = proxies * table;
	c->entries = (uint32_t)entries;
	c->heads = (uint32_t)heads;
	c->map = mmap(NULL, c->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c->map == MAP_FAILED || getrandom(c->key, sizeof(c->key), 0) != sizeof(c->key)) {
		census_free(&c);
		return NULL;
	}
	place_tables(c, table);
	return c;
}

void
census_free(struct census **c)
{
	if (*c != NULL && (*c)->map != MAP_FAILED)
		munmap((*c)->map, (*c)->size);
	free(*c);
	*c = NULL;
}

/* The client's entry, and the link that leads to it; or NULL. */
static struct entry *
find(const struct census *c, const struct table *t, const struct client *k, _Atomic uint32_t **link)
{
	*link = &t->heads[k->head];
	for (int steps = 0; steps < WALK_MAX; steps++) {
		uint32_t i = GET(**link);
		struct entry *e;

		if (i == 0 || i > c->entries)
			return NULL;
		e = &t->entries[i - 1];
		if (GET(e->high) == k->high && GET(e->low) == k->low)
			return e;
		*link = &e->next;
	}
	return NULL;
}

void
census_add(struct census *c, struct census *other)
{
	for (; c != other; c = c->next)
		if (c->next == NULL)
			c->next = other;
}

static uint64_t
count_everywhere(const struct census *c, const unsigned char address[16])
{
	uint64_t count = 0;

	for (; c != NULL; c = c->next) {
		struct client k = client_of(c, address);

		for (size_t i = 0; i < c->proxies; i++) {
			_Atomic uint32_t *link;
			const struct entry *e = find(c, &c->tables[i], &k, &link);

			if (e != NULL)
				count += GET(e->count);
		}
	}
	return count;
}

uint64_t
census_total(const struct census *c)
{
	uint64_t total = 0;

	for (; c != NULL; c = c->next)
		for (size_t i = 0; i < c->proxies; i++)
			total += GET(c->tables[i].counts->total);
	return total;
}

/* An entry for a client that has none; NULL: the table is full. */
static struct entry *
add_entry(const struct census *c, struct table *t, const struct client *k)
{
	uint32_t i = GET(t->counts->free);
	struct entry *e;

	if (i > 0 && i <= c->entries) {
		e = &t->entries[i - 1];
		PUT(t->counts->free, GET(e->next));
	} else {
		i = GET(t->counts->fresh);
		if (i >= c->entries)
			return NULL;
		PUT(t->counts->fresh, ++i);
		e = &t->entries[i - 1];
	}
	PUT(e->high, k->high);
	PUT(e->low, k->low);
	PUT(e->count, 0);
	PUT(e->next, GET(t->heads[k->head]));
	PUT(t->heads[k->head], i);
	return e;
}

enum census_result
census_enter(struct census *c, size_t proxy, const unsigned char client[16], uint64_t most, uint64_t most_per_client)
{
	struct table *t = &c->tables[proxy];
	struct client k = client_of(c, client);
	_Atomic uint32_t *link;
	struct entry *e;

	if (most > 0 && census_total(c) >= most)
		return CENSUS_FULL;
	if (most_per_client > 0 && count_everywhere(c, client) >= most_per_client)
		return CENSUS_CLIENT_FULL;
	e = find(c, t, &k, &link);
	if (e == NULL)
		e = add_entry(c, t, &k);
	if (e == NULL)
		return CENSUS_FULL;
	PUT(e->count, GET(e->count) + 1);
	PUT(t->counts->total, GET(t->counts->total) + 1);
	return CENSUS_WELCOME;
}

void
census_leave(struct census *c, size_t proxy, const unsigned char client[16])
{
	struct table *t = &c->tables[proxy];
	struct client k = client_of(c, client);
	_Atomic uint32_t *link;
	struct entry *e = find(c, t, &k, &link);

	if (e == NULL)
		return;
	PUT(t->counts->total, GET(t->counts->total) - 1);
	PUT(e->count, GET(e->count) - 1);
	if (GET(e->count) > 0)
		return;
	PUT(*link, GET(e->next));
	PUT(e->next, GET(t->counts->free));
	PUT(t->counts->free, (uint32_t)(e - t->entries) + 1);
}

/* Who is connected, counted by all proxies for all proxies.
 *
 * Each proxy has a table of its own in shared memory: clients in hashed
 * chains, entries from a free list. Only its owner writes it, so there are no
 * locks, and a proxy that dies while writing harms only its own table, which
 * the master clears. The others read it as it is: while the owner unlinks an
 * entry a reader may miss a few clients, never leave the table (indices are
 * checked, walks are bounded).
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

struct table {
	_Atomic uint64_t total;
	_Atomic uint32_t free;  /* the entries that were given back */
	_Atomic uint32_t fresh; /* how many were ever used: memory that is not needed is not touched */
	struct entry *entries;
	_Atomic uint32_t *heads;
};

struct census {
	size_t proxies, size; /* size of the mapping */
	uint32_t entries, heads; /* of each table; heads is a power of two */
	uint64_t key[2];
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

	PUT(t->total, 0);
	PUT(t->free, 0);
	PUT(t->fresh, 0);
	for (uint32_t i = 0; i < c->heads; i++)
		PUT(t->heads[i], 0);
}

struct census *
census_new(size_t proxies, size_t connections)
{
	size_t entries = connections == 0 ? CONNECTIONS_DEFAULT : connections < CONNECTIONS_MAX ? connections : CONNECTIONS_MAX;
	size_t heads = 1, fixed, table, size;
	struct census *c;
	char *at;

	while (heads < entries)
		heads *= 2;
	fixed = sizeof(*c) + proxies * sizeof(struct table);
	table = entries * sizeof(struct entry) + heads * sizeof(uint32_t);
	table = (table + 63) / 64 * 64;
	fixed = (fixed + 63) / 64 * 64;
	size = fixed + proxies * table;
	c = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c == MAP_FAILED)
		return NULL;
	c->proxies = proxies;
	c->size = size;
	c->entries = (uint32_t)entries;
	c->heads = (uint32_t)heads;
	if (getrandom(c->key, sizeof(c->key), 0) != sizeof(c->key)) {
		census_free(&c);
		return NULL;
	}
	at = (char *)c + fixed;
	for (size_t i = 0; i < proxies; i++, at += table) {
		c->tables[i].entries = (struct entry *)(void *)at;
		c->tables[i].heads = (_Atomic uint32_t *)(void *)(at + entries * sizeof(struct entry));
	}
	return c;
}

void
census_free(struct census **c)
{
	if (*c != NULL)
		munmap(*c, (*c)->size);
	*c = NULL;
}

/* The link that leads to the client's entry, or NULL. */
static _Atomic uint32_t *
find(const struct census *c, const struct table *t, const struct client *k)
{
	_Atomic uint32_t *link = &t->heads[k->head];

	for (int steps = 0; steps < WALK_MAX; steps++) {
		uint32_t i = GET(*link);
		struct entry *e;

		if (i == 0 || i > c->entries)
			return NULL;
		e = &t->entries[i - 1];
		if (GET(e->high) == k->high && GET(e->low) == k->low)
			return link;
		link = &e->next;
	}
	return NULL;
}

static uint64_t
count_everywhere(const struct census *c, const struct client *k)
{
	uint64_t count = 0;

	for (size_t i = 0; i < c->proxies; i++) {
		const struct table *t = &c->tables[i];
		_Atomic uint32_t *link = find(c, t, k);
		uint32_t entry = link != NULL ? GET(*link) : 0;

		if (entry > 0 && entry <= c->entries)
			count += GET(t->entries[entry - 1].count);
	}
	return count;
}

uint64_t
census_total(const struct census *c)
{
	uint64_t total = 0;

	for (size_t i = 0; i < c->proxies; i++)
		total += GET(c->tables[i].total);
	return total;
}

/* An entry for a client that has none; NULL: the table is full. */
static struct entry *
add_entry(const struct census *c, struct table *t, const struct client *k)
{
	uint32_t i = GET(t->free);
	struct entry *e;

	if (i == 0) {
		i = GET(t->fresh) + 1;
		if (i > c->entries)
			return NULL;
		PUT(t->fresh, i);
		e = &t->entries[i - 1];
	} else {
		e = &t->entries[i - 1];
		PUT(t->free, GET(e->next));
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
	if (most_per_client > 0 && count_everywhere(c, &k) >= most_per_client)
		return CENSUS_CLIENT_FULL;
	link = find(c, t, &k);
	e = link != NULL ? &t->entries[GET(*link) - 1] : add_entry(c, t, &k);
	if (e == NULL)
		return CENSUS_FULL;
	PUT(e->count, GET(e->count) + 1);
	PUT(t->total, GET(t->total) + 1);
	return CENSUS_WELCOME;
}

void
census_leave(struct census *c, size_t proxy, const unsigned char client[16])
{
	struct table *t = &c->tables[proxy];
	struct client k = client_of(c, client);
	_Atomic uint32_t *link = find(c, t, &k);
	struct entry *e;
	uint32_t i;

	if (link == NULL)
		return;
	i = GET(*link);
	e = &t->entries[i - 1];
	PUT(t->total, GET(t->total) - 1);
	PUT(e->count, GET(e->count) - 1);
	if (GET(e->count) > 0)
		return;
	PUT(*link, GET(e->next));
	PUT(e->next, GET(t->free));
	PUT(t->free, i);
}

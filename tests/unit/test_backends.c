/* Whether libhs is built in makes no difference: both ways to search for
 * literals find the same in texts made at random. */
#include "config.h"

#include "engine/literals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#ifdef HAVE_HYPERSCAN

enum { ITEMS_MOST = 60, LENGTH_MOST = 12, TEXT_MOST = 2000, ROUNDS = 300 };

struct backend {
	struct literals *(*compile)(struct arena *a, const struct literal *items, size_t count);
	struct literals_scratch *(*scratch_new)(const struct literals *set);
	void (*scratch_free)(struct literals_scratch **s);
	bool (*scan)(const struct literals *set, struct literals_scratch *s, struct span text,
	    bool (*found)(void *context, uint32_t id, size_t end), void *context);
};

#define DECLARE(prefix) \
	struct literals *prefix##_compile(struct arena *a, const struct literal *items, size_t count); \
	struct literals_scratch *prefix##_scratch_new(const struct literals *set); \
	void prefix##_scratch_free(struct literals_scratch **s); \
	bool prefix##_scan(const struct literals *set, struct literals_scratch *s, struct span text, \
	    bool (*found)(void *context, uint32_t id, size_t end), void *context); \
	static const struct backend prefix = { prefix##_compile, prefix##_scratch_new, prefix##_scratch_free, prefix##_scan }

DECLARE(own_literals);
DECLARE(hs_literals);

struct seen {
	bool at[ITEMS_MOST][TEXT_MOST + 1];
};

static bool
note(void *context, uint32_t id, size_t end)
{
	struct seen *seen = context;

	assert_true(id < ITEMS_MOST && end <= TEXT_MOST);
	seen->at[id][end] = true;
	return true;
}

static struct seen *
scan(const struct backend *backend, const struct literal *items, size_t count, struct span text)
{
	struct arena *a = arena_new(0);
	struct literals *set = backend->compile(a, items, count);
	struct literals_scratch *scratch = backend->scratch_new(set);
	struct seen *seen = calloc(1, sizeof(*seen));

	assert_non_null(seen);
	assert_true(backend->scan(set, scratch, text, note, seen));
	backend->scratch_free(&scratch);
	arena_free(&a);
	return seen;
}

static void
fill(char *bytes, size_t len, bool any)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = any ? (char)rand() : "abAB \n\0\xe9"[rand() % 8];
}

static void
test_same_results(void **state)
{
	static char bytes[ITEMS_MOST][LENGTH_MOST], text[TEXT_MOST];
	struct literal items[ITEMS_MOST];

	(void)state;
	srand(5);
	for (int round = 0; round < ROUNDS; round++) {
		size_t count = 1 + (size_t)rand() % ITEMS_MOST, len = (size_t)rand() % (TEXT_MOST + 1);
		bool any = round % 4 == 0;
		struct seen *own, *hs;

		fill(text, len, any);
		for (size_t i = 0; i < count; i++) {
			size_t size = 1 + (size_t)rand() % LENGTH_MOST;

			fill(bytes[i], size, any);
			if (len > LENGTH_MOST && rand() % 2 == 0)
				memcpy(bytes[i], text + (size_t)rand() % (len - size), size);
			items[i] = (struct literal){ span_of(bytes[i], size), rand() % 2 == 0, (uint32_t)i };
		}
		own = scan(&own_literals, items, count, span_of(text, len));
		hs = scan(&hs_literals, items, count, span_of(text, len));
		assert_memory_equal(own, hs, sizeof(*own));
		free(own);
		free(hs);
	}
}

#else

static void
test_same_results(void **state)
{
	(void)state;
	skip(); /* there is only one */
}

#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

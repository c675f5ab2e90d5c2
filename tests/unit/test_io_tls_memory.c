/* Contexts for TLS when there is no memory for a part of them. */
#include "config.h"

#include "io/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

static unsigned long failing, calls; /* which call is refused, counted from 1; 0 = none */

/* Of what is linked statically, which is our code and with it all that OpenSSL asks for. */
void *
__wrap_malloc(size_t size)
{
	return ++calls == failing ? NULL : __real_malloc(size);
}

/* The context where the nth is refused. */
static struct tls_client *
made_without(unsigned long nth, struct arena *a, const char **error)
{
	static const struct upstream_tls settings = { .mode = TLS_STARTTLS, .verify = VERIFY_NONE };
	struct tls_client *client;

	*error = NULL;
	failing = nth;
	calls = 0;
	client = tls_client_new(a, &settings, error);
	failing = 0;
	return client;
}

static void
test_each_refused(void **state)
{
	struct arena *first = arena_new(0);
	struct tls_client *client = NULL;
	unsigned long refused = 0, nth = 0;
	const char *why;

	(void)state;
	assert_non_null(made_without(0, first, &why)); /* and what all contexts use is there now */
	arena_free(&first);
	while (client == NULL) {
		struct arena *a = arena_new(0);
		const char *error;

		client = made_without(++nth, a, &error);
		assert_int_equal(client == NULL, error != NULL);
		assert_int_equal(client == NULL, calls >= nth);
		refused += client == NULL;
		arena_free(&a);
	}
	assert_true(refused > 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_refused),
	};

	tls_watch_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

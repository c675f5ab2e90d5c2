/* Links in text and where they go: memory is there, hosts are of one form, and
 * the form that tells where a link goes goes there, too. */
#include "config.h"

#include "rule/uri.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_host(struct span host)
{
	for (size_t i = 0; i < host.len; i++)
		if ((unsigned char)host.data[i] <= ' ' || (host.data[i] >= 'A' && host.data[i] <= 'Z'))
			abort();
}

static void
check_target(void *context, struct span uri)
{
	struct arena *a = context;
	struct uri_target t = uri_target(a, uri);

	check_host(t.host);
	if (uri_domain(&t).len > t.host.len)
		abort();
	if (!uri_is_odd(uri) && t.uri.data != uri.data)
		abort();
	if (t.uri.data != uri.data && !span_eq(uri_target(a, t.uri).host, t.host))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(0);
	struct span text = span_of((const char *)data, size);

	uri_find(a, text, check_target, a);
	uri_target(a, text);
	arena_free(&a);
	return 0;
}

/* What OpenSSL has no memory for it takes, here and there, for what it does not know: a
 * context then lacks kinds of keys or groups, and cannot speak with some servers, or with
 * none. So it is noted when memory was refused to it. */
#include "config.h"

#include "io/tls_internal.h"

#include <openssl/crypto.h>
#include <stdlib.h>

static bool refused;

static void *
note(void *got, size_t asked)
{
	refused = refused || (got == NULL && asked > 0);
	return got;
}

static void *
get(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size > 0 ? note(malloc(size), size) : NULL;
}

static void *
resize(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (size > 0)
		return note(realloc(old, size), size);
	free(old);
	return NULL;
}

static void
give_back(void *old, const char *file, int line)
{
	(void)file;
	(void)line;
	free(old);
}

void
tls_watch_memory(void)
{
	CRYPTO_set_mem_functions(get, resize, give_back);
}

void
tls_memory_begin(void)
{
	refused = false;
}

bool
tls_memory_sufficed(const char **error)
{
	if (refused)
		*error = "out of memory";
	return !refused;
}

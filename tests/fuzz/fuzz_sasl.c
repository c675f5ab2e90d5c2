/* SASL responses: "mechanism response", as it is and with the response encoded
 * first. A name that is told is short and holds no control. */
#include "config.h"

#include "wire/sasl.h"

#include "base/codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

static void
check_name(bool told, struct buf *name)
{
	demand(told == (name->len > 0) && name->len <= SASL_USER_MAX);
	for (size_t i = 0; i < name->len; i++)
		demand((unsigned char)name->data[i] >= ' ' && name->data[i] != 0x7f);
	buf_free(name);
}

static void
check(struct span mechanism, struct span response)
{
	struct buf user = { .len = 0 }, other = { .len = 0 };
	bool told = sasl_user(mechanism, 0, response, &user);

	check_name(told, &user);
	told = sasl_acts_as(mechanism, 0, response, &other);
	check_name(told, &other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of((const char *)data, size), mechanism;
	struct buf encoded = { .len = 0 };

	if (!span_split(&rest, ' ', &mechanism))
		return 0;
	check(mechanism, rest);
	base64_encode(&encoded, rest, 0);
	check(mechanism, buf_span(&encoded));
	buf_free(&encoded);
	return 0;
}

/* Addresses of a field and its parameters, as IMAP tells them: groups end, what
 * is told lies on one line, and all of it is no longer than what it was read from,
 * but for what quotes and RFC 2231 add. */
#include "config.h"

#include "mime/address.h"
#include "mime/imap_field.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

/* Reads all of it. */
static size_t
count_octets(struct span s)
{
	static volatile char octet;

	for (size_t i = 0; i < s.len; i++)
		octet = s.data[i];
	return s.len;
}

static void
check_addresses(struct arena *a, struct span in)
{
	size_t count = 0, octets = 0;
	bool in_group = false;

	for (const struct mime_address *m = addresses_read(a, in); m != NULL; m = m->next) {
		demand(m->kind == ADDRESS_MAILBOX || in_group == (m->kind == ADDRESS_GROUP_END));
		in_group = m->kind == ADDRESS_MAILBOX ? in_group : m->kind == ADDRESS_GROUP;
		octets += count_octets(m->name) + count_octets(m->route) + count_octets(m->mailbox) + count_octets(m->domain);
		count++;
	}
	demand(!in_group && count <= ADDRESSES_MAX + 1);
	demand(octets <= 2 * in.len);
}

static void
check_field(struct arena *a, struct span in)
{
	struct imap_field f;
	size_t octets = 0;

	imap_field_read(a, in, &f);
	demand(count_octets(f.type) + count_octets(f.subtype) + count_octets(f.rest) <= in.len);
	for (const struct imap_param *p = f.params; p != NULL; p = p->next)
		octets += count_octets(p->name) + count_octets(p->value);
	demand(octets <= 3 * in.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of((const char *)data, size);
	struct arena *a = arena_new(0);

	check_addresses(a, in);
	check_field(a, in);
	arena_free(&a);
	return 0;
}

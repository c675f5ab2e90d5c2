/* The spool: the same bytes come out wherever they lay, and who gets the
 * descriptor can read them and no more. */
#include "config.h"

#include "proxy/spool.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { MEMORY = 256 * 1024, CHUNK = 10 * 1000 };

struct fixture {
	struct loop *loop;
	struct spool_pool *pool;
	struct spool spool;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->loop = loop_new();
	f->pool = spool_pool_new(f->loop, "/tmp", MEMORY);
	assert_non_null(f->pool);
	spool_init(&f->spool, f->pool);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	spool_reset(&f->spool, false);
	spool_pool_free(&f->pool);
	loop_free(&f->loop);
	free(f);
	return 0;
}

static char
octet_at(uint64_t i)
{
	return (char)(i * 7 + i / 251);
}

static void
fill(struct spool *s, uint64_t size)
{
	char chunk[CHUNK];

	while (s->size < size) {
		size_t n = size - s->size < CHUNK ? (size_t)(size - s->size) : CHUNK;

		for (size_t i = 0; i < n; i++)
			chunk[i] = octet_at(s->size + i);
		assert_true(spool_add(s, span_of(chunk, n)));
	}
}

static void
assert_octets(struct span bytes, uint64_t offset)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.data[i] != octet_at(offset + i))
			fail_msg("octet %zu differs", (size_t)offset + i);
}

static void
test_buffer(void **state)
{
	struct fixture *f = *state;

	fill(&f->spool, MESSAGE_INLINE_MAX);
	assert_int_equal(spool_reader(&f->spool), -1);
	assert_int_equal(spool_file(&f->spool), -1);
	assert_int_equal(spool_bytes(&f->spool).len, MESSAGE_INLINE_MAX);
	assert_octets(spool_bytes(&f->spool), 0);
}

static void
test_segment_is_sealed(void **state)
{
	struct fixture *f = *state;
	void *map;
	int fd;

	fill(&f->spool, MEMORY);
	assert_int_equal(spool_file(&f->spool), -1);
	assert_octets(spool_bytes(&f->spool), 0);
	fd = spool_reader(&f->spool);
	assert_true(fd >= 0);
	map = mmap(NULL, MEMORY, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	assert_octets(span_of(map, MEMORY), 0);
	munmap(map, MEMORY);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_ptr_equal(mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(ftruncate(fd, 0), -1);
}

static void
test_segments_are_used_again(void **state)
{
	struct fixture *f = *state;
	int first;

	fill(&f->spool, MEMORY);
	first = spool_reader(&f->spool);
	spool_reset(&f->spool, false);
	assert_int_equal(f->spool.size, 0);
	fill(&f->spool, MEMORY / 2);
	assert_int_equal(spool_reader(&f->spool), first);
	assert_int_equal(spool_bytes(&f->spool).len, MEMORY / 2);
}

/* One that another process may still read is not written to. */
static void
test_shared_segment_is_left_alone(void **state)
{
	struct fixture *f = *state;
	char *map;

	fill(&f->spool, MEMORY);
	map = mmap(NULL, MEMORY, PROT_READ, MAP_SHARED, spool_reader(&f->spool), 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	spool_reset(&f->spool, true);
	spool_add(&f->spool, SPAN_LITERAL("other"));
	fill(&f->spool, MEMORY);
	assert_octets(span_of(map, MEMORY), 0);
	munmap(map, MEMORY);
}

static void
test_file(void **state)
{
	struct fixture *f = *state;
	char chunk[CHUNK];
	uint64_t offset = 0;
	ssize_t n;

	fill(&f->spool, 3 * MEMORY);
	assert_true(spool_file(&f->spool) >= 0);
	assert_null(spool_bytes(&f->spool).data);
	while ((n = spool_read(&f->spool, offset, chunk, sizeof(chunk))) > 0) {
		assert_octets(span_of(chunk, (size_t)n), offset);
		offset += (uint64_t)n;
	}
	assert_int_equal(offset, 3 * MEMORY);
	assert_int_equal(write(spool_reader(&f->spool), "x", 1), -1);
	assert_int_equal(errno, EBADF);
}

/* Wherever it lies, all of it is in memory, and not when it is reset. */
static void
test_map(void **state)
{
	static const uint64_t sizes[] = { 0, MESSAGE_INLINE_MAX, MEMORY, MEMORY + 1 };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fill(&f->spool, sizes[i]);
		for (size_t twice = 0; twice < 2; twice++) {
			struct span bytes = spool_map(&f->spool);

			assert_non_null(bytes.data);
			assert_int_equal(bytes.len, sizes[i]);
			assert_octets(bytes, 0);
		}
		spool_reset(&f->spool, false);
		assert_null(f->spool.map);
	}
}

static void
test_no_room(void **state)
{
	struct fixture *f = *state;
	struct spool_pool *nowhere = spool_pool_new(f->loop, "/nonexistent", MEMORY);
	char chunk[CHUNK] = { 0 };
	struct spool s;
	bool ok = true;

	spool_init(&s, nowhere);
	for (int i = 0; ok && i < 100; i++)
		ok = spool_add(&s, span_of(chunk, sizeof(chunk)));
	assert_false(ok);
	spool_reset(&s, false);
	spool_pool_free(&nowhere);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_buffer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_segment_is_sealed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_segments_are_used_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shared_segment_is_left_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_map, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_room, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

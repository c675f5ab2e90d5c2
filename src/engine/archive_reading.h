/* One archive while it is being read: what the files of archive_*.c share. */
#ifndef ENGINE_ARCHIVE_READING_H
#define ENGINE_ARCHIVE_READING_H

#include "engine/container.h"

struct archive; /* libarchive's */

struct archive_reading {
	struct arena *arena;
	struct span data;
	struct archive_budget *budget;
	const struct container_sink *sink;
	struct archive *handle; /* freed with the reading when it is left through the arena */
	char *small;            /* contents up to a bound share one piece of heap */
	char *mapped;           /* the larger ones, one at a time */
	size_t mapped_size;
	uint64_t output; /* octets unpacked of this archive */
	uint64_t taken;  /* octets of it that were unpacked, counted again each time */
	struct span left_over; /* of the last packed content: what unpacking had no use for */
	bool stopped;    /* by the sink's member() */
	bool fragile;    /* libarchive cannot be trusted to go on behind damage */
	bool recognised; /* by libarchive, the last time it was asked */
};

/* A new handle in r->handle for data that is opened by the caller. */
struct archive *reading_handle(struct archive_reading *r);
/* Frees the handle. */
void reading_close(struct archive_reading *r);

/* Reads what stands at the handle as the content of an entry; *content is what could be read of it. */
enum archive_result reading_content(struct archive_reading *r, struct span *content);
/* Charges octets that were found without unpacking; ARCHIVE_OVER_LIMIT when
 * they are too many. */
enum archive_result reading_charge(struct archive_reading *r, uint64_t octets);
/* Counts and tells a member, then forgets its content. */
enum archive_result reading_tell(struct archive_reading *r, const struct archive_member *m);
void reading_trait(struct archive_reading *r, enum trait trait);

/* Reads all entries of the opened handle and closes it. An entry that is
 * damaged does not keep those after it from being read. */
enum archive_result reading_entries(struct archive_reading *r);

/* All of the data by one of libarchive's formats, with its options or NULL. What is
 * not of the format is ARCHIVE_NONE, or damaged where the kind's mark is strong. */
enum archive_result archive_read_by(struct archive_reading *r, int (*support)(struct archive *), const char *options,
    bool strong);

/* --- Kinds --- */

enum archive_result archive_read_tar(struct archive_reading *r);
enum archive_result archive_read_seven_zip(struct archive_reading *r);
enum archive_result archive_read_rar(struct archive_reading *r);
enum archive_result archive_read_cab(struct archive_reading *r);
enum archive_result archive_read_iso(struct archive_reading *r);
enum archive_result archive_read_ar(struct archive_reading *r);
enum archive_result archive_read_cpio(struct archive_reading *r);
enum archive_result archive_read_lha(struct archive_reading *r);
enum archive_result archive_read_xar(struct archive_reading *r);
enum archive_result archive_read_zip(struct archive_reading *r);
/* Compressed single files. */
enum archive_result archive_read_gzip(struct archive_reading *r);
enum archive_result archive_read_bzip2(struct archive_reading *r);
enum archive_result archive_read_xz(struct archive_reading *r);
enum archive_result archive_read_lzma(struct archive_reading *r);
enum archive_result archive_read_lzip(struct archive_reading *r);
enum archive_result archive_read_zstd(struct archive_reading *r);
enum archive_result archive_read_lz4(struct archive_reading *r);
enum archive_result archive_read_compress(struct archive_reading *r);
enum archive_result archive_read_rpm(struct archive_reading *r);

#endif

/* Signatures of content: byte patterns with wildcards, and digests. */
#ifndef ENGINE_SIGNATURE_H
#define ENGINE_SIGNATURE_H

#include "base/arena.h"

enum digest_kind { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_KINDS };
enum { DIGEST_MAX = 32 };
size_t digest_size(enum digest_kind kind);
/* Fetches the algorithms before the cage closes; idempotent. */
void digest_open_all(void);
/* False when OpenSSL refuses. */
bool digest_of(enum digest_kind kind, struct span data, unsigned char out[DIGEST_MAX]);

/* Collects signatures, then compiles them. ids are the caller's. */
struct signature_builder;
struct signature_builder *signature_builder_new(struct arena *a);
/* Each returns NULL, or what is wrong (in the arena). */
const char *signature_add_text(struct signature_builder *b, struct span text, uint32_t id);
/* Hex pairs, `??` any byte, `a?` `?a` half a byte, `*` any gap, `{n}` `{n-m}`
 * `{n-}` `{-m}` gaps (also in brackets), `(aa|bb)` alternatives, `!(aa|bb)` none of
 * them (of equal length), and of places (B) word boundary, (L) line boundary, (W)
 * no letter or digit, also after `!`: ClamAV's body syntax. At the ends of a run
 * between gaps the places take no bytes, elsewhere they take those that they
 * name. Every pattern needs two fixed bytes in a row. At most 8,192 bytes and 63
 * gaps. */
const char *signature_add_hex(struct signature_builder *b, struct span hex, uint32_t id);

/* Where the first byte of a pattern may lie: min to max octets after the
 * beginning of the content, or before its end. */
enum signature_origin { SIGNATURE_ANYWHERE, SIGNATURE_FROM_BEGIN, SIGNATURE_FROM_END };
struct signature_place {
	enum signature_origin origin;
	uint64_t min, max; /* UINT64_MAX = no bound */
};
/* The same with a place (NULL: anywhere) and, with nocase, letters of ASCII in
 * either case. */
const char *signature_add_pattern(struct signature_builder *b, struct span hex, const struct signature_place *place,
    bool nocase, uint32_t id);

const char *signature_add_digest(struct signature_builder *b, enum digest_kind kind, struct span hex, uint32_t id);
/* Of content of this size only: the digest of others need not be computed. */
const char *signature_add_sized_digest(struct signature_builder *b, enum digest_kind kind, struct span hex,
    uint64_t size, uint32_t id);

struct signatures;
struct signatures *signatures_compile(struct signature_builder *b);
size_t signatures_count(const struct signatures *s);

/* NULL when memory is out; with a NULL scratch every search fails. */
struct signatures_scratch;
struct signatures_scratch *signatures_scratch_new(const struct signatures *s);
void signatures_scratch_free(struct signatures_scratch **s);
/* Calls found for each id that is in `data` (once an id). sha256: of data if
 * the caller has it already, else NULL. Returns false when the search failed:
 * OpenSSL did, or the content was made to take a time that is not linear in its
 * size. */
bool signatures_scan(const struct signatures *s, struct signatures_scratch *scratch, struct span data,
    const unsigned char *sha256, void (*found)(void *context, uint32_t id), void *context);
/* The same for every place, until found returns false: then no more of this id
 * are told. `offset` is that of the first byte, of a digest 0. Places come in no
 * order. A pattern with gaps is told once for each place of its last run, with
 * one beginning that leads there; one with alternatives of unequal length
 * perhaps more than once at one place. */
bool signatures_scan_at(const struct signatures *s, struct signatures_scratch *scratch, struct span data,
    const unsigned char *sha256, bool (*found)(void *context, uint32_t id, size_t offset), void *context);
/* Steps of comparing that the last search took beyond its pass. For tests. */
uint64_t signatures_work(const struct signatures_scratch *scratch);

#endif

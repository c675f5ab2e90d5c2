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
 * `{n-}` `{-m}` gaps, `(aa|bb)` alternatives: ClamAV's body syntax. Every
 * pattern needs two fixed bytes in a row. At most 8,192 bytes and 63 gaps. */
const char *signature_add_hex(struct signature_builder *b, struct span hex, uint32_t id);
const char *signature_add_digest(struct signature_builder *b, enum digest_kind kind, struct span hex, uint32_t id);

struct signatures;
struct signatures *signatures_compile(struct signature_builder *b);
size_t signatures_count(const struct signatures *s);
bool signatures_use_digest(const struct signatures *s, enum digest_kind kind);

/* NULL when memory is out; with a NULL scratch every search fails. */
struct signatures_scratch;
struct signatures_scratch *signatures_scratch_new(const struct signatures *s);
void signatures_scratch_free(struct signatures_scratch **s);
/* Calls found for each id that is in `data` (once an id). sha256: of data if
 * the caller has it already, else NULL. Returns false when the search failed. */
bool signatures_scan(const struct signatures *s, struct signatures_scratch *scratch, struct span data,
    const unsigned char *sha256, void (*found)(void *context, uint32_t id), void *context);

#endif

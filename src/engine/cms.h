/* Messages that are signed, packed or encrypted as a whole: S/MIME (RFC 8551,
 * over the CMS of RFC 5652) and OpenPGP (RFC 9580). Nothing is verified or
 * decrypted: what a reader sees of it is told as a member. */
#ifndef ENGINE_CMS_H
#define ENGINE_CMS_H

#include "engine/document.h"

/* CMS, in BER. The content of signed and of packed data is a MIME entity. */
enum archive_result cms_read(struct arena *a, struct span data, struct archive_budget *budget,
    const struct container_sink *sink);
/* OpenPGP, in packets or armored. */
enum archive_result pgp_read(struct arena *a, struct span data, struct archive_budget *budget,
    const struct container_sink *sink);

/* Content of no kind of its own that may be one of these all the same, or
 * another that its first bytes tell: octets, and text. */
enum archive_result data_read(struct arena *a, struct span data, struct archive_budget *budget,
    const struct container_sink *sink);
enum archive_result text_read(struct arena *a, struct span data, struct archive_budget *budget,
    const struct container_sink *sink);

/* Whether the data begins as CMS, as a packet of OpenPGP that a message begins
 * with. */
bool cms_begins(struct span data);
bool pgp_begins(struct span data);

#endif

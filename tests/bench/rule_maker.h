/* Makes rules to be measured: signatures, digests, and expressions as spam
 * filters have them. The same seed makes the same rules. */
#ifndef BENCH_RULE_MAKER_H
#define BENCH_RULE_MAKER_H

#include "mail_maker.h"

/* One signature in hexadecimal, of 60 to 140 bytes such as programs have; one in
 * twenty has gaps, one in ten has wildcards. */
void rule_add_hex(struct mail_maker *m, struct buf *out);
void rule_add_sha256(struct mail_maker *m, struct buf *out);

/* One expression with its slashes and flags. Of each hundred 86 have a literal of
 * three characters or more that must be there, and 8 of these literals stand in
 * ordinary letters; the others are of classes, such as words spelled with
 * digits and dots. */
enum expression_kind { EXPRESSION_RARE, EXPRESSION_COMMON, EXPRESSION_NO_LITERAL };
enum expression_kind rule_add_expression(struct mail_maker *m, unsigned number, struct buf *out);

#endif

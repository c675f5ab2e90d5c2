/* Characters that look like others. */
#ifndef RULE_CONFUSABLES_H
#define RULE_CONFUSABLES_H

#include <stdint.h>

/* The small Latin letters or ASCII sign that the character looks like, or NULL.
 * Nothing for ASCII, and nothing for what NFKD makes Latin by itself. */
const char *confusable_latin(uint32_t code);

#endif

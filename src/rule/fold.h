/* Text as the eye reads it: for words that are written so that programs do not
 * know them. */
#ifndef RULE_FOLD_H
#define RULE_FOLD_H

#include "base/arena.h"

/* UTF-8 in the arena: compatibility forms resolved (NFKD: wide, mathematical,
 * circled letters), lower case, accents and other combining marks dropped,
 * invisible characters dropped, letters of other scripts that look like Latin
 * ones replaced by them, quotes and dashes by ASCII's, and each run of blanks
 * and line ends by one blank. Digits stay digits. Linear; at most five times as
 * long. */
struct span text_folded(struct arena *a, struct span text);
/* Folded text with letters that stand one by one joined: "v i a g r a" and
 * "v.i.a.g.r.a" to "viagra"; itself when there are none. */
struct span text_joined(struct arena *a, struct span folded);

/* A file's name folded in the same way, but for its blanks; itself when it is
 * of ASCII. So "inv\u202Egpj.ex\uFF45" ends in ".exe". */
struct span name_folded(struct arena *a, struct span name);

#endif

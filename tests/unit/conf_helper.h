/* For tests that read configuration from a text: the arena and report of one
 * test, and its errors as they are printed. */
#ifndef TESTS_CONF_HELPER_H
#define TESTS_CONF_HELPER_H

#include "conf/report.h"
#include "conf/settings.h"
#include "conf/yaml.h"

struct conf_fixture {
	struct arena *arena;
	struct report report;
};

int conf_setup(void **state);
int conf_teardown(void **state);
/* All errors as report_print() writes them; lives in the fixture. */
const char *conf_errors(struct conf_fixture *f);
/* Expects the text to be read, or to give just these errors. */
struct yaml *conf_yaml(struct conf_fixture *f, const char *text);
void conf_yaml_fails(struct conf_fixture *f, const char *text, const char *errors);
const struct settings *conf_settings(struct conf_fixture *f, const char *text);
void conf_settings_fail(struct conf_fixture *f, const char *text, const char *errors);

#endif

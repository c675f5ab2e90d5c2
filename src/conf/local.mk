noinst_LIBRARIES += src/libconf.a
src_libconf_a_SOURCES = \
	src/conf/address.c \
	src/conf/address.h \
	src/conf/keys.c \
	src/conf/keys.h \
	src/conf/nearest.c \
	src/conf/network.c \
	src/conf/report.c \
	src/conf/report.h \
	src/conf/scalar.c \
	src/conf/settings.c \
	src/conf/settings.h \
	src/conf/settings_limits.c \
	src/conf/settings_listeners.c \
	src/conf/settings_policies.c \
	src/conf/settings_upstreams.c \
	src/conf/settings_users.c \
	src/conf/user_file.c \
	src/conf/values.c \
	src/conf/verdict.c \
	src/conf/yaml.c \
	src/conf/yaml.h

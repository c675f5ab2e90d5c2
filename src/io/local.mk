noinst_LIBRARIES += src/libio.a
src_libio_a_SOURCES = \
	src/io/loop.h src/io/loop_internal.h src/io/loop.c \
	src/io/output.h src/io/output.c \
	src/io/tls.h src/io/tls_internal.h src/io/tls.c \
	src/io/tls_client.c src/io/tls_memory.c \
	src/io/endpoint.h src/io/endpoint_internal.h src/io/endpoint.c \
	src/io/endpoint_input.c \
	src/io/endpoint_tls.c \
	src/io/endpoint_deflate.c \
	src/io/deflate.h src/io/deflate.c \
	src/io/http.h src/io/http.c \
	src/io/connect.h src/io/connect.c \
	src/io/sockets.h src/io/sockets.c \
	src/io/peer.h src/io/peer.c \
	src/io/listen.c \
	src/io/proxy_header.c \
	src/io/census.c \
	src/io/packet.h src/io/packet.c

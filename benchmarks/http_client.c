/* The client of local.py, in C, so that the client is not what is measured: for so many seconds a
 * closed loop of GETs on so many kept connections with TCP_NODELAY, each with one at a time.
 *
 *   http_client PORT PATH CONNECTIONS SECONDS BODY
 *
 * prints a JSON object: count, seconds, per second, and p50 and p99 of a request in microseconds.
 * Every answer must be a 200 with that body; at the first that is not it ends with the status 1. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 64, ROOM = 1 << 16, TIMES = 1 << 20 };

static struct connection {
    char data[ROOM];
    size_t have;
    long long since;
} connections[MOST];
static struct pollfd polled[MOST];
static char request[4096];
static long long times[TIMES], ends;
static int request_length, sent, count;

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int by_size(const void *a, const void *b) {
    long long x = *(const long long *)a, y = *(const long long *)b;
    return (x > y) - (x < y);
}

static void fail(const char *what, const char *told) {
    fprintf(stderr, "http_client: %s: %.300s\n", what, told);
    exit(1);
}

static int connected(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) fail("cannot connect", "");
    return fd;
}

static void ask(int i) {
    connections[i].have = 0;
    connections[i].since = now();
    if (connections[i].since > ends || sent == TIMES) {
        polled[i].fd = -1; /* poll(2) leaves it out */
        return;
    }
    sent++;
    if (send(polled[i].fd, request, request_length, MSG_NOSIGNAL) != request_length)
        fail("cannot send", "");
}

/* Whether the answer is there as a whole. */
static int complete(struct connection *c, const char *body) {
    c->data[c->have] = 0;
    char *end = strstr(c->data, "\r\n\r\n");
    if (!end) return 0;
    char *told = strcasestr(c->data, "\r\ncontent-length:");
    if (!told || told > end) fail("no Content-Length", c->data);
    size_t length = strtoul(told + 17, NULL, 10), begins = end + 4 - c->data;
    if (begins + length >= ROOM) fail("too long", c->data);
    if (c->have < begins + length) return 0;
    if (strncmp(c->data, "HTTP/1.1 200", 12)) fail("not a 200", c->data);
    if (length != strlen(body) || memcmp(end + 4, body, length)) fail("another body", c->data);
    return 1;
}

static void listen_to(int i, const char *body) {
    struct connection *c = &connections[i];
    ssize_t got = recv(polled[i].fd, c->data + c->have, ROOM - 1 - c->have, 0);
    if (got <= 0) fail("the connection was closed", c->data);
    c->have += got;
    if (!complete(c, body)) return;
    times[count++] = now() - c->since;
    ask(i);
}

int main(int number, char **given) {
    if (number != 6) fail("usage", "http_client PORT PATH CONNECTIONS SECONDS BODY");
    int port = atoi(given[1]), n = atoi(given[3]);
    if (n < 1 || n > MOST) fail("usage", "1 to 64 CONNECTIONS");
    request_length = snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n\r\n", given[2], port);
    for (int i = 0; i < n; i++) polled[i] = (struct pollfd){.fd = connected(port), .events = POLLIN};
    long long began = now();
    ends = began + (long long)(atof(given[4]) * 1e9);
    for (int i = 0; i < n; i++) ask(i);
    while (count < sent) {
        if (poll(polled, n, 30000) <= 0) fail("no answer", "within 30 s");
        for (int i = 0; i < n; i++)
            if (polled[i].fd >= 0 && polled[i].revents) listen_to(i, given[5]);
    }
    double seconds = (now() - began) / 1e9;
    qsort(times, count, sizeof *times, by_size);
    printf("{\"count\": %d, \"seconds\": %.6f, \"per second\": %.1f, \"p50\": %.1f, \"p99\": %.1f}\n",
        count, seconds, count / seconds, times[count / 2] / 1e3, times[count * 99 / 100] / 1e3);
    return 0;
}

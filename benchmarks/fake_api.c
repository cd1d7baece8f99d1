/* A Lambda Runtime API that costs next to nothing: one event over and over, and time stamps.
 *
 *     fake_api EVENT ANSWER WARM COUNT OUTSTANDING SECONDS
 *
 * EVENT is a file of JSON; the first answer's body goes to the file ANSWER. It prints
 *
 *     port N      it listens there, on 127.0.0.1
 *     next NS     the first GET /next is there
 *     warm NS     WARM invocations are answered; no more are handed out until a line on stdin
 *     {...}       COUNT more are answered, or as many as were handed out within SECONDS
 *
 * and ends with its stdin. NS is CLOCK_MONOTONIC, which is Python's time.monotonic_ns(). At most
 * OUTSTANDING invocations are out at a time, whatever the number of connections that poll.
 *
 * The times of the summary are microseconds from when an event is written: `first` until the first
 * byte of the answer's body is there, `whole` until all of it is. `lag` is from NS to its arrival
 * where an answer begins with "sent at NS ns".
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 1024, ROOM = 1 << 17, PATIENCE = 120 };

typedef long long nanoseconds;

typedef struct {
    int fd;
    int polls;             /* has a GET /next that is not answered yet */
    char *in;              /* what was received of the requests that are not served yet */
    size_t used, room;
    size_t head;           /* the head's length, 0 until all of it is there */
    size_t end;            /* how far the request goes, as far as it is known */
    int chunked, trailers; /* trailers: the last chunk was read */
    nanoseconds first, lag;
} connection;

static connection connections[MOST_CONNECTIONS];
static struct pollfd watched[MOST_CONNECTIONS + 2]; /* stdin, the listener, the connections */
static int open_connections, polling;

static char *event;
static size_t event_length;
static const char *answer_file;
static int warm, count, most_outstanding, allowed, issued, answered, errors, peak;
static nanoseconds patience, until, started;
static nanoseconds *sent, *first, *whole, *lag;
static int lags;

static nanoseconds now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void say(const char *format, ...) {
    va_list values;
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    fflush(stdout);
}

static void fail(const char *what, const char *text, size_t length) {
    fprintf(stderr, "fake_api: %s%.*s\n", what, (int)length, text);
    exit(1);
}

static void write_all(connection *c, const char *data, size_t length) {
    while (length) {
        ssize_t part = send(c->fd, data, length, MSG_NOSIGNAL);
        if (part <= 0) return; /* the reading side will see that it is gone */
        data += part;
        length -= part;
    }
}

static void write_text(connection *c, const char *text) { write_all(c, text, strlen(text)); }

/* ---- invocations */

static void hand_out(connection *c) {
    static char *message;
    if (!message) message = malloc(event_length + 1024);
    int head = sprintf(message,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        "Lambda-Runtime-Aws-Request-Id: %08x-7f0b-4e0a-9d0e-0a4c1b1f7d3a\r\n"
        "Lambda-Runtime-Deadline-Ms: %lld\r\n"
        "Lambda-Runtime-Invoked-Function-Arn: "
        "arn:aws:lambda:eu-central-1:123456789012:function:benchmark\r\n"
        "Lambda-Runtime-Trace-Id: Root=1-6920b2f1-%08x0a1d2e4b5c6d7e8f;Parent=53995c3f42cd8ad8;"
        "Sampled=0\r\n"
        "Date: Sat, 21 Nov 2026 12:00:00 GMT\r\nContent-Length: %zu\r\n\r\n",
        issued, (long long)time(NULL) * 1000 + 60000, issued, event_length);
    memcpy(message + head, event, event_length);
    c->polls = 0;
    polling--;
    int outstanding = issued - answered + 1;
    if (outstanding > peak) peak = outstanding;
    sent[issued++] = now();
    write_all(c, message, head + event_length);
}

static int may_hand_out(void) {
    return issued < allowed && issued - answered < most_outstanding;
}

static void hand_out_all(void) {
    for (int i = 0; polling && i < open_connections && may_hand_out(); i++)
        if (connections[i].polls) hand_out(&connections[i]);
}

static int by_size(const void *one, const void *other) {
    nanoseconds a = *(const nanoseconds *)one, b = *(const nanoseconds *)other;
    return (a > b) - (a < b);
}

static void say_percentiles(const char *name, nanoseconds *values, int number) {
    if (!number) return;
    qsort(values, number, sizeof *values, by_size);
    say("\"%s_p50\": %.1f, \"%s_p99\": %.1f, ", name, values[number / 2] / 1e3, name,
        values[number * 99 / 100] / 1e3);
}

static void end_phase(nanoseconds time) {
    if (issued > warm && time > until) allowed = issued;
    if (issued < allowed || answered < issued) return;
    if (issued == warm) {
        say("warm %lld\n", time);
        return;
    }
    say("{");
    say_percentiles("first", first, answered - warm);
    say_percentiles("whole", whole, answered - warm);
    say_percentiles("lag", lag, lags);
    say("\"errors\": %d, \"peak\": %d, \"count\": %d, \"seconds\": %.6f}\n", errors, peak,
        answered - warm, (time - started) / 1e9);
}

static void begin_measuring(void) {
    allowed = warm + count;
    started = now();
    until = started + patience;
    hand_out_all();
}

static void keep_answer(const char *body, size_t length) {
    FILE *file = fopen(answer_file, "wb");
    if (!file || fwrite(body, 1, length, file) != length || fclose(file))
        fail("can't write ", answer_file, strlen(answer_file));
}

static void take_answer(connection *c, nanoseconds time) {
    unsigned id = strtoul(strstr(c->in, "/invocation/") + 12, NULL, 16);
    if (id >= (unsigned)issued) fail("no such invocation: ", c->in, 80);
    if (memmem(c->in, 120, "/error ", 7)) errors++;
    if (!answered) keep_answer(c->in + c->head, c->end - c->head);
    if (id >= (unsigned)warm) {
        first[answered - warm] = c->first - sent[id];
        whole[answered - warm] = time - sent[id];
        if (c->lag) lag[lags++] = c->lag;
    }
    answered++;
    write_text(c, "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
        "Date: Sat, 21 Nov 2026 12:00:00 GMT\r\nContent-Length: 16\r\n\r\n{\"status\":\"OK\"}\n");
    end_phase(time);
}

/* ---- requests */

static int begins(connection *c, const char *text) {
    size_t length = strlen(text);
    return c->head >= length && !memcmp(c->in, text, length);
}

static void serve(connection *c, nanoseconds time) {
    static int seen;
    if (begins(c, "GET /2018-06-01/runtime/invocation/next ")) {
        if (!seen++) say("next %lld\n", time);
        c->polls = 1;
        polling++;
        if (may_hand_out()) hand_out(c);
    } else if (begins(c, "POST /2018-06-01/runtime/invocation/")) {
        take_answer(c, time);
        hand_out_all();
    } else if (begins(c, "POST /2020-01-01/extension/register ")) {
        write_text(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            "Lambda-Extension-Identifier: 6f8c54e8-3f1a-4f0e-a9d7-9c0a0d2b1c11\r\n"
            "Content-Length: 2\r\n\r\n{}");
    } else if (!begins(c, "GET /2020-01-01/extension/event/next ")) { /* which never has an answer */
        fail("the runtime sent\n", c->in, c->end < 4096 ? c->end : 4096);
    }
}

static int read_head(connection *c) {
    char *last = memmem(c->in, c->used, "\r\n\r\n", 4);
    if (!last) return 0;
    size_t length = 0;
    for (char *line = c->in; line < last; line = (char *)memmem(line, last + 2 - line, "\r\n", 2) + 2) {
        if (!strncasecmp(line, "Content-Length:", 15)) length = strtoul(line + 15, NULL, 10);
        if (!strncasecmp(line, "Transfer-Encoding: chunked", 26)) c->chunked = 1;
    }
    c->head = last + 4 - c->in;
    c->end = c->head + (c->chunked ? 0 : length);
    return 1;
}

/* Whether the request is there to its end. */
static int complete(connection *c) {
    if (!c->head && !read_head(c)) return 0;
    while (c->chunked) {
        char *line = c->in + c->end;
        char *stop = c->end < c->used ? memmem(line, c->used - c->end, "\r\n", 2) : NULL;
        if (!stop) return 0;
        size_t size = c->trailers ? 0 : strtoul(line, NULL, 16);
        c->end = stop + 2 - c->in + (size ? size + 2 : 0);
        if (c->trailers && stop == line) return 1;
        if (!size) c->trailers = 1;
    }
    return c->used >= c->end;
}

static void stamp(connection *c, nanoseconds time) {
    if (!c->head || c->used <= c->head || c->lag) return;
    if (!c->first) c->first = time;
    size_t length = c->used - c->head;
    char *text = memmem(c->in + c->head, length < 4096 ? length : 4096, "sent at ", 8);
    if (text && memmem(text, c->in + c->used - text, " ns", 3))
        c->lag = time - strtoll(text + 8, NULL, 10);
}

static void receive(connection *c) {
    if (c->room - c->used < ROOM) c->in = realloc(c->in, (c->room = 2 * c->room + 2 * ROOM) + 1);
    ssize_t length = recv(c->fd, c->in + c->used, c->room - c->used, 0);
    nanoseconds time = now();
    if (length <= 0) {
        close(c->fd);
        c->fd = -1;
        return;
    }
    c->used += length;
    while (c->used) {
        c->in[c->used] = 0;
        int all = complete(c);
        stamp(c, time);
        if (!all) return;
        serve(c, time);
        memmove(c->in, c->in + c->end, c->used - c->end);
        c->used -= c->end;
        c->head = c->end = c->chunked = c->trailers = 0;
        c->first = c->lag = 0;
    }
}

/* ---- connections */

static void welcome(int listener) {
    int yes = 1, fd = accept(listener, NULL, NULL);
    if (fd < 0) return;
    if (open_connections == MOST_CONNECTIONS) fail("too many connections", "", 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    connections[open_connections++] = (connection){.fd = fd};
}

static void forget_closed(void) {
    int kept = 0, before = open_connections;
    for (int i = 0; i < open_connections; i++) {
        connection *c = &connections[i];
        if (c->fd >= 0) {
            connections[kept++] = *c;
            continue;
        }
        polling -= c->polls;
        free(c->in);
    }
    open_connections = kept;
    if (before && !kept && issued > answered) fail("the runtime went with an invocation", "", 0);
}

static int listen_somewhere(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (void *)&address, length) || listen(fd, 512)) fail("can't listen", "", 0);
    getsockname(fd, (void *)&address, &length);
    say("port %d\n", ntohs(address.sin_port));
    return fd;
}

static void run(int listener) {
    char line[64];
    for (;;) {
        watched[0] = (struct pollfd){.fd = 0, .events = POLLIN};
        watched[1] = (struct pollfd){.fd = listener, .events = POLLIN};
        int number = open_connections;
        for (int i = 0; i < number; i++)
            watched[i + 2] = (struct pollfd){.fd = connections[i].fd, .events = POLLIN};
        poll(watched, number + 2, -1);
        for (int i = 0; i < number; i++)
            if (watched[i + 2].revents) receive(&connections[i]);
        forget_closed();
        if (watched[1].revents) welcome(listener);
        if (watched[0].revents) {
            if (read(0, line, sizeof line) <= 0) return;
            begin_measuring();
        }
    }
}

static char *contents(const char *name, size_t *length) {
    FILE *file = fopen(name, "rb");
    if (!file) fail("can't read ", name, strlen(name));
    fseek(file, 0, SEEK_END);
    *length = ftell(file);
    rewind(file);
    char *text = malloc(*length + 1);
    if (fread(text, 1, *length, file) != *length) fail("can't read ", name, strlen(name));
    fclose(file);
    return text;
}

int main(int argc, char **argv) {
    if (argc != 7) fail("arguments: EVENT ANSWER WARM COUNT OUTSTANDING SECONDS", "", 0);
    event = contents(argv[1], &event_length);
    answer_file = argv[2];
    warm = allowed = atoi(argv[3]);
    count = atoi(argv[4]);
    most_outstanding = atoi(argv[5]);
    patience = atof(argv[6]) * 1e9;
    sent = calloc(warm + count, sizeof *sent);
    first = calloc(count + 1, sizeof *first);
    whole = calloc(count + 1, sizeof *whole);
    lag = calloc(count + 1, sizeof *lag);
    alarm(PATIENCE); /* a runtime that does nothing */
    run(listen_somewhere());
    return 0;
}

/* What the probes of the attack suite are made of. A probe is a table of attempts; run_attempts() makes each of them
 * twice, in processes of their own, and prints what came of it:
 *
 *   NAME <tab> LAYER <tab> ANSWER <tab> FILTER <tab> FLAGS
 *
 * ANSWER is `done`, the name of an errno, `signal N` or `hangs`. FILTER tells whether a seccomp filter would refuse the
 * attempt, whatever else would: `passes`, or the errno that it gives; `-` where the attempt names no system call. The
 * kernel never sees the calls of this second try, so that it is safe anywhere.
 *
 * A probe is called with `key=value` arguments. `ground=own` makes namespaces first of which it is root, to show that
 * an attempt works where it is allowed; `ground=plain` says that it runs outside, with the rights of the caller. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

enum { calls_of_attempt = 4 };

struct attempt {
    const char* name;
    /* Below which nothing but this would help, once seccomp and Landlock are off; "" where they are alone. The words
     * are those of sandbox(7). */
    const char* layer;
    long (*make)(void);          /* 0 or more when it worked; otherwise -1, and errno says why not */
    int calls[calls_of_attempt]; /* the system calls that it cannot do without; 0 ends them */
    unsigned flags;
};

/* What is special about showing that an attempt works. */
enum {
    never_plain = 1,  /* would do harm where root of the machine makes it outside */
    needs_root = 2,   /* works outside for root of the machine alone */
    needs_kernel = 4, /* works where the kernel was built or set so */
};

/* Called in front of each attempt, in its process, if it is set. */
extern void (*before_attempt)(void);

int run_attempts(int argc, char** argv, const struct attempt* attempts, size_t count);
#define RUN_ATTEMPTS(argc, argv, table) run_attempts(argc, argv, table, sizeof(table) / sizeof(table)[0])

/* The value of an argument. Ends the program, with a message, where it is missing. */
const char* given(const char* key);
/* The same, or NULL. */
const char* given_or_null(const char* key);
pid_t given_pid(const char* key);

/* -1 with this errno. */
long refused(int error);
/* Whether a file can be opened so, and read from where that is asked for. */
long can_open(const char* path, int flags);
/* Whether the text of a file has this part. */
long can_read(const char* path, const char* part);
long write_text(const char* path, int flags, const char* text);
/* Runs a program; its status decides. The errno of a failure is EPROTO. */
long run_program(const char* const* arguments);

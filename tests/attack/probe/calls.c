/* A22 to A25: system calls that no program needs there, other call tables, families of sockets. Nothing is changed: a
 * call that asks for the right first is made so that it fails behind that, and what it says then counts as done. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attempt.h"

/* Asked and allowed, if this is what it finds fault with. */
static long behind_the_question(long result, int error) {
    return result < 0 && errno == error ? 0 : result;
}

/* --- A22: calls --- */

static long make_ring(void) {
    struct io_uring_params parameters = {0};
    return syscall(SYS_io_uring_setup, 1, &parameters);
}
static long enter_ring(void) {
    return behind_the_question(syscall(SYS_io_uring_enter, -1, 0, 0, 0, NULL, 0), EBADF);
}
static long make_userfault(void) {
    return syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY);
}
static long make_bpf_map(void) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = 4;
    attributes.value_size = 4;
    attributes.max_entries = 1;
    return syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes);
}
static long count_events(void) {
    struct perf_event_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.size = sizeof attributes;
    attributes.config = PERF_COUNT_SW_TASK_CLOCK;
    attributes.exclude_kernel = 1;
    return syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
}
static long add_key(void) {
    return syscall(SYS_add_key, "user", "sandbox-attack", "x", 1, -2 /* KEY_SPEC_PROCESS_KEYRING */);
}
static long use_keyring(void) {
    return syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -2, 1);
}
static long ask_for_key(void) {
    return behind_the_question(syscall(SYS_request_key, "user", "sandbox-attack", NULL, 0), ENOKEY);
}
static long load_kernel(void) {
    return behind_the_question(syscall(SYS_kexec_load, 0, 0, NULL, ~0UL), EINVAL);
}
static long load_module(void) {
    return behind_the_question(syscall(SYS_init_module, NULL, 0, ""), ENOEXEC);
}
static long remove_module(void) {
    return behind_the_question(syscall(SYS_delete_module, "sandbox-attack", 0), ENOENT);
}
static long account(void) {
    return behind_the_question(syscall(SYS_acct, "/nonexistent"), ENOENT);
}
static long swap(void) {
    return behind_the_question(syscall(SYS_swapon, "/nonexistent", 0), ENOENT);
}
static long reboot(void) {
    return behind_the_question(syscall(SYS_reboot, 0, 0, 0, NULL), EINVAL);
}

/* --- A23: clocks, priorities, limits --- */

static long set_clock(void) {
    return syscall(SYS_settimeofday, NULL, NULL);
}
static long be_first(void) {
    return setpriority(PRIO_PROCESS, 0, -5);
}
static long be_real_time(void) {
    const struct sched_param parameters = {.sched_priority = 1};
    return sched_setscheduler(0, SCHED_FIFO, &parameters);
}
static long lock_memory(void) {
    const struct rlimit none = {0, 0};
    static char page[4096];
    return setrlimit(RLIMIT_MEMLOCK, &none) < 0 ? -1 : mlock(page, sizeof page);
}
static long raise_limit(void) {
    struct rlimit limit = {1, 1};
    if (setrlimit(RLIMIT_NPROC, &limit) < 0) {
        return -1;
    }
    limit.rlim_max = 2;
    return setrlimit(RLIMIT_NPROC, &limit);
}
static long execute_what_is_read(void) {
    return personality(READ_IMPLIES_EXEC);
}
static long map_at_nothing(void) {
    return personality(MMAP_PAGE_ZERO);
}

/* --- A24: other tables, which no option opens --- */

#ifdef __x86_64__
static long call_x32(void) {
    return syscall(0x40000000 + SYS_getpid);
}
static sigjmp_buf no_such_table;
static void come_back(int signal) {
    (void)signal;
    siglongjmp(no_such_table, 1);
}
static long call_i386(void) {
    /* A kernel without the table takes the interrupt for a fault. */
    const struct sigaction action = {.sa_handler = come_back};
    sigaction(SIGSEGV, &action, NULL);
    if (sigsetjmp(no_such_table, 1) != 0) {
        return refused(ENOSYS);
    }
    long result = 0;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L /* getpid */) : "memory", "r8", "r9", "r10", "r11");
    return result < 0 ? refused((int)-result) : result;
}
#endif

/* --- A25: sockets --- */

#define OPENS(name, family, type, protocol)                     \
    static long open_##name(void) {                             \
        return socket(family, (type) | SOCK_CLOEXEC, protocol); \
    }
OPENS(alg, AF_ALG, SOCK_SEQPACKET, 0)
OPENS(packet, AF_PACKET, SOCK_RAW, 0)
OPENS(vsock, AF_VSOCK, SOCK_STREAM, 0)
OPENS(xdp, 44 /* AF_XDP */, SOCK_RAW, 0)
OPENS(rxrpc, AF_RXRPC, SOCK_DGRAM, AF_INET)
OPENS(tipc, AF_TIPC, SOCK_STREAM, 0)
OPENS(can, AF_CAN, SOCK_RAW, 1)
OPENS(key, AF_KEY, SOCK_RAW, 2)
OPENS(bluetooth, AF_BLUETOOTH, SOCK_RAW, 1)
OPENS(smc, 43 /* AF_SMC */, SOCK_STREAM, 0)
OPENS(raw, AF_INET, SOCK_RAW, IPPROTO_ICMP)
OPENS(diag, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG)
OPENS(xfrm, AF_NETLINK, SOCK_RAW, NETLINK_XFRM)
OPENS(audit, AF_NETLINK, SOCK_RAW, NETLINK_AUDIT)
OPENS(netfilter, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER)
OPENS(uevent, AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT)
OPENS(generic, AF_NETLINK, SOCK_RAW, NETLINK_GENERIC)
/* The kernel reads an int: what stands above it must not get past a comparison. */
static long open_alg_with_high_bits(void) {
    return syscall(SYS_socket, (1L << 32) | AF_ALG, SOCK_SEQPACKET, 0);
}
static long open_audit_with_high_bits(void) {
    return syscall(SYS_socket, AF_NETLINK, SOCK_RAW, (1L << 32) | NETLINK_AUDIT);
}
static long open_pair_of_others(void) {
    int ends[2];
    return socketpair(AF_TIPC, SOCK_STREAM, 0, ends);
}

int main(int argc, char** argv) {
    enum { both = needs_root | needs_kernel };
    static const struct attempt calls[] = {
        {"io_uring_setup", "", make_ring, {SYS_io_uring_setup}, needs_kernel},
        {"io_uring_enter", "", enter_ring, {SYS_io_uring_enter}, needs_kernel},
        {"userfaultfd", "", make_userfault, {SYS_userfaultfd}, needs_kernel},
        {"bpf", "ownership", make_bpf_map, {SYS_bpf}, both},
        {"perf_event_open", "", count_events, {SYS_perf_event_open}, needs_kernel},
        {"add_key", "", add_key, {SYS_add_key}, needs_kernel},
        {"keyctl", "", use_keyring, {SYS_keyctl}, needs_kernel},
        {"request_key", "", ask_for_key, {SYS_request_key}, needs_kernel},
        {"kexec_load", "ownership", load_kernel, {SYS_kexec_load}, both},
        {"init_module", "ownership", load_module, {SYS_init_module}, both},
        {"delete_module", "ownership", remove_module, {SYS_delete_module}, both},
        {"acct", "ownership", account, {SYS_acct}, both},
        {"swapon", "ownership", swap, {SYS_swapon}, both},
        {"reboot", "ownership", reboot, {SYS_reboot}, 0},
    };
    static const struct attempt rights[] = {
        {"set the clock", "ownership", set_clock, {SYS_settimeofday}, needs_root},
        {"a higher priority", "ownership", be_first, {0}, needs_root},
        {"real-time scheduling", "ownership", be_real_time, {0}, needs_root},
        {"lock memory above the limit", "ownership", lock_memory, {0}, needs_root},
        {"raise a limit", "ownership", raise_limit, {0}, both},
        {"personality READ_IMPLIES_EXEC", "", execute_what_is_read, {SYS_personality}, 0},
        {"personality MMAP_PAGE_ZERO", "", map_at_nothing, {SYS_personality}, 0},
    };
    static const struct attempt tables[] = {
#ifdef __x86_64__
        {"x32", "seccomp", call_x32, {0}, needs_kernel},
        {"int 0x80", "seccomp", call_i386, {0}, needs_kernel},
#endif
    };
    static const struct attempt sockets[] = {
        {"ALG", "", open_alg, {SYS_socket}, needs_kernel},
        {"ALG with high bits", "", open_alg_with_high_bits, {SYS_socket}, needs_kernel},
        {"PACKET", "ownership", open_packet, {SYS_socket}, 0},
        {"VSOCK", "", open_vsock, {SYS_socket}, needs_kernel},
        {"XDP", "ownership", open_xdp, {SYS_socket}, needs_kernel},
        {"RXRPC", "", open_rxrpc, {SYS_socket}, needs_kernel},
        {"TIPC", "", open_tipc, {SYS_socket}, needs_kernel},
        {"a pair of TIPC", "", open_pair_of_others, {SYS_socketpair}, needs_kernel},
        {"CAN", "", open_can, {SYS_socket}, needs_kernel},
        {"KEY", "ownership", open_key, {SYS_socket}, needs_kernel},
        {"BLUETOOTH", "", open_bluetooth, {SYS_socket}, needs_kernel},
        {"SMC", "", open_smc, {SYS_socket}, needs_kernel},
        {"raw IP", "ownership", open_raw, {0}, 0},
        {"netlink SOCK_DIAG", "", open_diag, {SYS_socket}, needs_kernel},
        {"netlink XFRM", "", open_xfrm, {SYS_socket}, needs_kernel},
        {"netlink AUDIT", "", open_audit, {SYS_socket}, needs_kernel},
        {"netlink AUDIT with high bits", "", open_audit_with_high_bits, {SYS_socket}, needs_kernel},
        {"netlink NETFILTER", "", open_netfilter, {SYS_socket}, needs_kernel},
        {"netlink KOBJECT_UEVENT", "", open_uevent, {SYS_socket}, 0},
        {"netlink GENERIC", "", open_generic, {SYS_socket}, 0},
    };
    const char* of = "";
    for (int i = 1; i < argc; ++i) {
        of = strncmp(argv[i], "of=", 3) == 0 ? argv[i] + 3 : of;
    }
    if (strcmp(of, "rights") == 0) {
        return RUN_ATTEMPTS(argc, argv, rights);
    }
    if (strcmp(of, "tables") == 0) {
        return RUN_ATTEMPTS(argc, argv, tables);
    }
    return strcmp(of, "sockets") == 0 ? RUN_ATTEMPTS(argc, argv, sockets) : RUN_ATTEMPTS(argc, argv, calls);
}

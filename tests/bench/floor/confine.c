// Landlock, capabilities and the two filters. See floor.h.
#include "floor.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

static void allow(int ruleset, int fd, uint64_t access) {
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);  // a pipe cannot have one
}

void restrict_with_landlock(void) {
    static const char* const writable[] = {"/dev/shm", "/dev", "/proc",    "/dev/mqueue",
                                           "/tmp",     "/run", "/var/tmp", "/root"};
    const uint64_t truncate = 1ULL << 14;
    const uint64_t read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE;
    const uint64_t all = (1ULL << (landlock_abi >= 3 ? 15 : 14)) - 1;
    struct {
        uint64_t files, network, scoped;
    } attributes = {all, 0, landlock_abi >= 6 ? 3 : 0};
    if (landlock_abi < 2) {
        return;
    }
    const size_t size = landlock_abi >= 6 ? 24 : landlock_abi >= 4 ? 16 : 8;
    const int ruleset = must(syscall(SYS_landlock_create_ruleset, &attributes, size, 0), "landlock");
    for (size_t i = 0; i <= sizeof writable / sizeof *writable; ++i) {
        const int fd = must(open(i == 0 ? "/" : writable[i - 1], O_PATH | O_CLOEXEC), "landlock");
        struct stat status;
        must(fstat(fd, &status), "landlock");
        allow(ruleset, fd, i == 0 ? read : all);
        close(fd);
    }
    for (int fd = 0; fd <= 2; ++fd) {
        const int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
        allow(ruleset, fd,
              mode == O_RDONLY ? LANDLOCK_ACCESS_FS_READ_FILE : (LANDLOCK_ACCESS_FS_WRITE_FILE | truncate) & all);
    }
    must(syscall(SYS_landlock_restrict_self, ruleset, 0), "landlock");
    close(ruleset);
}

static void set_capabilities(uint64_t set) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{.effective = (uint32_t)set, .permitted = (uint32_t)set}};
    must(syscall(SYS_capset, &header, data), "capset");
}

void limit_capabilities(void) {
    const uint64_t kept = 0x802405fbU;  // chown to setpcap, net_bind_service, sys_chroot, sys_admin, setfcap
    for (unsigned capability = 0; capability < 64; ++capability) {
        if ((kept >> capability & 1) == 0 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) {
            break;  // the kernel has no more
        }
    }
    must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "ambient capabilities");
    set_capabilities(kept);
}

#if defined(__x86_64__)
enum { native_architecture = AUDIT_ARCH_X86_64, foreign_numbers = 0x40000000 };
#else
enum { native_architecture = AUDIT_ARCH_AARCH64, foreign_numbers = 0x7fffffff };
#endif
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, field)
#define EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, action)

static void install_filter(struct sock_filter* filter, size_t length) {
    struct sock_fprog program = {.len = (unsigned short)length, .filter = filter};
    must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
}

enum { default_length = 182 };  // of the default list of sandbox, on x86_64

void filter_command(void) {
    struct sock_filter filter[] = {
        LOAD(offsetof(struct seccomp_data, arch)),
        EQUAL(native_architecture, 1, 0),
        ANSWER(SECCOMP_RET_ERRNO | ENOSYS),
        LOAD(offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, foreign_numbers, 5, 0),
        EQUAL(SYS_ioctl, 0, 3),
        LOAD(offsetof(struct seccomp_data, args) + sizeof(uint64_t)),
        EQUAL(TIOCSTI, 3, 0),
        EQUAL(TIOCLINUX, 2, 0),
        ANSWER(SECCOMP_RET_ALLOW),
        ANSWER(SECCOMP_RET_ERRNO | ENOSYS),
        ANSWER(SECCOMP_RET_ERRNO | EPERM),
    };
    // The kernel translates what is never reached, too.
    struct sock_filter padded[default_length];
    for (size_t i = 0; i < default_length; ++i) {
        padded[i] = i < sizeof filter / sizeof *filter ? filter[i]
                    : i + 1 < default_length           ? (struct sock_filter)EQUAL((uint32_t)i, 0, 0)
                                                       : (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
    }
    install_filter(padded, default_length);
}

void confine_init(void) {
    static const unsigned calls[] = {
        SYS_read,       SYS_pread64,    SYS_write,        SYS_ppoll,           SYS_waitid,           SYS_kill,
        SYS_exit_group, SYS_exit,       SYS_rt_sigreturn, SYS_restart_syscall, SYS_process_vm_readv, SYS_epoll_pwait,
#ifdef SYS_poll
        SYS_poll,       SYS_epoll_wait,
#endif
    };
    enum { count = sizeof calls / sizeof *calls };
    set_capabilities(1U << CAP_KILL);
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
    struct sock_filter filter[count + 6] = {LOAD(offsetof(struct seccomp_data, arch)), EQUAL(native_architecture, 1, 0),
                                            ANSWER(SECCOMP_RET_KILL_PROCESS), LOAD(offsetof(struct seccomp_data, nr))};
    for (unsigned i = 0; i < count; ++i) {
        filter[4 + i] = (struct sock_filter)EQUAL(calls[i], (unsigned char)(count - i), 0);
    }
    filter[count + 4] = (struct sock_filter)ANSWER(SECCOMP_RET_KILL_PROCESS);
    filter[count + 5] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
    install_filter(filter, count + 6);
}

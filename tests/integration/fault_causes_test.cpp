// Why a sandbox could not be had, and what to do about it: each cause that is known, injected where it cannot be made
// without harm to the machine, made for real in namespaces of the test's own where it can.
//
// Not here: AppArmor's kernel.apparmor_restrict_unprivileged_userns and Debian's kernel.unprivileged_userns_clone.
// Their files exist only on kernels that have them, belong to the whole machine, and cannot be faked without root.
#include <fcntl.h>
#include <linux/audit.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "host/probe.hpp"
#include "host/tree.hpp"
#include "plan/build.hpp"
#include "run/launcher.hpp"
#include "support/older_kernel.hpp"
#include "support/sandbox_test.hpp"

namespace sandbox_test {
namespace {

using sandbox::Error;
using sandbox::Spec;
using sandbox::plan::Plan;
using sandbox::run::Fault;
using sandbox::run::Stage;

/// The text begins as every failed start does, and has each of the parts.
void expect_parts(const std::string& text, const std::vector<std::string>& parts) {
    EXPECT_TRUE(text.starts_with("sandbox: cannot ")) << text;
    for (const std::string& part : parts) {
        EXPECT_NE(text.find(part), std::string::npos) << "without `" << part << "`:\n" << text;
    }
}

void expect_failure(const Result& result, const std::vector<std::string>& parts) {
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_EQ(result.out, "");
    expect_parts(result.err, parts);
}

class FaultCauses : public SandboxTest {};

// Injected.

Plan default_plan() {
    Spec spec;
    spec.command = {"true"};
    spec.boottime_offset = 1000;
    return sandbox::plan::build(spec, sandbox::host::probe(), sandbox::host::RealTree());
}

std::string message_for(const Fault& fault) {
    sandbox::run::Settings settings;
    settings.fault = fault;
    try {
        sandbox::run::start(default_plan(), std::move(settings)).wait();
    } catch (const Error& error) {
        EXPECT_EQ(error.exit_status(), 125);
        return render(error);
    }
    return "no error";
}

/// Of the first step of that kind.
template <class Kind>
std::string message_for_step(int error) {
    const Plan plan = default_plan();
    Fault fault;
    for (std::size_t index = plan.steps.size(); index-- > 0;) {
        if (std::holds_alternative<Kind>(plan.steps[index])) {
            fault.step = index;
        }
    }
    EXPECT_TRUE(fault.step) << Kind::name;
    fault.error = error;
    return message_for(fault);
}

std::string message_for_stage(Stage stage, int error) {
    Fault fault;
    fault.stage = stage;
    fault.error = error;
    return message_for(fault);
}

TEST_F(FaultCauses, OfSteps) {
    namespace plan = sandbox::plan;
    expect_parts(message_for_step<plan::MountProc>(EPERM), {"fresh /proc", ": EPERM (", "\n  fix: --share pid"});
    expect_parts(message_for_step<plan::MountSysfs>(EPERM), {"fresh /sys", ": EPERM (", "\n  fix: --net host"});
    expect_parts(message_for_step<plan::PivotRoot>(EINVAL), {"initial ramfs", "\n  fix: switch_root"});
    expect_parts(message_for_step<plan::NewSessionKeyring>(EDQUOT),
                 {"quota of keys", "kernel.keys.maxkeys", "\n  fix: "});
    expect_parts(message_for_step<plan::Seccomp>(EBUSY),
                 {"seccomp", "has a listener already", "\n  fix: leave --seccomp-log out"});
    expect_parts(message_for_step<plan::BindMount>(ESTALE), {"was replaced by something else", "\n  fix: try again"});
    expect_parts(message_for_step<plan::BindMount>(ENOENT), {"vanished"});
    expect_parts(message_for_step<plan::BindMount>(EACCES), {"a directory above", "\n  fix: "});
    expect_parts(message_for_step<plan::BindMount>(EINVAL), {"unbindable"});
    expect_parts(message_for_step<plan::ChangeDirectory>(ENOENT),
                 {"cwd", "does not exist inside", "\n  fix: --cwd DIR"});
    expect_parts(message_for_step<plan::ChangeDirectory>(EACCES), {"cwd", "Permission denied", "\n  fix: --cwd DIR"});
    expect_parts(message_for_step<plan::NewCgroupNamespace>(ENOSPC), {"user.max_", "used up", "\n  fix: "});
    expect_parts(message_for_step<plan::EnterGuest>(ENOSPC), {"user.max_", "used up", "\n  fix: "});
}

TEST_F(FaultCauses, OfAnyStep) {
    namespace plan = sandbox::plan;
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    const std::string number = "RLIMIT_NOFILE is " + std::to_string(limit.rlim_cur);
    for (const int error : {EMFILE, ENFILE}) {
        expect_parts(message_for_step<plan::BindMount>(error), {number, "\n  fix: ulimit -n"});
        expect_parts(message_for_step<plan::MakeScratch>(error), {number, "\n  fix: ulimit -n"});
        expect_parts(message_for_stage(Stage::pipes, error), {number, "\n  fix: ulimit -n"});
        expect_parts(message_for_stage(Stage::init_prepare, error), {number, "\n  fix: ulimit -n"});
    }
    expect_parts(message_for_step<plan::MakeScratch>(ENOSYS), {"lacks a system call", "\n  fix: Linux 5.14"});
    expect_parts(message_for_step<plan::CloseDescriptors>(ENOSYS), {"lacks a system call", "\n  fix: Linux 5.14"});
}

TEST_F(FaultCauses, OfStages) {
    for (const Stage stage : {Stage::clone_init, Stage::clone_command}) {
        expect_parts(message_for_stage(stage, ENOSPC), {"user.max_", "used up", "\n  fix: "});
        expect_parts(message_for_stage(stage, EUSERS), {"nested too deeply", "\n  fix: "});
        expect_parts(message_for_stage(stage, EAGAIN), {"limit of processes", "\n  fix: "});
        expect_parts(message_for_stage(stage, EINVAL), {"lacks a namespace kind", "\n  fix: Linux 5.14"});
        expect_parts(message_for_stage(stage, ENOSYS), {"clone3", "\n  fix: Linux 5.14"});
        expect_parts(message_for_stage(stage, EPERM), {": EPERM (", "\n  fix: "});
    }
    for (const Stage stage : {Stage::uid_map, Stage::setgroups, Stage::gid_map}) {
        expect_parts(message_for_stage(stage, EACCES), {"not dumpable", "\n  fix: "});
        expect_parts(message_for_stage(stage, ENOENT), {"/proc is not mounted", "\n  fix: mount /proc"});
        expect_parts(message_for_stage(stage, EPERM), {": EPERM (", "\n  fix: "});
    }
    expect_parts(message_for_stage(Stage::time_namespace, EINVAL), {"\n  fix: time namespaces need Linux 5.6"});
    expect_parts(message_for_stage(Stage::time_namespace, ERANGE),
                 {"\n  fix: an offset may not take a clock below zero"});
}

// Made for real. What follows runs in the new process, before it executes the binary.

[[noreturn]] void give_up(const char* what) {
    dprintf(2, "the test could not prepare: %s: %s\n", what, std::strerror(errno));
    _exit(99);
}
void need(bool done, const char* what) {
    if (!done) {
        give_up(what);
    }
}

void write_to(const char* path, const std::string& text) {
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    need(file >= 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()), path);
    close(file);
}

/// Root of a user namespace and of a mount namespace that go away with the process.
void enter_own_namespaces() {
    const std::string user = "0 " + std::to_string(geteuid()) + " 1";
    const std::string group = "0 " + std::to_string(getegid()) + " 1";
    need(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0, "unshare");
    write_to("/proc/self/setgroups", "deny");
    write_to("/proc/self/uid_map", user);
    write_to("/proc/self/gid_map", group);
    need(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "private propagation");
}

Result run_prepared(const std::function<void()>& prepare, const std::vector<std::string>& options = {},
                    const std::vector<std::string>& command = {"true"}) {
    RunOptions run_options;
    // In a user namespace of its own, which owns no file system of the host, root gets its own ids on demand alone.
    run_options.sandbox = {"--map-users", "real"};
    run_options.sandbox.insert(run_options.sandbox.end(), options.begin(), options.end());
    run_options.before_exec = prepare;
    return inside(command, run_options);
}

TEST_F(FaultCauses, NoneInANamespaceOfItsOwn) {
    EXPECT_EQ(run_prepared(enter_own_namespaces).exit_status, 0) << "or the tests below prove nothing";
}

TEST_F(FaultCauses, AQuotaOfZero) {
    for (const std::string kind : {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"}) {
        SCOPED_TRACE(kind);
        const std::string quota = "max_" + kind + "_namespaces";
        const Result result = run_prepared([&] {
            enter_own_namespaces();
            write_to(("/proc/sys/user/" + quota).c_str(), "0");
        });
        expect_failure(result,
                       {"user." + quota + " is 0", "\n  step: ", "ENOSPC (", "\n  fix: sudo sysctl user." + quota});
    }
}

TEST_F(FaultCauses, AQuotaThatIsUsedUp) {
    const Result result = run_prepared([] {
        enter_own_namespaces();
        write_to("/proc/sys/user/max_net_namespaces", "1");
        need(unshare(CLONE_NEWNET) == 0, "unshare");
    });
    expect_failure(result, {"used up", "ENOSPC (", "\n  fix: end other sandboxes"});
    EXPECT_EQ(run_prepared(
                  [] {
                      enter_own_namespaces();
                      write_to("/proc/sys/user/max_net_namespaces", "0");
                  },
                  {"--net", "host"})
                  .exit_status,
              0)
        << "a kind that is not asked for needs no quota";
}

TEST_F(FaultCauses, AChroot) {
    // Below /host: the host. The root itself is a plain directory, as with chroot(8) into an unpacked tree.
    const std::string tree = directory() / "tree";
    const Result result = run_prepared([&] {
        enter_own_namespaces();
        need(mkdir(tree.c_str(), 0755) == 0 && mkdir((tree + "/host").c_str(), 0755) == 0, "mkdir");
        need(mkdir((tree + "/proc").c_str(), 0755) == 0, "mkdir");
        need(mount("/", (tree + "/host").c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0, "bind");
        need(mount("/proc", (tree + "/proc").c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0, "bind proc");
        for (const char* name : {"bin", "dev", "etc", "home", "lib", "lib64", "root", "run", "tmp", "usr", "var"}) {
            const std::string target = std::string("host/") + name;
            need(symlink(target.c_str(), (tree + "/" + name).c_str()) == 0, "symlink");
        }
        // The binary, wherever it lies.
        const std::string top = "/" + sandbox_binary().substr(1, sandbox_binary().find('/', 1) - 1);
        need(symlink(("host" + top).c_str(), (tree + top).c_str()) == 0 || errno == EEXIST, "symlink");
        need(chroot(tree.c_str()) == 0 && chdir("/") == 0, "chroot");
    });
    expect_failure(result, {"chroot", "EPERM (", "\n  fix: ", "--root DIR"});
}

// Masks over parts of /proc, as every container runtime has them.
void mask_proc() {
    enter_own_namespaces();
    need(mount("/dev/null", "/proc/version", nullptr, MS_BIND, nullptr) == 0, "mask");
}
void mask_proc_and_sys() {
    mask_proc();
    need(mount("none", "/sys/kernel", "tmpfs", MS_RDONLY, nullptr) == 0, "mask");
    need(mount("/proc/sys", "/proc/sys", nullptr, MS_BIND | MS_REC, nullptr) == 0 &&
             mount(nullptr, "/proc/sys", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) == 0,
         "read-only sysctls");
}

TEST_F(FaultCauses, AMaskedProc) {
    expect_failure(run_prepared(mask_proc), {"proc /proc", "EPERM (", "\n  fix: --share pid"});
    const Result advised = run_prepared(mask_proc, {"--share", "pid"}, {"sh", "-c", "cat /proc/self/comm"});
    EXPECT_EQ(advised.exit_status, 0) << advised;
    EXPECT_EQ(advised.out, "cat\n");
}

TEST_F(FaultCauses, AMaskedSys) {
    expect_failure(run_prepared(mask_proc_and_sys, {"--share", "pid"}),
                   {"sysfs /sys", "EPERM (", "\n  fix: --net host"});
    const Result advised =
        run_prepared(mask_proc_and_sys, {"--share", "pid", "--net", "host"}, {"sh", "-c", "ls /sys/class"});
    EXPECT_EQ(advised.exit_status, 0) << advised;
    EXPECT_NE(advised.out, "");
}

// As a sandbox does itself. Made by clone it is the same one.
TEST_F(FaultCauses, AnOuterFilterThatHidesClone3) {
    const auto hide = [] {
        need(signal(SIGUSR1, SIG_IGN) != SIG_ERR, "signal");
        refuse_call(SYS_clone3, ENOSYS);
    };
    const std::vector<std::string> command{"sh", "-c", "grep -E 'SigBlk|SigIgn|SigCgt|NSpid' /proc/self/status; id -u"};
    for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--init"}, {"--tty", "new"}}) {
        const Result usual =
            run_prepared([] { need(signal(SIGUSR1, SIG_IGN) != SIG_ERR, "signal"); }, options, command);
        EXPECT_EQ(usual.exit_status, 0) << usual;
        EXPECT_EQ(run_prepared(hide, options, command).out, usual.out) << usual;
    }
}

TEST_F(FaultCauses, AnOuterFilterThatRefusesNamespaces) {
    for (const long number : {SYS_clone3, SYS_unshare}) {
        expect_failure(run_prepared([number] { refuse_call(number, EPERM); }),
                       {"a seccomp filter around this process", "EPERM (", "\n  fix: ", "seccomp"});
    }
}

TEST_F(FaultCauses, AnOuterFilterThatHidesAMountCall) {
    for (const long number :
         {SYS_open_tree, SYS_move_mount, SYS_mount_setattr, SYS_fsopen, SYS_fsmount, SYS_pivot_root}) {
        SCOPED_TRACE(number);
        expect_failure(run_prepared([number] { refuse_call(number, ENOSYS); }),
                       {"a filter hides it", "ENOSYS (", "\n  step: ", "\n  fix: "});
        expect_failure(run_prepared([number] { refuse_call(number, EPERM); }), {"EPERM (", "\n  step: ", "\n  fix: "});
    }
}

// Whatever is refused: a sandbox that confines, or an error; never one that is weaker in silence. The command is under
// the filter, too: what it cannot do because of that is no breach.
TEST_F(FaultCauses, AnOuterFilterAgainstAnyCallOfTheSetUp) {
    const std::string home = directory() / "home";
    const std::string shown = directory() / "shown";
    need(mkdir(home.c_str(), 0755) == 0 && mkdir(shown.c_str(), 0755) == 0, "mkdir");
    write_file(home + "/secret", "");
    constexpr int inherited = 9;
    const std::string script = "touch " + shown + "/x && echo BREACH write; [ -e " + home +
                               "/secret ] && echo BREACH home; "
                               "[ -e /proc/self/fd/9 ] && echo BREACH descriptor; unshare -n true && echo BREACH net; "
                               "unshare -U true && echo BREACH user; mount -t tmpfs none /tmp && echo BREACH mount; "
                               "mount -o remount,rw " +
                               shown +
                               " && echo BREACH remount; ip link add d type dummy && echo BREACH link; echo end";
    RunOptions options;
    options.sandbox = {"--ro", shown};
    options.set["HOME"] = home;
    unsigned ran = 0;
    for (const long number : {SYS_close_range,
                              SYS_openat2,
                              SYS_prctl,
                              SYS_keyctl,
                              SYS_seccomp,
                              SYS_landlock_create_ruleset,
                              SYS_landlock_add_rule,
                              SYS_landlock_restrict_self,
                              SYS_capset,
                              SYS_setns,
                              SYS_umount2,
                              SYS_sethostname,
                              SYS_setpgid,
                              SYS_signalfd4,
                              SYS_pidfd_open,
                              SYS_chdir,
                              SYS_fchdir,
                              SYS_ioctl,
                              SYS_socket,
                              SYS_mkdirat,
                              SYS_mknodat,
                              SYS_symlinkat,
                              SYS_umask,
                              SYS_dup3,
                              SYS_fcntl,
                              SYS_pipe2,
                              SYS_getpid,
                              SYS_getppid}) {
        for (const int error : {ENOSYS, EPERM}) {
            SCOPED_TRACE(std::to_string(number) + " " + strerrorname_np(error));
            options.before_exec = [number, error] {
                const int root = open("/", O_RDONLY | O_DIRECTORY);
                need(root >= 0 && dup2(root, inherited) == inherited, "dup2");
                refuse_call(number, error);
            };
            const Result result = inside({"sh", "-c", script}, options);
            EXPECT_EQ(result.out.find("BREACH"), std::string::npos) << result;
            ran += result.out.ends_with("end\n") ? 1 : 0;
            if (result.exit_status == 125) {
                EXPECT_TRUE(result.err.starts_with("sandbox: cannot ")) << result;
            } else {
                EXPECT_EQ(result.signal, 0) << result;
            }
            EXPECT_TRUE(std::filesystem::is_empty(shown));
        }
    }
    EXPECT_GT(ran, 0U) << "or nothing was tried";
}

TEST_F(FaultCauses, TooFewDescriptors) {
    unsigned refused = 0;
    for (rlim_t count = 4; count <= 24; ++count) {
        const Result result = run_prepared([count] {
            const rlimit limit{count, count};
            need(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
        });
        if (result.exit_status != 0) {
            ++refused;
            SCOPED_TRACE(count);
            expect_failure(result,
                           {"RLIMIT_NOFILE is " + std::to_string(count) + ")", "EMFILE (", "\n  fix: ulimit -n"});
        }
    }
    EXPECT_GT(refused, 0U);
    EXPECT_LT(refused, 21U) << "24 are enough";
}

TEST_F(FaultCauses, TooFewProcesses) {
    if (geteuid() == 0) {
        GTEST_SKIP() << "RLIMIT_NPROC does not bind root";
    }
    const Result result = run_prepared([] {
        const rlimit limit{0, 0};
        need(setrlimit(RLIMIT_NPROC, &limit) == 0, "setrlimit");
    });
    expect_failure(result, {"limit of processes", "RLIMIT_NPROC", "EAGAIN (", "\n  fix: "});
}

TEST_F(FaultCauses, NoProc) {
    const Result result = run_prepared([] {
        enter_own_namespaces();
        need(mount("none", "/proc", "tmpfs", 0, nullptr) == 0, "cover /proc");
    });
    expect_failure(result, {"/proc is not mounted", "ENOENT (", "\n  fix: mount /proc"});
}

TEST_F(FaultCauses, AnIdThatIsNotMapped) {
    const Result result = run_prepared([] { need(unshare(CLONE_NEWUSER) == 0, "unshare"); });
    expect_failure(result, {"not mapped", "EPERM (", "\n  fix: "});
}

}  // namespace
}  // namespace sandbox_test

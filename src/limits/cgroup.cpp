#include "limits/cgroup.hpp"

#include "limits/cgroup_figures.hpp"
#include "limits/watch.hpp"
#include "spec/limits.hpp"
#include "sys/interface_file.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include <dirent.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

namespace sandbox::limits {
namespace {

constexpr std::string_view own_prefix = "sandbox-run-";
constexpr std::string_view launcher_prefix = "sandbox-launcher-";

std::string random_digits() {
    std::uint64_t number = 0;
    if (::getrandom(&number, sizeof number, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof number)) {
        number = static_cast<std::uint64_t>(now().count());
    }
    constexpr std::uint64_t most = 1'000'000'000;
    return std::to_string(::getpid()) + "-" + std::to_string(number % most);
}

Error cannot(const std::string& what, int error) {
    return Error("cannot " + what + ": " + std::strerror(error));
}

sys::UniqueFd open_directory(int parent, const char* name) {
    return sys::above_streams(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
}

// Only one that nobody holds, who is alive.
void remove_abandoned(int parent, const char* name) {
    const sys::UniqueFd directory = open_directory(parent, name);
    if (directory && ::flock(directory.get(), LOCK_EX | LOCK_NB) == 0) {
        sys::write_interface(directory.get(), "cgroup.kill", "1");
        ::unlinkat(parent, name, AT_REMOVEDIR);
    }
}

void sweep(int parent) {
    const int copy = ::openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(copy < 0 ? nullptr : ::fdopendir(copy), &::closedir);
    while (const dirent* const entry = entries ? ::readdir(entries.get()) : nullptr) {
        const std::string_view name = entry->d_name;
        if (name.starts_with(own_prefix)) {
            remove_abandoned(parent, entry->d_name);
        } else if (name.starts_with(launcher_prefix)) {
            // Only if it is empty: that of one who lives may be this process's own.
            ::unlinkat(parent, entry->d_name, AT_REMOVEDIR);
        }
    }
}

}  // namespace

int adopt(int cgroup, pid_t process) noexcept {
    return sys::write_interface(cgroup, "cgroup.procs", std::to_string(process));
}

void enter_below(const std::string& directory) noexcept {
    const sys::UniqueFd above(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (above && ::mkdirat(above.get(), "launcher", 0755) == 0) {
        sys::write_interface(open_directory(above.get(), "launcher").get(), "cgroup.procs", "0");
    }
}

void sweep_cgroups(const std::string& parent) noexcept {
    const sys::UniqueFd directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (directory) {
        sweep(directory.get());
    }
}

Cgroup::Cgroup(const plan::Cgroup& wanted, bool alone) : wanted_(wanted), alone_(alone) {
    parent_ = sys::above_streams(::open(wanted.parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!parent_) {
        throw cannot("open the cgroup " + wanted.parent, errno);
    }
    try {
        if (wanted.move_launcher) {
            move_launcher();
        }
        for (const std::string& controller : wanted.controllers) {
            hand_out(controller);
        }
        make_directory();
        for (const plan::CgroupSetting& setting : wanted.settings) {
            set(setting);
        }
    } catch (const Error&) {
        remove();
        throw;
    }
}

Cgroup::~Cgroup() {
    empty();
    remove();
}

// With a lock, as one of ours has it: between the two a sweeper may have come.
void Cgroup::make_directory() {
    constexpr int tries = 8;
    int error = 0;
    for (int i = 0; i < tries; ++i) {
        name_ = std::string(own_prefix) + random_digits();
        // Closed to others until it is locked: whoever can open it could lock it first.
        if (::mkdirat(parent_.get(), name_.c_str(), 0700) < 0) {
            error = errno;
            if (error == EAGAIN && i == 0) {
                sweep_beside();  // what killed launchers have left may be too much already
                continue;
            }
            if (error == EEXIST) {
                continue;
            }
            break;
        }
        directory_ = open_directory(parent_.get(), name_.c_str());
        struct stat entry {};
        if (directory_ && ::flock(directory_.get(), LOCK_EX | LOCK_NB) == 0 &&
            ::fstatat(parent_.get(), name_.c_str(), &entry, AT_SYMLINK_NOFOLLOW) == 0 &&
            ::fchmod(directory_.get(), 0755) == 0) {
            path_ = wanted_.parent + (wanted_.parent.ends_with('/') ? "" : "/") + name_;
            return;
        }
        error = errno;
    }
    directory_.reset();
    name_.clear();
    throw cannot("make a cgroup in " + wanted_.parent, error)
        .with_fix(error == EAGAIN ? "cgroup.max.descendants or cgroup.max.depth of one above is reached" : "");
}

// So that the one it was in may have limits below it.
void Cgroup::move_launcher() {
    constexpr int tries = 8;
    int error = 0;
    for (int i = 0; i < tries; ++i) {
        launcher_ = std::string(launcher_prefix) + random_digits();
        if (::mkdirat(parent_.get(), launcher_.c_str(), 0755) < 0) {
            error = errno;
            continue;
        }
        const sys::UniqueFd directory = open_directory(parent_.get(), launcher_.c_str());
        error = directory ? sys::write_interface(directory.get(), "cgroup.procs", "0") : errno;
        if (error == 0) {
            return;
        }
        ::unlinkat(parent_.get(), launcher_.c_str(), AT_REMOVEDIR);
    }
    launcher_.clear();
    throw cannot("move the launcher to a cgroup of its own in " + wanted_.parent, error);
}

void Cgroup::hand_out(const std::string& controller) const {
    if (const int error = sys::write_interface(parent_.get(), "cgroup.subtree_control", "+" + controller); error != 0) {
        throw cannot("hand the controller " + controller + " out in the cgroup " + wanted_.parent, error)
            .with_fix(error == EBUSY ? "no process may be in it: mkdir " + wanted_.parent + "/shell; echo PID >" +
                                           wanted_.parent + "/shell/cgroup.procs for each"
                                     : "");
    }
}

// What there is not the kernel passes over in silence or calls out of range, and with nothing left it takes all that
// the one above has.
void Cgroup::check_processors(const plan::CgroupSetting& setting) const {
    std::string there = sys::read_interface(parent_.get(), "cpuset.cpus.effective");
    there.erase(std::min(there.find('\n'), there.size()));
    const std::vector<unsigned> processors = there.empty() ? std::vector<unsigned>() : spec::parse_processors(there);
    for (const unsigned wanted : spec::parse_processors(setting.value)) {
        if (!std::ranges::binary_search(processors, wanted)) {
            throw Error(setting.asked + ": there is no processor " + std::to_string(wanted) + " for it")
                .with_fix("--cpuset " + there + " has all there are");
        }
    }
}

void Cgroup::set(const plan::CgroupSetting& setting) const {
    if (setting.file == "cpuset.cpus") {
        check_processors(setting);
    }
    int error = sys::write_interface(directory_.get(), setting.file.c_str(), setting.value);
    if (error == ENOENT && setting.file == "io.weight") {
        // Of the BFQ scheduler, where the kernel is made without blk-iocost. It takes up to 1000.
        error = sys::write_interface(directory_.get(), "io.bfq.weight", setting.value);
    }
    if ((error == ENOENT || error == EOPNOTSUPP) && setting.optional) {
        return;
    }
    if (error == ENOENT) {
        throw Error(setting.asked + ": the kernel has no " + setting.file)
            .with_fix(setting.file == "io.weight"         ? "a kernel with CONFIG_BLK_CGROUP_IOCOST"
                      : setting.file == "memory.swap.max" ? "a kernel with CONFIG_SWAP, started without swapaccount=0"
                                                          : "");
    }
    if (error != 0) {
        throw cannot("set " + setting.file + " to " + setting.value + " for " + setting.asked, error);
    }
}

void Cgroup::sweep_beside() const noexcept {
    sweep(parent_.get());
}

void Cgroup::kill() const noexcept {
    sys::write_interface(directory_.get(), "cgroup.kill", "1");
}

void Cgroup::empty() noexcept {
    if (!directory_ || empty_) {
        return;
    }
    const sys::UniqueFd events(::openat(directory_.get(), "cgroup.events", O_RDONLY | O_CLOEXEC));
    const Time deadline = now() + std::chrono::seconds(2);
    for (;;) {
        std::array<char, 256> text;
        const ssize_t got = events ? ::pread(events.get(), text.data(), text.size(), 0) : -1;
        empty_ =
            got <= 0 || keyed_figure({text.data(), static_cast<std::size_t>(got)}, "populated") == std::uint64_t{0};
        if (empty_) {
            return;
        }
        kill();
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now()).count();
        pollfd changed{events.get(), POLLPRI, 0};
        if (left <= 0 || ::poll(&changed, 1, static_cast<int>(left)) < 0) {
            return;
        }
    }
}

std::chrono::nanoseconds Cgroup::cpu_time() const noexcept {
    return std::chrono::microseconds(
        keyed_figure(sys::read_interface(directory_.get(), "cpu.stat"), "usage_usec").value_or(0));
}

void Cgroup::read(Usage& usage) const noexcept {
    const auto text = [&](const char* name) { return sys::read_interface(directory_.get(), name); };
    const std::string cpu = text("cpu.stat");
    usage.user = std::chrono::microseconds(keyed_figure(cpu, "user_usec").value_or(0));
    usage.system = std::chrono::microseconds(keyed_figure(cpu, "system_usec").value_or(0));
    if (const auto peak = single_figure(text("memory.peak"))) {  // Linux 5.19
        usage.peak_memory = *peak;
        usage.peak_of_all = true;
    }
    CgroupUsage& figures = usage.cgroup.emplace();
    if (const auto peak = single_figure(text("pids.peak"))) {  // Linux 6.1
        figures.peak_pids = *peak - std::min(*peak, wanted_.own_processes);
    }
    figures.refused_pids = keyed_figure(text("pids.events"), "max").value_or(0);
    figures.out_of_memory_kills = keyed_figure(text("memory.events"), "oom_kill").value_or(0);
    if (const auto throttled = keyed_figure(cpu, "throttled_usec")) {
        figures.throttled = std::chrono::microseconds(*throttled);
    }
    if (::faccessat(directory_.get(), "io.stat", F_OK, 0) == 0) {
        const std::string io = text("io.stat");
        figures.read_bytes = summed_figure(io, "rbytes");
        figures.written_bytes = summed_figure(io, "wbytes");
    }
    if (wanted_.pressure) {
        figures.cpu = pressure_figure(text("cpu.pressure"));
        figures.memory = pressure_figure(text("memory.pressure"));
        figures.io = pressure_figure(text("io.pressure"));
    }
}

void Cgroup::remove() noexcept {
    if (!name_.empty()) {
        ::unlinkat(parent_.get(), name_.c_str(), AT_REMOVEDIR);
        name_.clear();
    }
    directory_.reset();
    move_back();
}

// As it was found. Not below another sandbox, whose limits would go with the controllers.
void Cgroup::move_back() noexcept {
    if (launcher_.empty() || !alone_) {
        return;
    }
    for (const std::string& controller : wanted_.controllers) {
        sys::write_interface(parent_.get(), "cgroup.subtree_control", "-" + controller);
    }
    sys::write_interface(parent_.get(), "cgroup.procs", "0");
    ::unlinkat(parent_.get(), launcher_.c_str(), AT_REMOVEDIR);
    launcher_.clear();
}

}  // namespace sandbox::limits

#include "limits/usage.hpp"

#include "sys/fd.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>

namespace sandbox::limits {
namespace {

// Who forks all the time must not keep us looking: some 0.2 s.
constexpr std::size_t most_processes = 4096;

bool read_below(int directory, const char* name, std::string& text) {
    const sys::UniqueFd file(::openat(directory, name, O_RDONLY | O_CLOEXEC));
    text.clear();
    if (!file) {
        return false;
    }
    std::array<char, 4096> chunk;
    for (ssize_t got = 0; (got = ::read(file.get(), chunk.data(), chunk.size())) > 0;) {
        text.append(chunk.data(), static_cast<std::size_t>(got));
    }
    return true;
}

std::uint64_t number_at(std::string_view text) {
    const std::size_t start = text.find_first_not_of(" \t");
    text.remove_prefix(start == std::string_view::npos ? text.size() : start);
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::chrono::nanoseconds ticks(std::uint64_t count) {
    static const auto per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    return std::chrono::nanoseconds(count * (1'000'000'000 / per_second));
}

// The fields behind the name, which may have anything in it: the state is field 3.
void add_times(std::string_view stat, Usage& usage) {
    constexpr std::size_t user = 14 - 3;
    stat.remove_prefix(std::min(stat.size(), stat.rfind(')') + 2));
    std::array<std::uint64_t, 4> times{};  // its own user and system time, and that of those it has waited for
    for (std::size_t field = 0; field < user + times.size() && !stat.empty(); ++field) {
        if (field >= user) {
            times.at(field - user) = number_at(stat);
        }
        const std::size_t end = stat.find(' ');
        stat.remove_prefix(end == std::string_view::npos ? stat.size() : end + 1);
    }
    usage.user += ticks(times[0]) + ticks(times[2]);
    usage.system += ticks(times[1]) + ticks(times[3]);
}

void add_peak(std::string_view status, Usage& usage) {
    constexpr std::string_view name = "\nVmHWM:";
    if (const std::size_t at = status.find(name); at != std::string_view::npos) {
        usage.peak_memory = std::max(usage.peak_memory, number_at(status.substr(at + name.size())) * 1024);
    }
}

// Children belong to the thread that made them.
bool add_children(int process, std::vector<pid_t>& found, std::string& text) {
    sys::UniqueFd opened(::openat(process, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    DIR* const directory = opened ? ::fdopendir(opened.get()) : nullptr;
    if (directory == nullptr) {
        return false;
    }
    const int tasks = opened.release();  // closedir(3) closes it
    bool told = false;
    while (const dirent* const entry = ::readdir(directory)) {
        if (entry->d_name[0] == '.' || !read_below(tasks, (std::string(entry->d_name) + "/children").c_str(), text)) {
            continue;
        }
        told = true;
        for (std::string_view left = text; !left.empty();) {
            if (const std::uint64_t pid = number_at(left); pid != 0) {
                found.push_back(static_cast<pid_t>(pid));
            }
            const std::size_t end = left.find(' ');
            left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
        }
    }
    ::closedir(directory);
    return told;
}

}  // namespace

// A parent's times are read before its children are asked for: what a child has used when its parent waits for it is
// seen at most once.
std::optional<Usage> look(pid_t init, bool memory) {
    Usage usage;
    std::vector<pid_t> processes{init};
    std::string text;
    for (std::size_t next = 0; next < std::min(processes.size(), most_processes); ++next) {
        const std::string path = "/proc/" + std::to_string(processes[next]);
        const sys::UniqueFd process(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (process && read_below(process.get(), "stat", text)) {
            add_times(text, usage);
        }
        if (process && memory && read_below(process.get(), "status", text)) {
            add_peak(text, usage);
        }
        const bool told = process && add_children(process.get(), processes, text);
        if (!told && next == 0) {
            return std::nullopt;
        }
    }
    return usage;
}

std::uint64_t resident_memory(const std::string& process) {
    std::string text;
    if (!read_below(AT_FDCWD, (process + "/statm").c_str(), text)) {
        return 0;
    }
    text.erase(0, text.find(' '));
    return number_at(text) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::chrono::nanoseconds cpu_time(const std::string& process) {
    std::string text;
    Usage usage;
    if (read_below(AT_FDCWD, (process + "/stat").c_str(), text)) {
        add_times(text, usage);
    }
    return usage.cpu_time();
}

}  // namespace sandbox::limits

#include "support/processes.hpp"

#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include <gtest/gtest.h>

namespace sandbox_test {
namespace {

// Reads /proc/PID/stat: `PID (NAME) STATE PARENT GROUP ...`, where NAME may hold anything.
std::optional<ProcessState> read_state(const std::string& pid) {
    std::ifstream file("/proc/" + pid + "/stat");
    std::ostringstream buffer;
    buffer << file.rdbuf();
    const std::string text = buffer.str();
    const auto open = text.find('(');
    const auto close = text.rfind(')');
    if (open == std::string::npos || close == std::string::npos) {
        return std::nullopt;
    }
    ProcessState process;
    process.pid = std::atoi(pid.c_str());
    process.name = text.substr(open + 1, close - open - 1);
    std::istringstream rest(text.substr(close + 1));
    rest >> process.state >> process.parent >> process.group;
    return process;
}

void add_descendants(pid_t pid, const std::vector<ProcessState>& all, std::vector<ProcessState>& found) {
    for (const ProcessState& process : all) {
        if (process.parent == pid) {
            found.push_back(process);
            add_descendants(process.pid, all, found);
        }
    }
}

}  // namespace

std::vector<ProcessState> all_processes() {
    std::vector<ProcessState> all;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") == std::string::npos) {
            if (auto process = read_state(name)) {
                all.push_back(std::move(*process));
            }
        }
    }
    return all;
}

std::vector<ProcessState> children_of(pid_t pid) {
    std::vector<ProcessState> all = all_processes();
    std::erase_if(all, [pid](const ProcessState& process) { return process.parent != pid; });
    return all;
}

std::vector<ProcessState> descendants_of(pid_t pid) {
    std::vector<ProcessState> found;
    add_descendants(pid, all_processes(), found);
    return found;
}

ProcessState await_descendant(pid_t of, const std::string& name) {
    ProcessState found;
    wait_until(
        [&] {
            for (const ProcessState& process : descendants_of(of)) {
                if (process.name == name) {
                    found = process;
                }
            }
            return found.pid != 0;
        },
        "a process `" + name + "`");
    return found;
}

bool await_state(pid_t pid, const std::string& states) {
    return wait_until(
        [&] {
            const auto process = read_state(std::to_string(pid));
            return process && states.find(process->state) != std::string::npos;
        },
        "process " + std::to_string(pid) + " in state " + states);
}

bool await_command_line(pid_t pid, const std::vector<std::string>& words) {
    std::string wanted;
    std::string spoken;
    for (const std::string& word : words) {
        wanted += word + '\0';
        spoken += word + ' ';
    }
    return wait_until(
        [&] {
            std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline");
            std::ostringstream text;
            text << file.rdbuf();
            return text.str() == wanted;
        },
        "process " + std::to_string(pid) + " to execute " + spoken);
}

bool wait_until(const std::function<bool()>& condition, const std::string& what) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            ADD_FAILURE() << "waited in vain for " << what;
            return false;
        }
        poll(nullptr, 0, 2);
    }
    return true;
}

void await_tick() {
    timespec start{};
    ::clock_gettime(CLOCK_REALTIME, &start);
    timespec tick{};
    do {
        ::clock_gettime(CLOCK_REALTIME_COARSE, &tick);
    } while (tick.tv_sec < start.tv_sec || (tick.tv_sec == start.tv_sec && tick.tv_nsec <= start.tv_nsec));
}

}  // namespace sandbox_test

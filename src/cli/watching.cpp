#include "cli/watching.hpp"

#include "cli/listing.hpp"
#include "cli/quote.hpp"
#include "cli/run.hpp"
#include "cli/table.hpp"
#include "json/json.hpp"
#include "limits/watch.hpp"
#include "spec/escape.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>

#include <unistd.h>

namespace sandbox::cli {
namespace {

constexpr std::chrono::seconds interval{1};

std::vector<NamedSandbox> wanted(const std::vector<std::string>& names) {
    std::vector<NamedSandbox> sandboxes = list();
    if (!names.empty()) {
        std::erase_if(sandboxes, [&](const NamedSandbox& sandbox) {
            return std::ranges::find(names, sandbox.name) == names.end();
        });
    }
    return sandboxes;
}

Look look_at(std::span<const NamedSandbox> sandboxes) {
    Look look;
    look.time = limits::now();
    for (const NamedSandbox& sandbox : sandboxes) {
        look.usage.emplace(sandbox.name, live_usage(sandbox));
    }
    return look;
}

// By the clock, so that the time that looking takes does not add up.
void await(std::chrono::nanoseconds when) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(when);
    const timespec time{seconds.count(), static_cast<long>((when - seconds).count())};
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
    }
}

}  // namespace

std::string share_text(const std::string& name, const Look& before, const Look& now) {
    const auto first = before.usage.find(name);
    const auto second = now.usage.find(name);
    if (first == before.usage.end() || second == now.usage.end() || now.time <= before.time) {
        return "-";
    }
    constexpr std::int64_t percent = 100;
    const auto used = std::max(second->second.cpu_time - first->second.cpu_time, std::chrono::nanoseconds::zero());
    return std::to_string(used * percent / (now.time - before.time)) + "%";
}

std::string watch_table(std::span<const NamedSandbox> sandboxes, const Look& before, const Look& now) {
    std::vector<Row> rows = {{"NAME", "PID", "CPU", "TIME", "MEMORY", "PIDS", "AGE", "COMMAND"}};
    const std::int64_t clock = std::time(nullptr);
    for (const NamedSandbox& sandbox : sandboxes) {
        const LiveUsage usage = now.usage.at(sandbox.name);
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(usage.cpu_time).count();
        rows.push_back({sandbox.name, std::to_string(sandbox.command), share_text(sandbox.name, before, now),
                        age_text(seconds), size_text(usage.memory), std::to_string(usage.pids),
                        age_text(clock - sandbox.started), spec::escaped(command_line(sandbox.arguments))});
    }
    return table_text(rows);
}

std::string watch_json(std::span<const NamedSandbox> sandboxes, const Look& now) {
    json::Json all = json::array();
    for (const NamedSandbox& sandbox : sandboxes) {
        const LiveUsage usage = now.usage.at(sandbox.name);
        const auto used = std::chrono::duration_cast<std::chrono::microseconds>(usage.cpu_time).count();
        all.add(json::object()
                    .add("name", json::text(sandbox.name))
                    .add("pid", json::number(static_cast<std::uint64_t>(sandbox.command)))
                    .add("memory", json::number(usage.memory))
                    .add("cpu_us", json::number(static_cast<std::uint64_t>(used)))
                    .add("pids", json::number(usage.pids))
                    .add("counted_by", json::text(usage.counted ? "cgroup" : "proc")));
    }
    return json::write_json(all) + "\n";
}

void watch_list(const std::vector<std::string>& names, bool as_json) {
    const bool terminal = ::isatty(STDOUT_FILENO) == 1;
    Look before;
    for (bool first = true;; first = false) {
        const std::vector<NamedSandbox> sandboxes = wanted(names);
        Look now = look_at(sandboxes);
        if (as_json) {
            print(watch_json(sandboxes, now));
        } else {
            // To the upper left corner, and behind what is printed nothing of before.
            const std::string table = watch_table(sandboxes, before, now);
            print(terminal ? "\033[H\033[2J" + table : (first ? "" : "\n") + table);
        }
        await(now.time + interval);
        before = std::move(now);
    }
}

}  // namespace sandbox::cli

#include "report/report.hpp"

#include "json/json.hpp"
#include "spec/limits.hpp"

#include <cstring>
#include <ctime>

namespace sandbox::report {
namespace {

using json::Json;

constexpr std::uint64_t schema_version = 1;

std::uint64_t microseconds(std::chrono::nanoseconds time) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

/// `2026-11-29T06:50:22.123456Z`.
std::string utc(std::chrono::system_clock::time_point time) {
    const auto since = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    const std::time_t whole = seconds.count();
    std::tm parts{};
    ::gmtime_r(&whole, &parts);
    char text[48];
    const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    const std::string fraction = std::to_string(1'000'000 + (since - seconds).count());
    return std::string(text, length) + "." + fraction.substr(1) + "Z";
}

Json held(Json value, std::initializer_list<const char*> holders) {
    Json list = json::array();
    for (const char* holder : holders) {
        list.add(json::text(holder));
    }
    value.add("held_by", std::move(list));
    return value;
}

Json time(std::chrono::nanoseconds time) {
    return json::object().add("us", json::number(microseconds(time)));
}

Json amount(std::uint64_t value) {
    return value == unlimited ? Json{} : json::number(value);
}

// Without a cgroup --limits best-effort has taken what setrlimit(2) has.
void add_cgroup_limits(Json& all, const Limits& limits, bool by_cgroup) {
    const auto add = [&](const char* name, const char* key, const std::optional<std::uint64_t>& value) {
        if (value) {
            all.add(name, held(json::object().add(key, json::number(*value)), {by_cgroup ? "cgroup" : "rlimit"}));
        }
    };
    add("memory", "bytes", limits.memory);
    add("swap", "bytes", limits.memory && by_cgroup ? std::optional(limits.swap.value_or(0)) : limits.swap);
    add("cpus", "thousandths", limits.cpus);
    add("pids", "value", limits.pids);
    add("io-weight", "value", limits.io_weight);
    if (limits.cpuset) {
        all.add("cpuset", held(json::object().add("list", json::text(*limits.cpuset)), {"cgroup"}));
    }
}

Json limits_json(const Limits& limits, bool by_cgroup) {
    Json all = json::object();
    add_cgroup_limits(all, limits, by_cgroup);
    if (limits.timeout) {
        all.add("timeout", held(time(*limits.timeout), {"launcher"}));
    }
    if (limits.cpu_time) {
        all.add("cpu-time", held(time(*limits.cpu_time), {"launcher", "rlimit"}));
    }
    if (limits.output) {
        all.add("max-output", held(json::object().add("bytes", json::number(*limits.output)), {"launcher"}));
    }
    if (limits.timeout || limits.cpu_time) {
        all.add("kill-after", held(time(limits.kill_after), {"launcher"}));
    }
    if (!limits.resources.empty()) {
        Json resources = json::object();
        for (const auto& [resource, limit] : limits.resources) {
            resources.add(
                std::string(spec::row(resource).name),
                held(json::object().add("soft", amount(limit.soft)).add("hard", amount(limit.hard)), {"rlimit"}));
        }
        all.add("rlimit", std::move(resources));
    }
    if (limits.nice) {
        all.add("nice", held(json::object().add("value", json::integer(*limits.nice)), {"scheduler"}));
    }
    if (limits.oom_score) {
        all.add("oom-score", held(json::object().add("value", json::integer(*limits.oom_score)), {"oom-killer"}));
    }
    if (limits.tmp_size) {
        all.add("tmp-size", held(json::object().add("bytes", json::number(*limits.tmp_size)), {"tmpfs"}));
    }
    return all;
}

Json figure(const std::optional<std::uint64_t>& value) {
    return value ? json::number(*value) : Json{};
}

Json memory_json(const Usage& usage) {
    return json::object()
        .add("peak_bytes", json::number(usage.peak_memory))
        .add("source", json::text(usage.peak_of_all ? "cgroup" : "max-rss"))
        .add("out_of_memory_kills", usage.cgroup ? json::number(usage.cgroup->out_of_memory_kills) : Json{});
}

Json pids_json(const CgroupUsage& figures) {
    return json::object().add("peak", figure(figures.peak_pids)).add("refused", json::number(figures.refused_pids));
}

Json io_json(const CgroupUsage& figures) {
    return figures.read_bytes ? json::object()
                                    .add("read_bytes", figure(figures.read_bytes))
                                    .add("written_bytes", figure(figures.written_bytes))
                              : Json{};
}

Json pressure_json(const CgroupUsage& figures) {
    Json all = json::object();
    const auto add = [&](const char* name, const std::optional<Pressure>& pressure) {
        if (pressure) {
            all.add(name, json::object()
                              .add("some_us", json::number(microseconds(pressure->some)))
                              .add("full_us", json::number(microseconds(pressure->full))));
        }
    };
    add("cpu", figures.cpu);
    add("memory", figures.memory);
    add("io", figures.io);
    return all;
}

Json time_json(const Usage& usage) {
    return json::object()
        .add("wall_us", json::number(microseconds(usage.wall)))
        .add("user_us", json::number(microseconds(usage.user)))
        .add("system_us", json::number(microseconds(usage.system)))
        .add("throttled_us",
             usage.cgroup && usage.cgroup->throttled ? json::number(microseconds(*usage.cgroup->throttled)) : Json{})
        .add("source", json::text(usage.cgroup ? "cgroup" : "rusage"));
}

Json setup_json(const std::vector<Phase>& phases) {
    std::chrono::nanoseconds total{};
    Json list = json::array();
    for (const Phase& phase : phases) {
        total += phase.time;
        list.add(json::object().add("name", json::text(phase.name)).add("us", json::number(microseconds(phase.time))));
    }
    return json::object().add("us", json::number(microseconds(total))).add("phases", std::move(list));
}

Json failure_json(const Error& error) {
    Json failure = json::object()
                       .add("message", json::text(error.what()))
                       .add("fix", error.fix().empty() ? Json{} : json::text(error.fix()));
    if (const std::optional<FailedStep>& step = error.step()) {
        const char* const name = strerrorname_np(step->error);
        failure
            .add("step", json::object()
                             .add("index", json::number(step->index))
                             .add("name", json::text(step->name))
                             .add("subject", json::text(step->subject)))
            .add("errno", json::number(static_cast<std::uint64_t>(step->error)))
            .add("error", name == nullptr ? Json{} : json::text(name));
    }
    return failure;
}

int exit_status(const Report& report) {
    return report.ended ? report.ended->exit_status() : report.failed ? report.failed->exit_status() : 125;
}

Json value_of(const Report& report, Outcome::Kind kind) {
    return report.ended && report.ended->kind == kind ? json::integer(report.ended->value) : Json{};
}

}  // namespace

std::string reason(const Report& report) {
    if (!report.ended) {
        return "setup-failed";
    }
    if (report.ended->limit) {
        return std::string(spec::name(*report.ended->limit));
    }
    switch (report.ended->kind) {
        case Outcome::Kind::exited:
            return "exited";
        case Outcome::Kind::signaled:
            return "signaled";
        case Outcome::Kind::lost:
            break;
    }
    return "lost";
}

std::string write(const Report& report) {
    const Usage& usage = report.usage;
    Json object = json::object()
                      .add("version", json::number(schema_version))
                      .add("sandbox", json::text(version()))
                      .add("command", json::texts(report.command))
                      .add("name", report.name ? json::text(*report.name) : Json{})
                      .add("start", json::text(utc(report.start)))
                      .add("reason", json::text(reason(report)))
                      .add("exit", json::integer(exit_status(report)))
                      .add("status", value_of(report, Outcome::Kind::exited))
                      .add("signal", value_of(report, Outcome::Kind::signaled))
                      .add("failure", report.failed ? failure_json(*report.failed) : Json{})
                      .add("time", time_json(usage))
                      .add("memory", memory_json(usage))
                      .add("pids", usage.cgroup ? pids_json(*usage.cgroup) : Json{})
                      .add("io", usage.cgroup ? io_json(*usage.cgroup) : Json{})
                      .add("pressure", usage.cgroup ? pressure_json(*usage.cgroup) : Json{})
                      .add("limits", limits_json(report.limits, usage.cgroup || !report.limits.best_effort))
                      .add("setup", setup_json(report.setup));
    return json::write_json_lines(object);
}

}  // namespace sandbox::report

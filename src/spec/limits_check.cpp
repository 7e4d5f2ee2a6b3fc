#include "spec/limits_check.hpp"

#include "spec/escape.hpp"
#include "spec/limits.hpp"
#include "spec/numbers.hpp"

#include <sandbox/error.hpp>

#include <optional>
#include <string>
#include <utility>

namespace sandbox::spec {
namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& fix) {
    throw Error(what).with_fix(fix);
}

void check_range(const char* option, const std::optional<int>& value, int least, int most) {
    if (value && (*value < least || *value > most)) {
        throw Error(std::string(option) + ' ' + std::to_string(*value) + ": not within " + std::to_string(least) +
                    " and " + std::to_string(most));
    }
}

// Who owns a cgroup namespace can mount a cgroup's files writable, and they are the caller's, as root inside is.
void check_cgroup_limits(const Spec& spec) {
    const Limits& limits = spec.limits;
    if (limits.memory == std::uint64_t{0} || limits.pids == std::uint64_t{0}) {
        refuse(std::string(limits.memory ? "--memory" : "--pids") + ": nothing at all is left to the command",
               "leave it out for no limit");
    }
    if (limits.cpus && *limits.cpus < least_cpus) {
        refuse("--cpus " + cpus_text(*limits.cpus) + ": too little for anything to run", "0.01 is the least");
    }
    if (limits.io_weight && (*limits.io_weight == 0 || *limits.io_weight > most_io_weight)) {
        refuse("--io-weight " + std::to_string(*limits.io_weight) + ": not within 1 and 10000", "--io-weight 100");
    }
    if (limits.cpuset) {
        try {
            (void)parse_processors(*limits.cpuset);
        } catch (const BadValue& bad) {
            refuse("--cpuset " + escaped(*limits.cpuset) + ": " + bad.what(), bad.fix());
        }
    }
    if (!limits.need_cgroup()) {
        return;
    }
    if (spec.own.contains(Namespace::cgroup) || spec.allow_namespaces.contains(Namespace::cgroup)) {
        refuse(std::string(spec.own.contains(Namespace::cgroup) ? "--own" : "--allow-namespaces") +
                   " cgroup and limits of a cgroup: root inside could mount it and lift them",
               "leave cgroup out");
    }
}

}  // namespace

void check_limits(const Spec& spec) {
    const Limits& limits = spec.limits;
    for (const auto& [option, time] : {std::pair{"--timeout", limits.timeout}, {"--cpu-time", limits.cpu_time}}) {
        if (time && *time <= std::chrono::nanoseconds::zero()) {
            refuse(option + std::string(": no time at all is left to the command"), "leave it out for no limit");
        }
    }
    for (const auto& [resource, limit] : limits.resources) {
        if (limit.soft > limit.hard) {
            refuse("--rlimit " + text(resource, limit) + ": the soft limit is above the hard one",
                   "--rlimit NAME=SOFT:HARD");
        }
    }
    check_range("--nice", limits.nice, -20, 19);
    check_range("--oom-score", limits.oom_score, -1000, 1000);
    check_cgroup_limits(spec);
    if (limits.tmp_size == std::uint64_t{0}) {
        refuse("--tmp-size: a size of 0 would mean no limit to the kernel", "leave it out for half of the memory");
    }
    if (limits.tmp_size && spec.only) {
        refuse("--tmp-size and --only: --only shows the host's tree as it is, without private directories",
               "use one of the two");
    }
    if (limits.kill_after < std::chrono::nanoseconds::zero()) {
        throw Error("--kill-after: a time before the end is none after it");
    }
}

}  // namespace sandbox::spec

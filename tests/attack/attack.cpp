#include "attack/attack.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>

#include "attack/table.hpp"
#include "support/text.hpp"

namespace sandbox_attack {
namespace {

using sandbox_test::Result;

// As probe/attempt.h has them.
constexpr unsigned needs_root = 2;
constexpr unsigned needs_kernel = 4;

/// How each layer refuses.
const std::map<std::string, std::set<std::string>>& errnos_of_layers() {
    static const std::map<std::string, std::set<std::string>> errnos{
        {"ownership", {"EPERM", "EACCES", "EINVAL"}},
        {"quotas", {"ENOSPC"}},
        {"mounts",
         {"EROFS", "ENOENT", "EACCES", "EPERM", "EXDEV", "EBUSY", "ENODATA", "ENODEV", "ENOTDIR", "ENXIO", "EEXIST",
          "ECONNREFUSED", "ETXTBSY", "EINVAL"}},
        {"namespaces", {"ESRCH", "ENOENT", "ECONNREFUSED", "ENETUNREACH", "ENODEV", "EPERM", "EACCES", "ENOKEY"}},
        {"init", {"EPERM", "EACCES"}},
        {"limits", {"ENOSPC", "EAGAIN", "ENOMEM", "EMFILE", "EFBIG"}},
        {"environment", {"ENODATA"}},
        {"privileges", {"EPROTO"}},
        {"descriptors", {"EBADF", "ENOENT", "ENODATA"}},
    };
    return errnos;
}

Answers parse(const Result& result) {
    Answers answers;
    for (const std::string& line : sandbox_test::lines_of(result.out)) {
        std::vector<std::string> fields(1);
        for (const char letter : line) {
            if (letter == '\t') {
                fields.emplace_back();
            } else {
                fields.back() += letter;
            }
        }
        if (fields.size() != 5) {
            ADD_FAILURE() << "not a line of a probe: " << line << "\n" << result;
            return {};
        }
        answers.push_back(
            {fields[0], fields[1], fields[2], fields[3], static_cast<unsigned>(std::atoi(fields[4].c_str()))});
    }
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_FALSE(answers.empty()) << result;
    return answers;
}

// A host to the attack's liking: root of a mount namespace, as root of the machine a plain one.
std::vector<std::string> on_host(const std::string& script) {
    if (script.empty()) {
        return {};
    }
    std::vector<std::string> words{"unshare", "--mount", "--propagation", "private"};
    if (geteuid() != 0) {
        words.insert(words.end(), {"--user", "--map-root-user"});
    }
    words.insert(words.end(), {"--", "sh", "-ec", script + "\nexec \"$@\"", "sh"});
    return words;
}

Answers run_probe(const Probe& probe, const std::vector<std::string>& sandbox,
                  const std::vector<std::string>& arguments) {
    if (probe.prepare) {
        probe.prepare();
    }
    std::vector<std::string> words = on_host(probe.host);
    words.insert(words.end(), sandbox.begin(), sandbox.end());
    words.push_back(sandbox_test::probe(probe.program));
    words.insert(words.end(), arguments.begin(), arguments.end());
    return parse(sandbox_test::run(words, probe.run));
}

Answers run_outside(const Probe& probe, const std::string& ground) {
    std::vector<std::string> arguments = probe.outside.empty() ? probe.arguments : probe.outside;
    arguments.push_back("ground=" + ground);
    return run_probe(probe, {}, arguments);
}

Answers run_inside(const Probe& probe, const Setting& setting) {
    std::vector<std::string> words{probe.binary.empty() ? sandbox_test::sandbox_binary() : probe.binary, "--ro",
                                   sandbox_test::given("SANDBOX_PROBES")};
    words.insert(words.end(), probe.run.sandbox.begin(), probe.run.sandbox.end());
    words.insert(words.end(), setting.options.begin(), setting.options.end());
    words.emplace_back("--");
    Answers answers = run_probe(probe, words, probe.arguments);
    if (probe.judge) {
        probe.judge(answers);
    }
    return answers;
}

/// Everything known about the attempts of a probe.
struct Measured {
    std::vector<Answers> outside;
    std::vector<Answers> inside;  ///< one for each setting

    [[nodiscard]] bool complete() const {
        const auto same_length = [this](const Answers& answers) { return answers.size() == inside[0].size(); };
        return !inside[0].empty() && std::all_of(inside.begin(), inside.end(), same_length) &&
               std::all_of(outside.begin(), outside.end(), same_length);
    }
    [[nodiscard]] bool works(std::size_t attempt) const {
        return inside.back()[attempt].succeeded() ||
               std::any_of(outside.begin(), outside.end(),
                           [attempt](const Answers& answers) { return answers[attempt].succeeded(); });
    }
    // Outside nothing stands before the kernel, and inside the filter does.
    [[nodiscard]] bool filter_shows(std::size_t attempt) const {
        return inside[0][attempt].filtered() &&
               std::any_of(outside.begin(), outside.end(),
                           [attempt](const Answers& answers) { return answers[attempt].filter == "passes"; });
    }
    [[nodiscard]] bool answers_differ(std::size_t attempt, bool Setting::*layer) const {
        for (std::size_t one = 0; one < inside.size(); ++one) {
            for (std::size_t other = 0; other < inside.size(); ++other) {
                Setting switched = settings()[one];
                switched.*layer = !(switched.*layer);
                const Setting& candidate = settings()[other];
                if (switched.seccomp == candidate.seccomp && switched.landlock == candidate.landlock &&
                    inside[one][attempt].answer != inside[other][attempt].answer) {
                    return true;
                }
            }
        }
        return false;
    }
};

void expect_valid(const Answers& answers, const std::string& where, bool filtered) {
    for (const Answer& answer : answers) {
        for (const char* broken : {"hangs", "?", "ENOMSG", "ENOTRECOVERABLE"}) {
            EXPECT_NE(answer.answer, broken) << answer.attempt << ", " << where;
            EXPECT_NE(answer.filter, broken) << answer.attempt << ", " << where;
        }
        EXPECT_FALSE(answer.answer.starts_with("signal ") || answer.filter.starts_with("signal "))
            << answer.attempt << ", " << where << ": ended by " << answer.answer << ", " << answer.filter;
        EXPECT_TRUE(filtered || !answer.filtered())
            << answer.attempt << ", " << where << ": no filter says " << answer.filter;
    }
}

/// Says that an attempt cannot be shown to work, and whether that is to be expected.
void report_without_control(const Answer& answer, const std::string& id) {
    const bool excused = ((answer.flags & needs_root) != 0 && geteuid() != 0) || (answer.flags & needs_kernel) != 0;
    if (excused) {
        std::cout << id << ": not tried here, as it works nowhere: " << answer.attempt << "\n";
    } else {
        ADD_FAILURE() << id << ": " << answer.attempt << ": no control: it succeeds nowhere, so it shows nothing";
    }
}

void expect_errno_of_layer(const Answer& answer) {
    const auto errnos = errnos_of_layers().find(answer.layer);
    if (!answer.succeeded() && errnos != errnos_of_layers().end()) {
        EXPECT_TRUE(errnos->second.contains(answer.answer))
            << answer.attempt << ": " << answer.answer << " is nothing that " << answer.layer << " would say";
    }
}

std::vector<Setting> with_ids_of_this_run(std::vector<Setting> settings) {
    for (Setting& setting : settings) {
        const std::vector<std::string> ids = sandbox_test::ids_of_this_run(setting.options);
        setting.options.insert(setting.options.end(), ids.begin(), ids.end());
    }
    return settings;
}

}  // namespace

const std::vector<Setting>& settings() {
    static const std::vector<Setting> all = with_ids_of_this_run({
        {"by default", "", true, true, {}},
        {"without the filter", "\\-S", false, true, {"--seccomp", "none"}},
        {"without Landlock", "\\-L", true, false, {"--landlock", "none"}},
        {"without both", "\\-SL", false, false, {"--seccomp", "none", "--landlock", "none"}},
    });
    return all;
}

void Attack::make(const Probe& probe) {
    Measured measured;
    for (const char* ground : {"own", "plain"}) {
        if (probe.ground.find(ground) != std::string::npos) {
            measured.outside.push_back(run_outside(probe, ground));
            expect_valid(measured.outside.back(), std::string("outside, ") + ground, false);
        }
    }
    for (const Setting& setting : settings()) {
        measured.inside.push_back(run_inside(probe, setting));
        expect_valid(measured.inside.back(), setting.name, setting.seccomp);
    }
    ASSERT_TRUE(measured.complete()) << id_ << ": not every run made every attempt";

    for (std::size_t attempt = 0; attempt < measured.inside[0].size(); ++attempt) {
        const Answer& by_default = measured.inside[0][attempt];
        SCOPED_TRACE(id_ + ": " + by_default.attempt);
        EXPECT_FALSE(by_default.succeeded()) << "succeeds under the default";
        Finding finding{id_, title_, by_default.attempt, by_default.layer, false, false};
        finding.seccomp = by_default.filtered() || measured.answers_differ(attempt, &Setting::seccomp);
        finding.landlock = measured.answers_differ(attempt, &Setting::landlock);
        if (measured.works(attempt)) {
            // What the host refuses by a setting of its own, though not to root outside, the filter refuses all the
            // same.
            const bool host_may_refuse = (by_default.flags & needs_kernel) != 0 && measured.filter_shows(attempt);
            for (std::size_t i = 0; i < settings().size(); ++i) {
                const Answer& answer = measured.inside[i][attempt];
                const bool opens = finding.opens(settings()[i]);
                EXPECT_TRUE(answer.succeeded() == opens || (opens && host_may_refuse))
                    << settings()[i].name << ": " << answer.answer;
            }
            expect_errno_of_layer(measured.inside.back()[attempt]);
        } else if (!measured.filter_shows(attempt)) {
            report_without_control(by_default, id_);
        }
        record(finding);
    }
}

void Attack::make(const std::string& attempt, const std::string& layer,
                  const std::function<bool(const Setting&)>& succeeds) {
    std::vector<bool> open;
    for (const Setting& setting : settings()) {
        SCOPED_TRACE(id_ + ": " + attempt + ", " + setting.name);
        open.push_back(succeeds(setting));
    }
    SCOPED_TRACE(id_ + ": " + attempt);
    EXPECT_FALSE(open.front()) << "succeeds under the default";
    Finding finding{id_, title_, attempt, layer, false, false};
    for (std::size_t i = 0; i < open.size(); ++i) {
        finding.seccomp = finding.seccomp || (open[i] && settings()[i].landlock);
        finding.landlock = finding.landlock || (open[i] && settings()[i].seccomp);
    }
    EXPECT_EQ(open.back(), layer.empty()) << "with all of them off";
    record(finding);
}

}  // namespace sandbox_attack

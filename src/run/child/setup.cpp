// The setup child: executes the plan's steps in order and reports the first that fails. See child.hpp for the rules.
#include "run/child/steps.hpp"
#include "spec/namespaces.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>
#include <ctime>
#include <utility>

#include <sys/stat.h>

namespace sandbox::run {
namespace {

std::int64_t now() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void send(const InitProgram& program, const Report& report) noexcept {
    // A launcher that is gone cannot be told; init notices its death.
    [[maybe_unused]] const ssize_t written = ::write(program.report, &report, sizeof report);
}

// std::visit could throw; this cannot.
template <std::size_t... Index>
int dispatch(SetupState& state, const plan::Step& step, std::index_sequence<Index...>) noexcept {
    int error = EINVAL;
    ((step.index() == Index ? (error = execute(state, *std::get_if<Index>(&step)), true) : false) || ...);
    return error;
}

int execute_step(SetupState& state, const plan::Step& step) noexcept {
    return dispatch(state, step, std::make_index_sequence<std::variant_size_v<plan::Step>>{});
}

// The inodes are final once the guest user namespace is entered; the fresh /proc has them.
void report_inodes(const InitProgram& program) noexcept {
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        char path[32] = "/proc/self/ns/";
        std::size_t length = 14;
        for (const char* name = row.name; *name != '\0'; ++name) {
            path[length++] = *name;
        }
        struct stat entry {};
        if (::stat(path, &entry) == 0) {
            Report report;
            report.kind = Report::Kind::inode;
            report.step = static_cast<std::uint32_t>(row.kind);
            report.value = static_cast<std::int64_t>(entry.st_ino);
            send(program, report);
        }
    }
}

}  // namespace

void run_setup(const InitProgram& program, const SetupContext& context) noexcept {
    // The plan's modes are meant as they are written; the command gets the caller's umask back.
    SetupState state{program, ::umask(0), context};
    std::int64_t before = program.trace ? now() : 0;
    for (std::size_t index = 0; index < program.step_count; ++index) {
        const plan::Step& step = program.steps[index];
        Report report;
        report.step = static_cast<std::uint32_t>(index);
        if (std::holds_alternative<plan::Execute>(step) && index != program.fault_step) {
            if (program.inodes) {
                report_inodes(program);
            }
            report.kind = Report::Kind::executing;
            send(program, report);
        }
        report.error = index == program.fault_step ? program.fault_error : execute_step(state, step);
        if (report.error != 0) {
            report.kind = Report::Kind::failed;
            send(program, report);
            ::_exit(125);
        }
        if (program.trace) {
            const std::int64_t after = now();
            report.kind = Report::Kind::step_done;
            report.value = after - before;
            before = after;
            send(program, report);
        }
    }
    ::_exit(125);
}

}  // namespace sandbox::run

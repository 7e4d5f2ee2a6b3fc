// The command's filters, for both machines, whichever builds: to be run instruction by instruction.
#pragma once

#include "plan/filter.hpp"
#include "seccomp/arguments.hpp"
#include "seccomp/compile.hpp"
#include "seccomp/compiled.hpp"
#include "seccomp/machine.hpp"
#include "unit/planning.hpp"

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <seccomp.h>

namespace sandbox::seccomp {

/// Arguments of system calls.
using Values = std::initializer_list<std::uint64_t>;
inline constexpr std::uint64_t high = std::uint64_t{1} << 32;
inline constexpr std::uint32_t allowed = SECCOMP_RET_ALLOW;
constexpr std::uint32_t error(int number) {
    return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(number);
}

inline std::vector<std::string> words(const std::string& text) {
    std::istringstream stream(text);
    return {std::istream_iterator<std::string>(stream), {}};
}

/// -1 where the machine has no such call, or libseccomp does not know it.
inline int number_of(const ArchitectureRow& machine, const std::string& name) {
    const int number = seccomp_syscall_resolve_name_arch(machine.token, name.c_str());
    return number < 0 ? -1 : number;
}

using Ask = std::function<void(Spec&)>;

/// The command's filter on one of the machines.
class Filter {
  public:
    Filter(const ArchitectureRow& machine, const Ask& ask, const test::FakeHost& host = test::FakeHost())
        : machine_(machine) {
        Spec spec = test::default_spec();
        ask(spec);
        const plan::Plan plan = test::plan_for(spec, host);
        program_ = std::get<plan::Seccomp>(*std::ranges::find_if(plan.steps, [](const plan::Step& step) {
                       return std::holds_alternative<plan::Seccomp>(step);
                   })).program;
        if (machine.architecture != native_architecture) {
            // The same for the other machine.
            const auto of = [&](const ArchitectureRow& one) {
                return check_arguments(one.architecture, plan::filter_arguments(plan, spec));
            };
            const std::size_t head = of(row(native_architecture)).size();
            const Program numbers(program_.begin() + static_cast<std::ptrdiff_t>(head), program_.end());
            program_ = of(machine);
            const Program other = counterpart(numbers);
            program_.insert(program_.end(), other.begin(), other.end());
        }
    }

    [[nodiscard]] std::uint32_t by_number(std::uint32_t number, std::initializer_list<std::uint64_t> arguments = {},
                                          std::uint32_t token = 0) const {
        seccomp_data data{};
        data.nr = static_cast<int>(number);
        data.arch = token == 0 ? machine_.token : token;
        std::ranges::copy(arguments, data.args);
        const auto answer = run_filter(program_, data);
        EXPECT_TRUE(answer) << "the kernel would not take it";
        return answer.value_or(0);
    }
    [[nodiscard]] std::uint32_t operator()(const std::string& name,
                                           std::initializer_list<std::uint64_t> arguments = {}) const {
        const int number = number_of(machine_, name);
        EXPECT_GE(number, 0) << name;
        return by_number(static_cast<std::uint32_t>(number), arguments);
    }
    [[nodiscard]] const ArchitectureRow& machine() const { return machine_; }
    [[nodiscard]] std::size_t size() const { return program_.size(); }

  private:
    static std::span<const Compiled> all(Architecture architecture) {
        return architecture == Architecture::x86_64 ? std::span<const Compiled>(compiled::x86_64)
                                                    : std::span<const Compiled>(compiled::aarch64);
    }
    /// What libseccomp made for the other machine of the same lists.
    static Program counterpart(const Program& numbers) {
        const auto mine = all(native_architecture);
        const auto other =
            all(native_architecture == Architecture::x86_64 ? Architecture::aarch64 : Architecture::x86_64);
        for (const Compiled& one : mine) {
            if (std::ranges::equal(one.program, numbers, [](const sock_filter& a, const sock_filter& b) {
                    return a.code == b.code && a.jt == b.jt && a.jf == b.jf && a.k == b.k;
                })) {
                for (const Compiled& candidate : other) {
                    if (candidate.profile == one.profile && candidate.opened == one.opened) {
                        return {candidate.program.begin(), candidate.program.end()};
                    }
                }
            }
        }
        ADD_FAILURE() << "not a program that was compiled when this was built";
        return {};
    }

    const ArchitectureRow& machine_;
    Program program_;
};

inline void on_both(const Ask& ask, const std::function<void(const Filter&)>& check) {
    for (const ArchitectureRow& machine : architecture_table) {
        SCOPED_TRACE(machine.name);
        check(Filter(machine, ask));
    }
}
inline void by_default(const std::function<void(const Filter&)>& check) {
    on_both([](Spec&) {}, check);
}

inline void expect_all(const Filter& filter, const std::string& names, std::uint32_t answer) {
    for (const std::string& name : words(names)) {
        const int number = number_of(filter.machine(), name);
        if (number >= 0) {
            EXPECT_EQ(filter.by_number(static_cast<std::uint32_t>(number)), answer) << name;
        }
    }
}

inline const std::string mount_calls =
    "mount umount2 pivot_root mount_setattr move_mount open_tree fsopen fsconfig fsmount fspick";

}  // namespace sandbox::seccomp

// A container's profile of system calls, which anybody may have written: to a value, and on to a program of the
// kernel's.
#include "fuzz/fuzz.hpp"

#include "seccomp/compile_profile.hpp"
#include "seccomp/machine.hpp"
#include "seccomp/profile.hpp"

#include <cstdint>
#include <string>
#include <system_error>

namespace sandbox_fuzz {

void profile(std::string_view text) {
    using namespace sandbox::seccomp;
    OciProfile read;
    std::string why;
    const bool taken = accepts<BadProfile>([&] {
        try {
            read = parse_profile(text);
        } catch (const BadProfile& bad) {
            why = bad.what();
            throw;
        }
    });
    if (!taken) {
        must(why.starts_with("line "), "a refusal says where");
        return;
    }
    for (const Rule& rule : read.rules) {
        must(!rule.names.empty() && rule.line != 0, "a rule names calls, and where it stands");
        must(rule.action.error <= 4095, "an errno that the kernel gives");
        for (const Condition& condition : rule.conditions) {
            must(condition.argument < 6, "a call has six arguments");
        }
    }
    const OciProfile here = profile_for(read, "amd64", {"CAP_CHOWN"}, {5, 15});
    must(here.rules.size() <= read.rules.size(), "rules only go");
    CompiledProfile compiled;
    // libseccomp refuses some that contradict each other.
    const bool made = accepts<BadProfile>(
        [&] { (void)accepts<std::system_error>([&] { compiled = compile(native_architecture, here); }); });
    if (!made || compiled.program.empty()) {
        return;
    }
    for (std::uint32_t number = 0; number < 500; number += 7) {
        seccomp_data data{};
        data.nr = static_cast<int>(number);
        data.arch = row(native_architecture).token;
        must(run_filter(compiled.program, data).has_value(), "a program that the kernel takes");
    }
}

}  // namespace sandbox_fuzz

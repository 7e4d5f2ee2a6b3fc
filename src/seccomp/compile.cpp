#include "seccomp/compile.hpp"

#include "seccomp/machine.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <type_traits>

#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

namespace sandbox::seccomp {
namespace {

using Filter = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, decltype(&seccomp_release)>;

// libseccomp returns negated error numbers.
void check(int result, const char* what) {
    if (result < 0) {
        throw std::system_error(-result, std::generic_category(), std::string("libseccomp: ") + what);
    }
}

void add(const Filter& filter, std::uint32_t action, const std::vector<std::string_view>& names) {
    for (const std::string_view name : names) {
        // A number of this machine, or libseccomp's own for a call that only others have; it translates both.
        const int number = seccomp_syscall_resolve_name(std::string(name).c_str());
        if (number != __NR_SCMP_ERROR) {
            check(seccomp_rule_add(filter.get(), action, number, 0), "seccomp_rule_add");
        }
    }
}

/// What libseccomp writes to a file: before 2.6 there is no other way.
Program exported(const Filter& filter) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(::fdopen(::memfd_create("seccomp", MFD_CLOEXEC), "w+"),
                                                               &std::fclose);
    if (!file) {
        throw std::system_error(errno, std::generic_category(), "memfd_create");
    }
    const int descriptor = ::fileno(file.get());
    check(seccomp_export_bpf(filter.get(), descriptor), "seccomp_export_bpf");
    const off_t size = ::lseek(descriptor, 0, SEEK_END);
    Program program(size < 0 ? 0 : static_cast<std::size_t>(size) / sizeof(sock_filter));
    const std::size_t bytes = program.size() * sizeof(sock_filter);
    if (bytes == 0 || ::pread(descriptor, program.data(), bytes, 0) != static_cast<ssize_t>(bytes)) {
        throw std::system_error(EIO, std::generic_category(), "seccomp_export_bpf");
    }
    return program;
}

/// Numbers from `first` on, up to the next range, get `answer`.
struct Range {
    std::uint32_t first;
    std::uint32_t answer;
};

// All numbers that there are, and as many again for those that come.
constexpr std::uint32_t numbers = 2048;

std::vector<Range> ranges_of(const ArchitectureRow& machine, const Program& program) {
    std::vector<Range> ranges;
    for (std::uint32_t number = 0; number < numbers; ++number) {
        seccomp_data data{};
        data.nr = static_cast<int>(number);
        data.arch = machine.token;
        const std::optional<std::uint32_t> answer = run_filter(program, data);
        if (!answer) {
            throw std::system_error(EINVAL, std::generic_category(), "libseccomp: not a program");
        }
        if (ranges.empty() || ranges.back().answer != *answer) {
            ranges.push_back({number, *answer});
        }
    }
    return ranges;
}

/// Half of the ranges on each side of every comparison.
Program search(std::span<const Range> ranges) {
    if (ranges.size() == 1) {
        return {{BPF_RET | BPF_K, 0, 0, ranges.front().answer}};
    }
    const std::size_t half = ranges.size() / 2;
    const Program lower = search(ranges.first(half));
    const Program upper = search(ranges.subspan(half));
    const auto over = static_cast<std::uint32_t>(lower.size());
    Program program;
    // A conditional jump goes over 255 instructions at most.
    if (over <= 255) {
        program.push_back({BPF_JMP | BPF_JGE | BPF_K, static_cast<std::uint8_t>(over), 0, ranges[half].first});
    } else {
        program.push_back({BPF_JMP | BPF_JGE | BPF_K, 0, 1, ranges[half].first});
        program.push_back({BPF_JMP | BPF_JA, 0, 0, over});
    }
    for (const Program* part : {&lower, &upper}) {
        for (const sock_filter& line : *part) {
            program.push_back(line);
        }
    }
    return program;
}

/// The same answers by ranges of numbers. The kernel compiles a filter at every start: for the 450 instructions that
/// libseccomp makes of one number each it takes 0.1 ms more than for these 120 (measured).
Program shortened(const ArchitectureRow& machine, const Program& program) {
    Program result{{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)}};
    for (const sock_filter& line : search(ranges_of(machine, program))) {
        result.push_back(line);
    }
    return result;
}

}  // namespace

Program compile(Architecture architecture, const Calls& calls) {
    constexpr std::uint32_t unknown = SCMP_ACT_ERRNO(ENOSYS);
    const Filter filter(seccomp_init(unknown), &seccomp_release);
    if (!filter) {
        throw std::system_error(ENOMEM, std::generic_category(), "libseccomp: seccomp_init");
    }
    const std::uint32_t wanted = row(architecture).token;
    if (seccomp_arch_native() != wanted) {
        check(seccomp_arch_add(filter.get(), wanted), "seccomp_arch_add");
        check(seccomp_arch_remove(filter.get(), seccomp_arch_native()), "seccomp_arch_remove");
    }
    check(seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, unknown), "SCMP_FLTATR_ACT_BADARCH");
    add(filter, SCMP_ACT_ALLOW, calls.allowed);
    add(filter, SCMP_ACT_ERRNO(EPERM), calls.refused);
    return shortened(row(architecture), exported(filter));
}

}  // namespace sandbox::seccomp

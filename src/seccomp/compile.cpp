#include "seccomp/compile.hpp"

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>

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
    // A binary tree: some ten comparisons instead of some hundred for a call that the kernel asks the filter about.
    check(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "SCMP_FLTATR_CTL_OPTIMIZE");
    add(filter, SCMP_ACT_ALLOW, calls.allowed);
    add(filter, SCMP_ACT_ERRNO(EPERM), calls.refused);
    return exported(filter);
}

}  // namespace sandbox::seccomp

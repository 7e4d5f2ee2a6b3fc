#include "seccomp/library.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string>
#include <system_error>

#include <sys/mman.h>
#include <unistd.h>

namespace sandbox::seccomp {

void check(int result, const char* what) {
    if (result < 0) {
        throw std::system_error(-result, std::generic_category(), std::string("libseccomp: ") + what);
    }
}

Filter make_filter(Architecture architecture, std::uint32_t otherwise) {
    Filter filter(seccomp_init(otherwise), &seccomp_release);
    if (!filter) {
        throw std::system_error(ENOMEM, std::generic_category(), "libseccomp: seccomp_init");
    }
    const std::uint32_t wanted = row(architecture).token;
    if (seccomp_arch_native() != wanted) {
        check(seccomp_arch_add(filter.get(), wanted), "seccomp_arch_add");
        check(seccomp_arch_remove(filter.get(), seccomp_arch_native()), "seccomp_arch_remove");
    }
    check(seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)), "SCMP_FLTATR_ACT_BADARCH");
    return filter;
}

// Before libseccomp 2.6 there is no other way than to have it written to a file.
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

}  // namespace sandbox::seccomp

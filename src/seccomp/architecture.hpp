// The two machines that filters are made for, and the numbers of the calls of which the arguments count. Both are known
// in every build: the tests hold both filters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <linux/audit.h>
#include <sys/syscall.h>

namespace sandbox::seccomp {

enum class Architecture : std::uint8_t { x86_64, aarch64 };

struct ArchitectureRow {
    Architecture architecture;
    const char* name;
    std::uint32_t token;  ///< AUDIT_ARCH_*, as seccomp_data has it
    /// Numbers from here on are of another table: x32's on x86_64, which would slip past every comparison.
    std::uint32_t foreign_numbers;
    std::uint32_t ioctl;
    std::uint32_t clone;
    std::uint32_t unshare;
    std::uint32_t socket;
    std::uint32_t socketpair;
    std::uint32_t personality;
    std::uint32_t keyctl;
};

/// Rows in the order of the enum.
inline constexpr std::array<ArchitectureRow, 2> architecture_table{{
    {Architecture::x86_64, "x86_64", AUDIT_ARCH_X86_64, 0x40000000U, 16, 56, 272, 41, 53, 135, 250},
    {Architecture::aarch64, "aarch64", AUDIT_ARCH_AARCH64, 0x80000000U, 29, 220, 97, 198, 199, 92, 219},
}};

#if defined(__x86_64__)
inline constexpr Architecture native_architecture = Architecture::x86_64;
#elif defined(__aarch64__)
inline constexpr Architecture native_architecture = Architecture::aarch64;
#else
#error "the seccomp filters know x86_64 and aarch64"
#endif

constexpr const ArchitectureRow& row(Architecture architecture) {
    return architecture_table[static_cast<std::size_t>(architecture)];
}

static_assert(row(native_architecture).ioctl == SYS_ioctl && row(native_architecture).clone == SYS_clone &&
              row(native_architecture).unshare == SYS_unshare && row(native_architecture).socket == SYS_socket &&
              row(native_architecture).socketpair == SYS_socketpair &&
              row(native_architecture).personality == SYS_personality && row(native_architecture).keyctl == SYS_keyctl);

}  // namespace sandbox::seccomp

// libseccomp in C++: what both compilers of filters need of it.
#pragma once

#include "seccomp/architecture.hpp"
#include "seccomp/compile.hpp"

#include <cstdint>
#include <memory>
#include <type_traits>

#include <seccomp.h>

namespace sandbox::seccomp {

using Filter = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, decltype(&seccomp_release)>;

/// Throws std::system_error for what libseccomp returned, a negated error number.
void check(int result, const char* what);

/// A filter for one machine alone, whose answer to what has no rule is `otherwise`; the calls of other machines get
/// ENOSYS. Throws std::system_error.
[[nodiscard]] Filter make_filter(Architecture architecture, std::uint32_t otherwise);

/// The program that it comes to. Throws std::system_error.
[[nodiscard]] Program exported(const Filter& filter);

}  // namespace sandbox::seccomp

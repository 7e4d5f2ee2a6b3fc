#include "seccomp/names.hpp"

#include <string>

#include <seccomp.h>

namespace sandbox::seccomp {

std::vector<std::string_view> calls_named(std::string_view word) {
    if (word.starts_with('@')) {
        return calls_of_group(word.substr(1));
    }
    const std::string name(word);
    // A NUL byte would end the name before its end.
    const bool known =
        name.find('\0') == std::string::npos && seccomp_syscall_resolve_name(name.c_str()) != __NR_SCMP_ERROR;
    return known ? std::vector{word} : std::vector<std::string_view>{};
}

}  // namespace sandbox::seccomp

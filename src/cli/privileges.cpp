// See privileges.hpp.
#include "cli/privileges.hpp"

#include <sandbox/error.hpp>

#include <string>

#include <sys/auxv.h>
#include <unistd.h>

namespace sandbox::cli {

void refuse_given_privileges() {
    std::string how;
    if (::getuid() != ::geteuid()) {
        how = "set-user-ID: " + std::to_string(::getuid()) + " runs it as " + std::to_string(::geteuid());
    } else if (::getgid() != ::getegid()) {
        how = "set-group-ID: group " + std::to_string(::getgid()) + " runs it as " + std::to_string(::getegid());
    } else if (::getauxval(AT_SECURE) != 0) {
        how = "AT_SECURE: by file capabilities or a security module";
    } else {
        return;
    }
    throw Error("refusing to run with privileges that the caller has not got (" + how + ")")
        .with_fix("chmod ug-s and setcap -r the binary: sandbox needs no privileges");
}

}  // namespace sandbox::cli

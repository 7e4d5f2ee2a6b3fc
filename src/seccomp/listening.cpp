#include "seccomp/listening.hpp"

#include <cstddef>
#include <cstdint>

#include <linux/seccomp.h>
#include <sys/syscall.h>

namespace sandbox::seccomp {
namespace {

constexpr sock_filter load_number{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)};
constexpr sock_filter let_through{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};

// By the number alone, whatever table it is of: the other program says of exactly the same ones what they get.
constexpr sock_filter is(long number, std::uint8_t when_true, std::uint8_t when_false) {
    return {BPF_JMP | BPF_JEQ | BPF_K, when_true, when_false, static_cast<std::uint32_t>(number)};
}

bool fails(const sock_filter& line) {
    return line.code == (BPF_RET | BPF_K) && (line.k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
}

}  // namespace

Listening listening(const Program& program) {
    Listening result;
    result.told = {load_number, is(SYS_sendmsg, 1, 0), is(SYS_seccomp, 0, 1), let_through};
    result.rest = {load_number, is(SYS_sendmsg, 2, 0), is(SYS_seccomp, 1, 0), let_through};
    for (const sock_filter& line : program) {
        result.told.push_back(fails(line) ? sock_filter{line.code, 0, 0, SECCOMP_RET_USER_NOTIF} : line);
        result.rest.push_back(line);
    }
    return result;
}

}  // namespace sandbox::seccomp

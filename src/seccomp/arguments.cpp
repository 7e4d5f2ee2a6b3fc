#include "seccomp/arguments.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#include <asm/ioctls.h>
#include <linux/keyctl.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/socket.h>

namespace sandbox::seccomp {
namespace {

constexpr sock_filter statement(unsigned code, std::uint32_t value) {
    return {static_cast<std::uint16_t>(code), 0, 0, value};
}
constexpr sock_filter load(std::size_t offset) {
    return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
// Both machines are little-endian: the low word comes first.
constexpr sock_filter load_low(unsigned argument) {
    return load(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));
}
constexpr sock_filter load_high(unsigned argument) {
    return load(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t) + sizeof(std::uint32_t));
}
constexpr sock_filter refuse(int error) {
    return statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error));
}
constexpr sock_filter jump(unsigned comparison, std::uint32_t value, std::size_t when_true, std::size_t when_false) {
    return {static_cast<std::uint16_t>(BPF_JMP | BPF_K | comparison), static_cast<std::uint8_t>(when_true),
            static_cast<std::uint8_t>(when_false), value};
}

void append(Program& program, const Program& lines) {
    for (const sock_filter& line : lines) {
        program.push_back(line);
    }
}

/// What is none of `values` runs on, the others leave the body by its end, `behind` lines further on.
void leave_if_any(Program& body, const std::vector<std::uint32_t>& values, std::size_t behind) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        body.push_back(jump(BPF_JEQ, values[i], values.size() - 1 - i + behind, 0));
    }
}

// Input faked into the terminal; its line discipline. TIOCSETD loads kernel modules.
Program terminal_body() {
    Program body{load_low(1)};
    for (const std::uint32_t command : {TIOCSTI, TIOCLINUX, TIOCSETD}) {
        append(body, {jump(BPF_JEQ, command, 0, 1), refuse(EPERM)});
    }
    return body;
}

Program namespaces_body(std::uint32_t refused) {
    return {load_low(0), jump(BPF_JSET, refused, 0, 1), refuse(EPERM)};
}

Program sockets_body(const Arguments& arguments) {
    std::vector<std::uint32_t> plain = arguments.families;
    const bool netlink = std::erase(plain, AF_NETLINK) != 0;
    constexpr std::uint32_t type_mask = 0xf;  // above it stand SOCK_NONBLOCK and SOCK_CLOEXEC
    constexpr std::uint32_t sock_packet = 10;
    Program body;
    if (std::ranges::find(plain, AF_PACKET) == plain.end()) {
        // socket(AF_INET, SOCK_PACKET) is one of AF_PACKET: the kernel keeps the spelling of Linux 2.0.
        append(body, {load_low(1), statement(BPF_ALU | BPF_AND | BPF_K, type_mask), jump(BPF_JEQ, sock_packet, 0, 1),
                      refuse(EAFNOSUPPORT)});
    }
    body.push_back(load_low(0));
    const std::size_t protocol_lines = netlink ? arguments.protocols.size() + 3 : 0;
    leave_if_any(body, plain, protocol_lines + 1);
    if (netlink) {
        body.push_back(jump(BPF_JEQ, AF_NETLINK, 1, 0));
    }
    body.push_back(refuse(EAFNOSUPPORT));
    if (netlink) {
        body.push_back(load_low(2));
        leave_if_any(body, arguments.protocols, 1);
        body.push_back(refuse(EPROTONOSUPPORT));
    }
    return body;
}

// What setarch(8), debuggers and test suites ask for: 32-bit names for uname(2), no randomisation of addresses, the
// question what it is. Not those that bring back old holes (READ_IMPLIES_EXEC, MMAP_PAGE_ZERO) or other systems' calls.
Program personality_body() {
    constexpr std::uint32_t machine = PER_LINUX32;
    constexpr std::uint32_t question = 0xffffffff;
    const std::vector<std::uint32_t> harmless{
        PER_LINUX, machine, UNAME26, machine | UNAME26, ADDR_NO_RANDOMIZE, machine | ADDR_NO_RANDOMIZE, question};
    Program body{load_low(0)};
    leave_if_any(body, harmless, 1);
    body.push_back(refuse(EPERM));
    return body;
}

// An anonymous keyring in place of the caller's: it gives nothing.
Program keyring_body() {
    return {load_low(0),
            jump(BPF_JEQ, KEYCTL_JOIN_SESSION_KEYRING, 0, 5),
            load_low(1),
            jump(BPF_JEQ, 0, 0, 3),
            load_high(1),
            jump(BPF_JEQ, 0, 0, 1),
            statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
}

}  // namespace

Program check_arguments(Architecture architecture, const Arguments& arguments) {
    const ArchitectureRow& machine = row(architecture);
    std::vector<std::pair<std::uint32_t, Program>> bodies;
    bodies.emplace_back(machine.ioctl, terminal_body());
    if (arguments.refused_namespaces != 0) {
        // In clone's flags the bit of the time namespace belongs to the exit signal.
        bodies.emplace_back(machine.clone, namespaces_body(arguments.refused_namespaces & ~std::uint32_t{CSIGNAL}));
        bodies.emplace_back(machine.unshare, namespaces_body(arguments.refused_namespaces));
    }
    if (arguments.check_sockets) {
        const Program body = sockets_body(arguments);
        bodies.emplace_back(machine.socket, body);
        bodies.emplace_back(machine.socketpair, body);
    }
    if (arguments.check_personality) {
        bodies.emplace_back(machine.personality, personality_body());
    }
    if (arguments.new_session_keyring) {
        bodies.emplace_back(machine.keyctl, keyring_body());
    }

    Program program{load(offsetof(seccomp_data, arch)), jump(BPF_JEQ, machine.token, 1, 0),           refuse(ENOSYS),
                    load(offsetof(seccomp_data, nr)),   jump(BPF_JGE, machine.foreign_numbers, 0, 1), refuse(ENOSYS)};
    std::vector<std::size_t> ends;
    for (const auto& [number, body] : bodies) {
        program.push_back(jump(BPF_JEQ, number, 0, body.size() + 1));
        append(program, body);
        ends.push_back(program.size());
        program.push_back(statement(BPF_JMP | BPF_JA, 0));
    }
    for (const std::size_t end : ends) {
        program[end].k = static_cast<std::uint32_t>(program.size() - end - 1);
    }
    return program;
}

}  // namespace sandbox::seccomp

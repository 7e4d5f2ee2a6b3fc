// The kernel's machine for seccomp filters (bpf(4), the classic one), as far as programs here use it: runs a filter on
// a system call that nobody makes.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include <linux/filter.h>
#include <linux/seccomp.h>

namespace sandbox::seccomp {

/// What the filter answers (SECCOMP_RET_*); none if the kernel would not have taken the program.
[[nodiscard]] inline std::optional<std::uint32_t> run_filter(std::span<const sock_filter> program,
                                                             const seccomp_data& data) {
    std::uint32_t accumulator = 0;
    for (std::size_t at = 0; at < program.size(); ++at) {
        const sock_filter& line = program[at];
        switch (line.code) {
            case BPF_LD | BPF_W | BPF_ABS:
                if (line.k % sizeof accumulator != 0 || line.k + sizeof accumulator > sizeof data) {
                    return std::nullopt;
                }
                std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + line.k, sizeof accumulator);
                break;
            case BPF_ALU | BPF_AND | BPF_K:
                accumulator &= line.k;
                break;
            case BPF_JMP | BPF_JA:
                at += line.k;
                break;
            case BPF_JMP | BPF_JEQ | BPF_K:
                at += accumulator == line.k ? line.jt : line.jf;
                break;
            case BPF_JMP | BPF_JGT | BPF_K:
                at += accumulator > line.k ? line.jt : line.jf;
                break;
            case BPF_JMP | BPF_JGE | BPF_K:
                at += accumulator >= line.k ? line.jt : line.jf;
                break;
            case BPF_JMP | BPF_JSET | BPF_K:
                at += (accumulator & line.k) != 0 ? line.jt : line.jf;
                break;
            case BPF_RET | BPF_K:
                return line.k;
            default:
                return std::nullopt;
        }
    }
    return std::nullopt;
}

}  // namespace sandbox::seccomp

#include "run/command_failure.hpp"

#include "host/tree.hpp"
#include "spec/paths.hpp"

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include <elf.h>
#include <sys/stat.h>

namespace sandbox::run {
namespace {

constexpr int not_executable = 126;
constexpr int not_found = 127;

/// A place of the inside, as the host has it.
class Places {
  public:
    explicit Places(const plan::Plan& plan) : plan_(plan) {}

    [[nodiscard]] const std::string& base() const { return plan_.base; }
    /// Where the host keeps what would stand at `path` inside if nothing were hidden.
    [[nodiscard]] std::string on_host(const std::string& path) const {
        return plan_.base == "/" ? path : plan_.base + path;
    }
    /// Whether `path`, a canonical path of the inside's naming, is covered by something private.
    [[nodiscard]] bool hidden(const std::string& path) const {
        for (std::string prefix = path;; prefix = spec::parent(prefix)) {
            if (const auto found = plan_.areas.find(prefix); found != plan_.areas.end()) {
                return found->second.empty();
            }
            if (prefix == "/") {
                return false;
            }
        }
    }
    /// Whether `path` itself is a private place: a home, /tmp...
    [[nodiscard]] bool is_private_place(const std::string& path) const {
        const auto found = plan_.areas.find(path);
        return found != plan_.areas.end() && found->second.empty();
    }
    [[nodiscard]] std::optional<std::string> canonical(const std::string& path) const {
        std::optional<std::string> real = tree_.canonical(on_host(path));
        if (real && plan_.base != "/" && spec::is_below_or_same(*real, plan_.base)) {
            real = real->substr(plan_.base.size());
        }
        return real;
    }
    /// The candidate as an absolute path.
    [[nodiscard]] std::string absolute(const std::string& candidate) const {
        return spec::absolute(plan_.cwd, candidate);
    }

  private:
    const plan::Plan& plan_;
    host::RealTree tree_;
};

// The program that would run the file: behind #!, or the ELF interpreter (elf(5)).
std::string interpreter_of(const std::string& root, const std::string& path) {
    const std::string text = host::read_text_inside(root, path);
    if (text.starts_with("#!")) {
        const std::size_t start = text.find_first_not_of(" \t", 2);
        const std::size_t end = text.find_first_of(" \t\n", start);
        return start == std::string::npos ? std::string() : text.substr(start, end - start);
    }
    Elf64_Ehdr header{};
    if (text.size() < sizeof header || !text.starts_with(ELFMAG) || text[EI_CLASS] != ELFCLASS64) {
        return {};
    }
    std::memcpy(&header, text.data(), sizeof header);
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
        const std::size_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
        Elf64_Phdr segment{};
        if (at > text.size() - sizeof segment) {
            break;
        }
        std::memcpy(&segment, text.data() + at, sizeof segment);
        if (segment.p_type == PT_INTERP && segment.p_offset < text.size()) {
            return std::string(text.c_str() + segment.p_offset);
        }
    }
    return {};
}

Error hidden_failure(const Places& places, const std::string& command, const std::string& what, const std::string& path,
                     int status) {
    const std::string directory = spec::parent(path);
    // A whole home is not shown by --ro: the file alone, then.
    return Error("cannot execute " + command + ": " + what + " exists on the host but is hidden inside", status)
        .with_fix(places.is_private_place(directory) ? "--ro " + path + " shows the file"
                                                     : "--ro " + directory + " shows the directory");
}

std::optional<Error> visible_but_failing(const Places& places, const std::string& command, const std::string& path) {
    const std::string interpreter = interpreter_of(places.base(), path);
    if (interpreter.empty()) {
        return std::nullopt;
    }
    const std::optional<std::string> real = places.canonical(interpreter);
    if (!real) {
        return Error("cannot execute " + command + ": its interpreter " + interpreter + " does not exist",
                     not_executable)
            .with_fix("install " + interpreter + ", or run the file by a program that exists: sandbox -- PROGRAM " +
                      path);
    }
    if (places.hidden(*real)) {
        return hidden_failure(places, command, "its interpreter " + interpreter, *real, not_executable);
    }
    return std::nullopt;
}

Error not_permitted(const Places& places, const std::string& command, const plan::Execute& execute) {
    host::RealTree tree;
    for (const std::string& candidate : execute.candidates) {
        int error = 0;
        const std::string path = places.absolute(candidate);
        const std::optional<plan::FileId> id = tree.follow(places.on_host(path), error);
        if (id && S_ISDIR(id->type)) {
            return Error("cannot execute " + command + ": " + path + " is a directory", not_executable);
        }
        if (id) {
            return Error("cannot execute " + command + ": " + path + " is not executable: Permission denied",
                         not_executable)
                .with_fix("chmod +x " + path + ", or run it by its interpreter");
        }
    }
    return Error("cannot execute " + command + ": Permission denied", not_executable);
}

}  // namespace

Error command_failure(const plan::Plan& plan, int error) {
    const auto& execute = std::get<plan::Execute>(plan.steps.back());
    const std::string& command = execute.arguments.front();
    const Places places(plan);
    if (error == EACCES) {
        return not_permitted(places, command, execute);
    }
    if (error == ENOEXEC) {
        return Error("cannot execute " + command + ": it has no format that the kernel knows", not_executable)
            .with_fix("start a script with #!, or name its interpreter");
    }
    if (error == E2BIG) {
        return Error("cannot execute " + command + ": arguments and environment are too long", not_executable)
            .with_fix("pass less, e.g. through a file (xargs(1))");
    }
    if (error != ENOENT) {
        return Error("cannot execute " + command + ": " + std::strerror(error), not_executable);
    }
    for (const std::string& candidate : execute.candidates) {
        const std::string path = places.absolute(candidate);
        const std::optional<std::string> real = places.canonical(path);
        if (!real) {
            continue;
        }
        if (places.hidden(path)) {
            return hidden_failure(places, command, path, path, not_found);
        }
        if (places.hidden(*real)) {
            return hidden_failure(places, command, path + " leads to " + *real + ", which", *real, not_found);
        }
        if (std::optional<Error> failure = visible_but_failing(places, command, path)) {
            return std::move(*failure);
        }
    }
    if (command.find('/') != std::string::npos) {
        return Error("cannot execute " + command + ": No such file or directory", not_found)
            .with_fix("check the path: it is one of the inside (--explain shows what stands there)");
    }
    std::string path;
    for (const std::string& variable : execute.environment) {
        if (variable.starts_with("PATH=")) {
            path = variable.substr(5);
        }
    }
    return Error("cannot execute " + command + ": not found in PATH inside (" + path + ")", not_found)
        .with_fix("give its path, or --env PATH=...");
}

}  // namespace sandbox::run

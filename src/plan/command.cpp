#include "plan/command.hpp"

#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cstddef>

namespace sandbox::plan {

std::vector<std::string> command_candidates(const std::string& command, const std::string& search_path) {
    if (command.find('/') != std::string::npos) {
        return {command};
    }
    std::vector<std::string> candidates;
    for (std::size_t start = 0; start <= search_path.size();) {
        const std::size_t end = std::min(search_path.find(':', start), search_path.size());
        const std::string directory = search_path.substr(start, end - start);
        candidates.push_back(directory.empty() ? "./" + command : spec::join(directory, command));
        start = end + 1;
    }
    return candidates;
}

void refuse_silent_search(const std::string& command, const std::vector<std::string>& candidates,
                          const std::string& cwd, const Inside& inside) {
    for (const std::string& candidate : candidates) {
        const std::string path = spec::absolute(cwd, candidate);
        if (const std::optional<std::string> mount = inside.silent(path)) {
            const bool named = candidate == command;
            throw Error("cannot " + (named ? "execute " + command : "look for " + command + " at " + candidate) +
                        ": the file system mounted at " + *mount + " does not answer")
                .with_fix(named ? "unmount it, or name a command that lies elsewhere"
                                : "give the command's path, or --env PATH=... without that directory");
        }
        if (inside.is_file(path)) {
            return;
        }
    }
}

void refuse_silent_cwd(const std::string& cwd, const std::string& asked, const Inside& inside) {
    if (const std::optional<std::string> mount = inside.silent(cwd)) {
        throw Error((asked.empty() ? "cannot enter the current directory, " + cwd : asked) +
                    ": the file system mounted at " + *mount + " does not answer")
            .with_fix(asked.empty() ? "cd to another directory, or --cwd DIR" : "--cwd with another directory");
    }
}

}  // namespace sandbox::plan
